"""The pages of a stream's lists, in order, each asked for while the one before it is landed.

What is read ahead is never more than one page, and no page is asked for that would not be asked for
anyway: whoever takes the pages says at each whether it goes on. A page that was read ahead counts
for nothing until it is taken: a run that is killed asks for it again.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from functools import partial

from connectors.core.api.ahead import ReadAhead
from connectors.core.api.client import Client
from connectors.core.api.declare import Listing, page_of
from connectors.core.api.messages import Json, Request
from connectors.core.api.paging import Page
from connectors.core.errors import UnavailableError

EMPTY_PAGES = 20
"""Pages without a record in a row, though each promises more: a list that never ends."""

GoesOn = Callable[[Page], bool]
"""Whether the page after this one will be asked for, whatever its records turn out to be."""


def pages(
    client: Client,
    listings: Sequence[Listing],
    start: tuple[int, Request | None],
    stop: threading.Event,
    goes_on: GoesOn,
) -> Generator[tuple[int, Listing, Page, Request | None]]:
    """Page by page: the number of its list, the list, the page, the request after it, within the
    list or the first of the next list. Who does not read to the end closes the iterator.

    start: the number of the list to begin with, and the request, where it is not its first.

    Raises what `client.send` raises, and UnavailableError for a list that has no end, or once
    `stop` is set.
    """
    first, resumed = start
    with ReadAhead[Page]() as ahead:
        for number in range(first, len(listings)):
            listing = listings[number]
            request: Request | None = listing.request
            if number == first and resumed is not None:
                request = resumed
            elif listing.prepare is not None:
                request = listing.prepare(client)
            for page, after in _of_list(client, listing, request, stop, goes_on, ahead):
                following, at_number = after, number
                if after is None:
                    following, at_number = _first_after(listings, number), number + 1
                yield at_number, listing, page, following


def _first_after(listings: Sequence[Listing], number: int) -> Request | None:
    """The first request of the next list; None where there is none, or it is to be prepared."""
    if number + 1 == len(listings) or listings[number + 1].prepare is not None:
        return None
    return listings[number + 1].request


def _of_list(
    client: Client,
    listing: Listing,
    request: Request | None,
    stop: threading.Event,
    goes_on: GoesOn,
    ahead: ReadAhead[Page],
) -> Iterator[tuple[Page, Request | None]]:
    """The pages of one list, and the request after each."""

    def read(request: Request) -> Callable[[], Page]:
        return partial(client.read, request, listing.records.expect, partial(page_of, listing))

    seen: set[str] = set()
    empty = 0
    last: list[Json] = []
    mark = _mark(request)
    while request is not None:
        if stop.is_set():
            raise UnavailableError("the run was ended")
        if mark in seen:
            raise UnavailableError(
                f"{client.name}: the list at {request.path} leads back to a page before"
            )
        seen.add(mark)
        page = ahead.take(read(request))
        empty = 0 if page.records else empty + 1
        if empty > EMPTY_PAGES:
            raise UnavailableError(
                f"{client.name}: the list at {request.path} gave {EMPTY_PAGES} empty pages in "
                "a row and says there is more"
            )
        after = listing.paginator.next(request, page)
        if page.records and after is not None and page.records == last:
            raise UnavailableError(
                f"{client.name}: the list at {request.path} gives the same page again and again"
            )
        last = page.records
        mark = _mark(after)
        if listing.enrich is not None and page.records:
            page = Page(page.response, page.content, list(listing.enrich(client, page.records)))
        if after is not None and mark not in seen and goes_on(page):
            ahead.begin(read(after))
        yield page, after
        request = after


def _mark(request: Request | None) -> str:
    """What tells a request from another."""
    return "" if request is None else json.dumps(request.to_json(), sort_keys=True, default=str)
