"""Row versions: a cursor for vendors that number each change instead of dating it.

A row version is a whole number that grows with each change of any record; a list that is filtered
by it comes in ascending order, and what has a higher one than the cursor is new. It is no time:
nothing is added to it or taken from it.
"""

from __future__ import annotations

from connectors.core.api.declare import Listing, Pull
from connectors.core.api.paging import Page

FIRST_VERSION = 1
"""Below every record's: where a stream without a record yet goes on."""


class NewestVersion:
    """The newest row version of what was read, in all parts of a window.

    found: so far; 0 where there was none, or the stream does not go by row versions.
    """

    def __init__(self, how: Pull, found: int = 0) -> None:
        self._of = how.version
        self.found = found

    def see(self, listing: Listing, page: Page) -> None:
        """Take the records of a page. Those of a list of deletions do not count: it is read later,
        so its newest version may be above that of a record which changed in between."""
        if self._of is None or listing.deleted:
            return
        for record in page.records:
            version = self._of(record) if isinstance(record, dict) else None
            if version is not None and version > self.found:
                self.found = version
