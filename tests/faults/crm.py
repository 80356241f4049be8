"""A small CRM that moves while it is read, in this process: its records change, appear, vanish and
share moments, also between two pages. And the connector that reads it.

Its lists go by id (`after`), give three records a page in no order, and know of a change only after
some time, as real ones do.
"""

from __future__ import annotations

import datetime as dt
import json
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import duckdb

from connectors.core.api.account import open_account
from connectors.core.api.auth import Header
from connectors.core.api.declare import Api, JsonRecords, Listing, Pull, Variable, Window
from connectors.core.api.messages import Request, Response
from connectors.core.api.paging import Token
from connectors.core.api.pull import pull
from connectors.core.api.transport import Transport
from connectors.core.api.values import Values
from connectors.core.contract import Connector, Field, Stream
from connectors.core.landing import Landing
from connectors.core.outcome import PullOutcome
from tests.api.pulling import FakeClock

PAGE = 3
OVERLAP = dt.timedelta(hours=1)
SETTLE = dt.timedelta(minutes=5)
START = dt.datetime(2026, 3, 2, 1, 0, tzinfo=dt.UTC)
_NEXT = Token("next", "after")


def _listing(path: str, window: Window, *, deleted: bool = False) -> Listing:
    params = {"until": window.until.isoformat()}
    if window.since is not None:
        params["since"] = window.since.isoformat()
    return Listing(Request(path, params), JsonRecords("results"), _NEXT, deleted=deleted, size=PAGE)


def everything(values: Values, window: Window) -> list[Listing]:
    return [_listing("/all", window)]


def changes(values: Values, window: Window) -> list[Listing]:
    return [_listing("/changed", window), _listing("/deleted", window, deleted=True)]


DEALS = Stream(
    "deals",
    "One row is one deal.",
    (
        Field("deal_id", path="id", required=True),
        Field("amount", "decimal", path="amount"),
        Field("owner", path="owner.name"),
        Field("won", "boolean", path="won"),
        Field("updated_at", "datetime", path="updated_at"),
    ),
    ("deal_id",),
    updated_at="updated_at",
    activity="updated_at",
    pull=Pull(everything, changes, overlap=OVERLAP, settle=SETTLE),
)
CRM = Connector(
    "tiny",
    "Tiny CRM",
    "crm",
    (DEALS,),
    api=Api(
        (Variable("TINY_KEY", "the key", secret=True),),
        base_url=lambda _: "http://localhost:9",  # nothing is ever sent there
        auth=lambda values, clock: Header("X-Api-Key", values["TINY_KEY"]),
        account=lambda _: (Request("/me"), "account"),
    ),
)


class Killed(BaseException):
    """The process ends between two pages."""


@dataclass
class Record:
    """`amount` changes with each version. shown_at: when the lists know of this version."""

    amount: int
    updated_at: dt.datetime
    shown_at: dt.datetime
    before: Record | None = None
    is_deleted: bool = False

    def seen(self, now: dt.datetime) -> Record | None:
        """The version that the lists know of at a moment."""
        if self.shown_at <= now:
            return self
        return self.before.seen(now) if self.before else None


