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
    """Records that changed at or after `since` (None: since ever) and before `until`, in UTC."""

    since: dt.datetime | None
    until: dt.datetime


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
        on a full page, to tell how many requests a pull takes.
    """

    request: Request
    records: Records
    paginator: Paginator = field(default_factory=OnePage)
    deleted: bool = False
    is_deleted: Callable[[Json], bool] | None = None
    enrich: Enrich | None = None
    size: int = 100
    prepare: Callable[[Client], Request] | None = None


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
    count: requests whose answers together say how many records there are, and where they say it.
    needs: the right that the credentials need, as the vendor names it.
    optional: not every account has it, so that a refusal is told and is no failure.
    """

    everything: Listings
    changes: Listings | None = None
    overlap: dt.timedelta = dt.timedelta(hours=1)
    settle: dt.timedelta = dt.timedelta(minutes=5)
    sweep: dt.timedelta | None = dt.timedelta(days=7)
    count: Callable[[Values], Sequence[tuple[Request, str]]] | None = None
    needs: str = ""
    optional: bool = False


def fixed(*listings: Listing) -> Listings:
    """Lists that depend on neither the account nor the window."""
    return lambda values, window: listings


@dataclass(frozen=True)
class Api:
    """A vendor's API.

    variables: all that is to be known about an account, in the order a person fills them in.
    base_url, auth, limits: from their values.
    judge: see `client.Judge`. version: the variable that holds the version of the API.
    account: a request that proves the credentials, and the path in its answer of what tells this
        account from another (a sandbox from production), so that two never mix in one landing.
        An empty path: no answer tells, so the variable `named` holds a name that a person gave.
    parallel: how many streams are read at the same time.
    """

    variables: tuple[Variable, ...]
    base_url: Callable[[Mapping[str, str]], str]
    auth: Callable[[Values, Clock], Auth]
    account: Callable[[Mapping[str, str]], tuple[Request, str]]
    limits: Callable[[Mapping[str, str]], Sequence[Limit]] = lambda _: ()
    judge: Judge = lambda _: None
    version: str | None = None
    named: str = ""
    parallel: int = 4
    setup: str = ""


def page_of(listing: Listing, response: Response) -> Page:
    """The page in an answer. Raises MalformedError."""
    content, records = listing.records.of(response)
    return Page(response, content, records)
