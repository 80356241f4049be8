"""Pulls the streams of a connector into the landing.

    result = pull(CONNECTOR, home / "landing", values=values, client=client, now=now, ...)

Every stream gets one load, or several where it is long: after `checkpoint` records what was read is
committed with the place where the list goes on, and a run that is killed goes on from there. The
cursor moves only with the load that completes the window. A stream that fails does not stop the
others.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from zoneinfo import ZoneInfo

from connectors.core.api.client import Client
from connectors.core.api.declare import Listing, Pull, Window
from connectors.core.api.messages import Json, Request, at
from connectors.core.api.pages import pages
from connectors.core.api.paging import Page
from connectors.core.api.record import RecordReader
from connectors.core.api.shape import Shape
from connectors.core.api.values import Values
from connectors.core.api.versions import FIRST_VERSION, NewestVersion
from connectors.core.contract import Connector, Stream
from connectors.core.errors import (
    CredentialsError,
    ExpiredError,
    LackError,
    LandingError,
    LimitedError,
    RefusedError,
    UnavailableError,
)
from connectors.core.failpoints import failpoint
from connectors.core.guard import Guard, lacks
from connectors.core.known import Known
from connectors.core.landing import Landing
from connectors.core.load import Load, Pulled, Reach, begin_load
from connectors.core.manifest import Manifest
from connectors.core.outcome import PullOutcome
from connectors.core.spool import BATCH
from connectors.core.watermark import Watermark

CHECKPOINT_RECORDS = 100_000
SECONDS_BETWEEN_PROGRESS = 5.0
SECONDS_OF_SILENCE = 20.0
"""After which a page that takes many requests is said to be on its way."""
RESTARTS = 2
"""How often a window is read from its start because a page token expired."""
OLDEST_CURSOR = dt.timedelta(hours=20)
"""A window without news is committed once a day, so that the next one is not longer than needed."""
SHOWN_LATE = dt.timedelta(hours=1)
"""At the two ends of a window, what is not in it is not missed: it may only not be listed yet, or
lie just outside."""

Progress = Callable[[str], None]
Guards = Callable[[str], Guard]
"""How far a stream, by its name, is believed."""


@dataclass(frozen=True)
class _Plan:
    """What to read of a stream now, from where."""

    mode: str
    window: Window
    listings: Sequence[Listing]
    before: str | None
    first: int = 0
    request: Request | None = None
    version: int = 0
    """The newest row version of the parts before, where the stream goes by those."""


@dataclass
class _Setting:
    """What holds for all streams of one pull."""

    connector: Connector
    landing: Landing
    client: Client
    values: Values
    now: dt.datetime
    zone: ZoneInfo
    end_date: dt.date | None
    account: str
    asked: tuple[dt.datetime, dt.datetime] | None
    guards: Guards
    checkpoint: int
    spool_rows: int
    progress: Progress
    stop: threading.Event = field(default_factory=threading.Event)


def pull(
    connector: Connector,
    landing: Path,
    *,
    values: Values,
    client: Client,
    now: dt.datetime,
    time_zone: str = "Europe/Amsterdam",
    end_date: dt.date | None = None,
    streams: Sequence[str] | None = None,
    window: tuple[dt.datetime, dt.datetime] | None = None,
    guards: Guards = lambda _: Guard(),
    checkpoint: int = CHECKPOINT_RECORDS,
    spool_rows: int = BATCH,
    progress: Progress = lambda _: None,
) -> list[PullOutcome]:
    """Read what is new of every stream that the API has, or of the given ones.

    now: the moment of the pull, with a time zone. window: read again what changed in it (aware
    times, the second excluded), without moving the cursor. guards: how far a stream is believed
    that tells far less than before. checkpoint: see the module. spool_rows: how many rows of a
    stream are held in memory.

    Raises CredentialsError, UnavailableError and the like where the account itself cannot be
    reached, and RefusedError where it is another than the landing was made from; what goes wrong
    with one stream is told in its outcome.
    """
    if now.tzinfo is None:
        raise ValueError("now needs a time zone")
    place = Landing(landing)
    setting = _Setting(
        connector,
        place,
        client,
        values,
        now.astimezone(dt.UTC),
        ZoneInfo(time_zone),
        end_date,
        account_id(connector, client, values, place),
        window,
        guards,
        checkpoint,
        spool_rows,
        progress,
    )
    chosen = [s for s in connector.streams if s.pull and (streams is None or s.name in streams)]
    parallel = connector.api.parallel if connector.api else 1
    with ThreadPoolExecutor(parallel, thread_name_prefix=f"pull-{connector.name}") as pool:
        running = [pool.submit(_outcome, setting, stream) for stream in chosen]
        try:
            return [each.result() for each in running]
        except BaseException:
            setting.stop.set()
            client.break_off()
            pool.shutdown(cancel_futures=True)
            raise


def account_id(connector: Connector, client: Client, values: Values, landing: Landing) -> str:
    """What tells the account from another. Raises RefusedError where the landing was made from
    another account: two accounts in one history would count everything twice."""
    if connector.api is None:
        raise ValueError(f"{connector.name} has no API")
    request, path = connector.api.account(values)
    answer = client.send(request).json()
    if not isinstance(path, str):
        found = path(answer)
    else:
        found = at(answer, path) if path else values[connector.api.named]
    if found is None:
        raise UnavailableError(f"{connector.name}: the answer does not say whose account it is")
    account = str(found)
    for stream in connector.streams:
        newest = newest_pull(landing, connector.name, stream.name)
        if newest is not None and newest.account not in (None, account):
            raise RefusedError(
                f"{connector.name}: these credentials are of account {account}, but the landing "
                f"was made from account {newest.account}. Use the credentials of that account, or "
                f"move {landing.root / connector.name} away to begin again."
            )
    return account


def newest_pull(landing: Landing, connector: str, stream: str) -> Manifest | None:
    """The newest load of a stream that an API gave."""
    return next((m for m in landing.manifests(connector, stream) if m.origin == "api"), None)


def _outcome(setting: _Setting, stream: Stream) -> PullOutcome:
    loads: list[Manifest] = []
    notices: tuple[str, ...] = ()
    teller = _Teller(setting, stream)
    client = setting.client.counting(teller.requested)
    failed = left_out = None
    try:
        how, notices = _how(stream).fitted(client, setting.values)
        _pull(setting, replace(stream, pull=how), client, loads, teller)
    except LandingError as error:
        failed = setting.values.redact(str(error))
        if isinstance(error, CredentialsError) and _how(stream).optional:
            failed, left_out = None, failed
    return PullOutcome(
        stream.name, tuple(loads), client.requests, client.retries, failed, left_out, notices
    )


def _pull(
    setting: _Setting, stream: Stream, client: Client, loads: list[Manifest], teller: _Teller
) -> None:
    plan = _plan(setting, stream)
    restarts = 0
    while True:
        try:
            plan_or_done = _one_load(setting, stream, client, plan, loads, teller)
        except (ExpiredError, RefusedError) as error:
            # A vendor may also refuse, in other words, to go on with what began days ago.
            is_resumed = plan.request is not None and not restarts and len(loads) == 0
            restarts += 1
            if restarts > RESTARTS or (isinstance(error, RefusedError) and not is_resumed):
                raise
            teller.tell("begins its window again")
            plan = _Plan(plan.mode, plan.window, plan.listings, plan.before)
            continue
        if plan_or_done is not None:
            plan = plan_or_done
        elif setting.asked is None and plan.window.until < setting.now - _how(stream).settle:
            # What an earlier run began tells how things were then; what changed since comes too.
            plan = _plan(setting, stream)
        else:
            return


def _plan(setting: _Setting, stream: Stream) -> _Plan:
    how = _how(stream)
    until = setting.now - how.settle
    newest = newest_pull(setting.landing, setting.connector.name, stream.name)
    before = newest.cursor_after if newest else None
    if setting.asked is not None:
        asked = Window(*setting.asked)
        lists = (how.changes or how.everything)(setting.values, asked)
        return _Plan("window", asked, lists, before)
    if newest is not None and newest.position:
        return _resumed(setting, how, newest.position, before)
    if how.changes is None or before is None or _sweep_is_due(setting, stream, how):
        window = Window(None, until)
        return _Plan("full", window, how.everything(setting.values, window), before)
    if how.version is not None:
        window = Window(None, until, int(before))
        return _Plan("incremental", window, how.changes(setting.values, window), before)
    # A cursor from a clock that was ahead would skip what comes until then.
    since = min(dt.datetime.fromisoformat(before), until) - how.overlap
    window = Window(since, until)
    return _Plan("incremental", window, how.changes(setting.values, window), before)


def _resumed(setting: _Setting, how: Pull, position: str, before: str | None) -> _Plan:
    told = json.loads(position)
    since = dt.datetime.fromisoformat(told["since"]) if told["since"] else None
    window = Window(since, dt.datetime.fromisoformat(told["until"]), told.get("after"))
    is_all = since is None and window.version is None
    lists = how.everything if is_all or how.changes is None else how.changes
    listings = lists(setting.values, window)
    number = told["listing"]
    if number >= len(listings) or listings[number].mark != told.get("mark", ""):
        return _Plan(told["mode"], window, listings, before)
    request = Request.of_json(told["request"])
    return _Plan(told["mode"], window, listings, before, number, request, told.get("version", 0))


def _sweep_is_due(setting: _Setting, stream: Stream, how: Pull) -> bool:
    if how.sweep is None:
        return False
    for manifest in setting.landing.manifests(setting.connector.name, stream.name):
        if manifest.origin == "api" and manifest.mode == "full":
            began = dt.datetime.fromisoformat(manifest.started_at)
            # A little early, so that a weekly sweep does not slip to the eighth night.
            return setting.now - began >= how.sweep - dt.timedelta(hours=6)
    return True


def _how(stream: Stream) -> Pull:
    if stream.pull is None:
        raise ValueError(f"{stream.name} is not read from an API")
    return stream.pull


def _one_load(
    setting: _Setting,
    stream: Stream,
    client: Client,
    plan: _Plan,
    loads: list[Manifest],
    teller: _Teller,
) -> _Plan | None:
    """Read until the lists or the checkpoint end; what is left to do, or None."""
    asked, tried = client.requests, client.retries
    with begin_load(
        setting.landing,
        setting.connector,
        stream,
        now=setting.now,
        spool_rows=setting.spool_rows,
    ) as load:
        reading = _Reading(setting, stream, load, teller)
        load.open_source("api", _fingerprint(plan), "", 0)
        left: tuple[int, Request] | None = None
        newest = NewestVersion(_how(stream), plan.version)
        # A sweep must be one load, or what is missing could not be told.
        is_sweep = plan.mode == "full" and (plan.before is not None or stream.mode == "full")
        reached: tuple[int, Request] | None = None
        spent: LimitedError | None = None

        def goes_on(page: Page) -> bool:
            return is_sweep or load.rows + len(page.records) < setting.checkpoint

        start = (plan.first, plan.request)
        try:
            with closing(pages(client, plan.listings, start, setting.stop, goes_on)) as found:
                for number, listing, page, after in found:
                    reached = None if after is None else (number, after)
                    is_last = reached is not None and not goes_on(page)
                    reading.take(listing, page)
                    newest.see(listing, page)
                    load.sources[0].bytes += len(page.response.body)
                    failpoint("pull.page")
                    if is_last:
                        left = reached
                        break
        except LimitedError as error:
            # The budget of a small plan may not suffice for a first pull: each night a part of it.
            if reached is None or is_sweep:
                raise
            left, spent = reached, error
        plan = replace(plan, version=newest.found)
        manifest = _commit(
            setting,
            stream,
            load,
            plan,
            left,
            reading,
            (client.requests - asked, client.retries - tried),
        )
    if manifest is not None:
        loads.append(manifest)
    reading.tell_end()
    if spent is not None:
        raise spent
    if left is None:
        return None
    return replace(plan, first=left[0], request=left[1])


class _Teller:
    """Tells how far a stream is. A page may take one request, or one for each of its records."""

    def __init__(self, setting: _Setting, stream: Stream) -> None:
        self._progress, self._name = setting.progress, f"{setting.connector.name}.{stream.name}"
        self._told_at = time.monotonic()
        self.has_told = False

    @property
    def silence(self) -> float:
        """Seconds since something was told of the stream."""
        return time.monotonic() - self._told_at

    def tell(self, text: str) -> None:
        self._told_at, self.has_told = time.monotonic(), True
        self._progress(f"{self._name}: {text}")

    def requested(self, requests: int) -> None:
        """Hear that another request is made."""
        if self.silence >= SECONDS_OF_SILENCE:
            self.tell(f"{requests:,} requests so far")


class _Reading:
    """Takes pages into a load, and tells how far it is."""

    def __init__(self, setting: _Setting, stream: Stream, load: Load, teller: _Teller) -> None:
        self._load, self._teller = load, teller
        self._reader = RecordReader(stream, setting.values)
        self.shape = Shape(stream, setting.values)
        self.mark = Watermark(stream, setting.zone, setting.now)
        self._pages = 0

    def take(self, listing: Listing, page: Page) -> None:
        """Take the records of a page."""
        load, before = self._load, self._load.rows
        found = self._reader.read(page.records)
        numbers = [before + 1 + at for at in found.kept]
        if listing.is_deleted is None:
            is_deleted = [listing.deleted] * len(numbers)
        else:
            is_deleted = [listing.is_deleted(page.records[at]) for at in found.kept]
        load.extend(found.columns, 0, numbers, is_deleted)
        if not any(is_deleted):
            self.shape.see(found.columns, page.records)
        elif not all(is_deleted):
            alive = [at for at, gone in enumerate(is_deleted) if not gone]
            self.shape.see(
                [[column[at] for at in alive] for column in found.columns],
                [page.records[found.kept[at]] for at in alive],
            )
        for place, reason in found.problems:
            load.reject(0, before + 1 + place, None, None, f"a record {reason}", None)
        if self.mark.at is not None:
            self.mark.see(*found.columns[self.mark.at])
        self._pages += 1
        if self._teller.silence >= SECONDS_BETWEEN_PROGRESS:
            self._tell()

    def _tell(self) -> None:
        self._teller.tell(f"{self._load.rows:,} records in {self._pages:,} pages")

    def tell_end(self) -> None:
        if self._teller.has_told:
            self._tell()


def _commit(
    setting: _Setting,
    stream: Stream,
    load: Load,
    plan: _Plan,
    left: tuple[int, Request] | None,
    reading: _Reading,
    asked: tuple[int, int],
) -> Manifest | None:
    how = _how(stream)
    done = left is None
    is_backfill = plan.mode == "window"
    sweep = done and plan.mode == "full" and stream.mode != "full"
    unbroken = done and plan.first == 0 and plan.request is None
    whole = sweep and unbroken
    cursor = plan.before
    if done and not is_backfill and how.changes is not None:
        cursor = _utc(plan.window.until)
        if how.version is not None:
            cursor = str(max(plan.version, int(plan.before or FIRST_VERSION)))
    before = load.previous.covers_until if load.previous else None
    covers = before if is_backfill or not done else _covers(setting, stream, plan.window, before)
    pulled = Pulled(
        mode="incremental" if plan.mode == "full" and not done else plan.mode,  # type: ignore[arg-type]
        known=_known(setting, stream, plan, whole, unbroken),
        account=setting.account,
        position=None if left is None else _position(plan, left),
        requests=asked[0],
        retries=asked[1],
        api_version=_version(setting),
        cursor_before=plan.before,
    )
    # What ends a window that was begun by another load ends it also where it brings nothing itself:
    # else the next run would go on with that window, and not begin its own.
    newest = newest_pull(setting.landing, setting.connector.name, stream.name)
    is_open = newest is not None and newest.position is not None
    guard = setting.guards(stream.name)
    _refuse_lack(setting, stream, reading.shape, guard)
    keep = not done or sweep or covers != before or _is_old(setting, plan, how)
    return load.commit_pulled(
        Reach(cursor, reading.mark.oldest, reading.mark.newest, covers),
        pulled,
        keep=is_open or (keep and not is_backfill),
        guard=guard,
    )


def _refuse_lack(setting: _Setting, stream: Stream, shape: Shape, guard: Guard) -> None:
    """Raises LackError where a field is gone from all records, and that is no chance."""
    if _how(stream).by_name:
        return
    sought = [field for field in shape.lacking if field.name not in guard.may_lack]
    if not sought:
        return
    name = setting.connector.name
    landing = setting.landing
    loads = [
        (
            [landing.load_folder(name, stream.name, load.load_id) / p.name for p in load.parts],
            load.counts.loaded,
        )
        for load in landing.manifests(name, stream.name)
        if load.counts.loaded
    ]
    if found := lacks(loads, sought, shape.records):
        told = ", ".join(
            f"{each.field.name} (at {each.field.path.format_map(setting.values)}; "
            f"{each.filled:,} of {each.of:,} had it)"
            for each in found
        )
        raise LackError(
            f"{name}.{stream.name}: none of {shape.records:,} records has {told}. Was it renamed "
            "or changed at the source, or taken from these credentials? Nothing was landed. If it "
            f"is right, write `may_lack: [{', '.join(each.field.name for each in found)}]` under "
            f"streams.{stream.name} in inbox/{name}/mapping.yaml"
        )


def _known(setting: _Setting, stream: Stream, plan: _Plan, whole: bool, unbroken: bool) -> Known:
    # The parts of a long first pull are not compared with each other: that would cost more with
    # each of them, and what two of them say does no harm.
    if stream.mode == "full" or (plan.before is None and not whole):
        return Known(())
    parts = setting.landing.parts(setting.connector.name, stream.name)
    how = _how(stream)
    # Row versions tell changes, whenever the records say that they changed.
    is_dated = plan.mode != "full" and how.version is None
    since = plan.window.since if is_dated else None
    # A window that was asked for may be any; only the one that follows from the cursor is whole.
    if how.reconcile and unbroken and plan.mode == "incremental" and since is not None:
        return Known(
            parts,
            sweep=True,
            before=plan.window.until - SHOWN_LATE,
            within=(how.reconcile, since + SHOWN_LATE, plan.window.until - SHOWN_LATE),
        )
    return Known(
        parts,
        since=since,
        sweep=whole and how.sweep is not None,
        before=plan.window.until - how.overlap,
        days=stream.activity if how.whole_days and unbroken else None,
    )


def _is_old(setting: _Setting, plan: _Plan, how: Pull) -> bool:
    if plan.mode != "incremental" or plan.before is None or how.version is not None:
        return False
    return setting.now - dt.datetime.fromisoformat(plan.before) > OLDEST_CURSOR


def _covers(setting: _Setting, stream: Stream, window: Window, before: str | None) -> str | None:
    """The last day that is over at the end of the window, for a stream that has activity."""
    if stream.activity is None:
        return None
    reached = window.until.astimezone(setting.zone).date() - dt.timedelta(days=1)
    if setting.end_date is not None:
        reached = min(reached, setting.end_date)
        return reached.isoformat()
    return max(reached.isoformat(), before or "")


def _position(plan: _Plan, left: tuple[int, Request]) -> str:
    return json.dumps(
        {
            "mode": plan.mode,
            "since": _utc(plan.window.since) if plan.window.since else None,
            "until": _utc(plan.window.until),
            "after": plan.window.version,
            "version": plan.version,
            "listing": left[0],
            "mark": plan.listings[left[0]].mark,
            "request": left[1].to_json(),
        }
    )


def _version(setting: _Setting) -> str | None:
    api = setting.connector.api
    return setting.values[api.version] if api is not None and api.version else None


def _fingerprint(plan: _Plan) -> str:
    window = plan.window
    told: Json = [plan.mode, str(window.since), str(window.until), window.version, plan.first]
    return "api:" + hashlib.sha256(json.dumps(told).encode()).hexdigest()[:32]


def _utc(moment: dt.datetime) -> str:
    return moment.astimezone(dt.UTC).isoformat(timespec="microseconds")