@dataclass
class Crm:
    """The vendor. `between`: what happens before a page, by the number of the page in a pull.
    `answer`: replaces the answer to a request, given its path, parameters and the number of the
    page. `overlap`: how many records of a page are on the next one as well. `shape`: what a record
    looks like. `given`: how many records its pages held in this pull."""

    now: dt.datetime = START
    records: dict[str, Record] = field(default_factory=dict)
    between: dict[int, Callable[[], None]] = field(default_factory=dict)
    answer: Callable[[str, Mapping[str, str], int], Response | None] = lambda *_: None
    shape: Callable[[dict[str, Any]], dict[str, Any]] = lambda each: each
    overlap: int = 0
    pages: int = 0
    given: int = 0
    paths: list[str] = field(default_factory=list)
    order: random.Random = field(default_factory=lambda: random.Random(7))  # noqa: S311

    def put(self, name: str, late: dt.timedelta = dt.timedelta()) -> None:
        """Make or change a record, or bring a deleted one back."""
        old = self.records.get(name)
        # Whole minutes, so that many records have the same moment.
        moment = self.now.replace(second=0, microsecond=0)
        amount = (old.amount if old else 0) + 1
        self.records[name] = Record(amount, moment, moment + late, old)

    def delete(self, name: str, late: dt.timedelta = dt.timedelta()) -> None:
        """Delete a record; the list of deletions will say so."""
        moment = self.now.replace(second=0, microsecond=0)
        old = self.records[name]
        self.records[name] = Record(old.amount, moment, moment + late, old, is_deleted=True)

    def vanish(self, name: str) -> None:
        """Take a record away without a word."""
        del self.records[name]

    def state(self) -> dict[str, int]:
        """The amounts by id, as they are now."""
        return {n: each.amount for n, each in self.records.items() if not each.is_deleted}

    def send(self, url: str, request: Request, headers: Mapping[str, str]) -> Response:
        """See `Transport`."""
        parts = urlsplit(url)
        params = dict(parse_qsl(parts.query))
        self.paths.append(parts.path)
        if parts.path == "/me":
            return reply({"account": "1"})
        self.pages += 1
        if happening := self.between.pop(self.pages, None):
            happening()
        if (told := self.answer(parts.path, params, self.pages)) is not None:
            return told
        return reply(self._page(parts.path, params))

    def close(self) -> None:
        """See `Transport`."""

    def _page(self, path: str, params: Mapping[str, str]) -> dict[str, Any]:
        since = dt.datetime.fromisoformat(params.get("since", START.isoformat()))
        until = dt.datetime.fromisoformat(params["until"])
        found = []
        for name in sorted(self.records):
            seen = self.records[name].seen(self.now)
            if seen is None or name <= params.get("after", ""):
                continue
            if seen.is_deleted != (path == "/deleted"):
                continue
            if path == "/all" or since <= seen.updated_at < until:
                found.append((name, seen))
        page = found[:PAGE]
        follows = {"next": page[-1 - self.overlap][0]} if len(found) > PAGE else {}
        self.order.shuffle(page)
        self.given += len(page)
        return {"results": [self.shape(_json(*each)) for each in page], **follows}


def _json(name: str, record: Record) -> dict[str, Any]:
    return {
        "id": name,
        "amount": record.amount,
        "owner": {"name": f"Owner {name}"},
        "won": record.amount % 2 == 0,
        "updated_at": record.updated_at.isoformat(),
    }


def reply(body: object, status: int = 200, kind: str = "application/json") -> Response:
    given = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Response(status, {"content-type": kind}, given)


def read(crm: Crm, home: Path, *, connector: Connector = CRM, **options: Any) -> PullOutcome:
    """Pull the CRM into the landing of a home, at its own moment."""
    crm.pages = crm.given = 0

    def connect(*_: str) -> Transport:
        return crm

    environment = {"TINY_KEY": "made-up-key"}
    with open_account(
        connector, environment=environment, transport=connect, clock=FakeClock()
    ) as opened:
        [outcome] = pull(
            connector,
            home / "landing",
            values=opened.values,
            client=opened.client,
            now=crm.now,
            **options,
        )
    return outcome


def landed(home: Path) -> dict[str, int]:
    """The amounts by id that the models would make of the landing."""
    parts = Landing(home / "landing").parts(CRM.name, DEALS.name)
    if not parts:
        return {}
    with duckdb.connect() as db:
        rows = db.execute(
            """
            select record_id, record from (
                select * from read_parquet($parts) qualify row_number() over (
                    partition by record_id order by updated_at desc nulls last, load_id desc
                ) = 1
            ) where not is_deleted
            """,
            {"parts": [str(part) for part in parts]},
        ).fetchall()
    return {name: int(json.loads(record)["amount"]) for name, record in rows}


def newest_cursor(home: Path) -> dt.datetime | None:
    """Where the next pull begins, before its overlap."""
    newest = Landing(home / "landing").newest(CRM.name, DEALS.name)
    if newest is None or newest.cursor_after is None:
        return None
    return dt.datetime.fromisoformat(newest.cursor_after)
