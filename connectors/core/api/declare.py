"""What a connector module declares about its API.

    Connector(..., api=Api(...), streams=(Stream(..., pull=Pull(everything=..., changes=...)),))

Everything here is data and pure functions; nothing is read or sent before a pull begins.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from connectors.core.api.auth import Auth
from connectors.core.api.client import Client, Judge
from connectors.core.api.clock import Clock
from connectors.core.api.limits import Limit
from connectors.core.api.messages import Json, MalformedError, Request, Response, at
from connectors.core.api.paging import OnePage, Page, Paginator
from connectors.core.api.values import Values, Variable

__all__ = [
    "Api",
    "Enrich",
    "JsonRecords",
    "Listing",
    "Pull",
    "Records",
    "Variable",
    "Window",
    "fixed",
]


@dataclass(frozen=True)
class Window:
    """Records that changed at or after `since` (None: since ever) and before `until`, in UTC.

    version: where the stream goes by row versions, the newest one that is known: what has a higher
        one is new. None: everything, or (with `since`) what changed since then.
    """

    since: dt.datetime | None
    until: dt.datetime
    version: int | None = None


class Records(Protocol):
    """Finds the records of a page, and proves that the page is whole."""

    @property
    def expect(self) -> Literal["json", "csv"]: ...

    def of(self, response: Response) -> tuple[Json, list[Json]]:
        """The content of the answer and its records. Raises MalformedError where the page is not
        what the vendor's documentation says a page is: then nothing of it is taken."""


@dataclass(frozen=True)
class JsonRecords:
    """The records are a list at a dotted path of a JSON body. A body without that list is no page;
    `null` is an empty one only where `null_is_empty`."""

    path: str
    null_is_empty: bool = False
    expect: Literal["json", "csv"] = "json"

    def of(self, response: Response) -> tuple[Json, list[Json]]:
        content = response.json()
        found = at(content, self.path) if self.path else content
        if found is None and self.null_is_empty and isinstance(content, dict):
            parent, _, name = self.path.rpartition(".")
            if name in ((at(content, parent) if parent else content) or {}):
                return content, []
        if not isinstance(found, list):
            raise MalformedError(f"has no list of records at {self.path or 'the top'}")
        return content, found


Enrich = Callable[[Client, Sequence[Json]], Iterable[Json]]
"""Completes the records of a page with what other requests tell about them."""


@dataclass(frozen=True)
class Listing:
    """One list of a stream's records.

    request: of the first page. deleted: its records are gone from the source, unless `is_deleted`
        says it per record. prepare: asks the vendor to make the list ready, waits, and gives the
        request of its first page, in the place of `request`. enrich: see `Enrich`. size: records
        on a full page, to tell how many requests a pull takes. mark: what its pages look like (such
        as the columns that were asked for): a list with another mark is not gone on with, but read
        from its start.
    """

    request: Request
    records: Records
    paginator: Paginator = field(default_factory=OnePage)
    deleted: bool = False
    is_deleted: Callable[[Json], bool] | None = None
    enrich: Enrich | None = None
    size: int = 100
    prepare: Callable[[Client], Request] | None = None
    mark: str = ""


Listings = Callable[[Values, Window], Sequence[Listing]]


@dataclass(frozen=True)
class Pull:
    """How a stream is read.

    everything: the lists that together hold every record.
    changes: the lists that hold what changed in a window; None where the vendor cannot tell, so
        that everything is read each time.
    overlap: how far a window reaches back over the one before, since vendors stamp records before
        they show them. settle: how long before now a window ends, for the same reason.
    sweep: how often everything is read although `changes` would do, to find what went away without
        a word; the tombstones follow from what is missing. None: `changes` tells all deletions.
    whole_days: a list tells all there is of the days it tells of (the stream's `activity`), so that
        what such a day no longer holds is gone: statistics whose rows move, not only their numbers.
    version: where the vendor numbers each change instead of dating it, what says the row version of
        a record; the cursor is then the newest one of a list that was read to its end, in ascending
        order. Lists of deletions (`Listing.deleted`) are read after it and do not move the cursor.
    reconcile: the field that the window of `changes` is on, where those lists hold every record of
        the window: a landed record of the window that they no longer hold is gone, also without a
        sweep. What lies before the window stays.
    count: requests whose answers together say how many records there are, and where they say it.
    by_name: the lists are asked for their fields by name, and not each of them has all: what is not
        there is refused or told by `fit`, so that a field that no record has is no surprise.
    needs: the right that the credentials need, as the vendor names it.
    optional: not every account has it, so that a refusal is told and is no failure.
    fit: see `Fit`; None where every account allows the same.
    """

    everything: Listings
    changes: Listings | None = None
    overlap: dt.timedelta = dt.timedelta(hours=1)
    settle: dt.timedelta = dt.timedelta(minutes=5)
    sweep: dt.timedelta | None = dt.timedelta(days=7)
    whole_days: bool = False
    version: Callable[[Json], int | None] | None = None
    reconcile: str = ""
    count: Callable[[Values], Sequence[tuple[Request, str]]] | None = None
    by_name: bool = False
    needs: str = ""
    optional: bool = False
    fit: Fit | None = None

    def fitted(self, client: Client, values: Values) -> tuple[Pull, tuple[str, ...]]:
        """The pull as this account allows it, and what it leaves out, in words for a person.
        Raises what `client.send` raises, and RefusedError where too little is left."""
        if self.fit is None:
            return self, ()
        found, notices = self.fit(client, values)
        return found, tuple(notices)


Fit = Callable[[Client, Values], tuple[Pull, Sequence[str]]]
"""Asks the vendor what these credentials may see, once before a stream is read: the pull that asks
for no more than that, and a notice for each thing that it leaves out."""


def fixed(*listings: Listing) -> Listings:
    """Lists that depend on neither the account nor the window."""
    return lambda values, window: listings


@dataclass(frozen=True)
class Api:
    """A vendor's API.

    variables: all that is to be known about an account, in the order a person fills them in.
    base_url, auth, limits: from their values. token_urls: where credentials are changed for access
        tokens, if elsewhere than at the base URL; nothing else is ever sent there.
    judge: see `client.Judge`. version: the variable that holds the version of the API.
    account: a request that proves the credentials, and what tells this account from another (a
        sandbox from production), so that two never mix in one landing: a path in the answer, or
        what finds it there. An empty path: no answer tells, so the variable `named` holds a name
        that a person gave.
    parallel: how many streams are read at the same time.
    """

    variables: tuple[Variable, ...]
    base_url: Callable[[Mapping[str, str]], str]
    auth: Callable[[Values, Clock], Auth]
    account: Callable[[Mapping[str, str]], tuple[Request, str | Callable[[Json], Json]]]
    limits: Callable[[Mapping[str, str]], Sequence[Limit]] = lambda _: ()
    token_urls: Callable[[Mapping[str, str]], Sequence[str]] = lambda _: ()
    judge: Judge = lambda _: None
    version: str | None = None
    named: str = ""
    parallel: int = 4
    setup: str = ""


def page_of(listing: Listing, response: Response) -> Page:
    """The page in an answer. Raises MalformedError."""
    content, records = listing.records.of(response)
    return Page(response, content, records)
