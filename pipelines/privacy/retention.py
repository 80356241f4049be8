"""Keeps nothing longer than `retention` of koers.yaml says: at the end of each night, and by
`koers privacy retention`.

What goes changes no figure, but for two settings that say so: `landing_months` ends the history of
the figures, `individual_months` that of single persons. What stands under `hold` stays.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import duckdb

from connectors.core.contract import Stream
from connectors.core.discover import discover
from connectors.core.durable import sync
from connectors.core.failpoints import failpoint
from connectors.core.inbox import ARCHIVE
from connectors.core.landing import Landing
from connectors.core.locks import exclusive
from connectors.core.rewriting import REJECTS, LoadChange, change_load, put_manifest
from connectors.core.spool import connect
from pipelines import publishing, records
from pipelines.privacy import journal
from pipelines.privacy.in_sqlite import all_or_nothing, clean, opened, without_triggers
from pipelines.publication import PublicationError, current
from pipelines.settings import Home, Retention, Settings
from pipelines.warehouse import writing

Say = Callable[[str], None]
_ID = "%Y%m%dT%H%M%S%fZ"
KEPT_REPORTS = 400


@dataclass
class Removed:
    """How much was removed, by what it was."""

    of: dict[str, int] = field(default_factory=dict)

    def add(self, what: str, number: int) -> None:
        if number:
            self.of[what] = self.of.get(what, 0) + number

    def lines(self) -> list[str]:
        return [f"{what}: {number:,} removed" for what, number in self.of.items()]


@dataclass(frozen=True)
class _Pass:
    home: Home
    settings: Settings
    now: dt.datetime
    removed: Removed
    is_dry: bool

    @property
    def rules(self) -> Retention:
        return self.settings.retention

    def before(self, days: int) -> str:
        """The id of a load of so many days ago."""
        return (self.now - dt.timedelta(days=days)).astimezone(dt.UTC).strftime(_ID)

    def months_ago(self, months: int) -> dt.date:
        day = self.now.astimezone(self.settings.zone).date()
        index = day.year * 12 + day.month - 1 - months
        return dt.date(index // 12, index % 12 + 1, 1)

    def is_held(self, *names: str) -> bool:
        return any(name in self.rules.hold for name in names)


def keep_nightly(home: Home, settings: Settings, now: dt.datetime, say: Say) -> Removed:
    """The same, once a day. Who calls holds the lock of the run."""
    last = records.read(_report(home)).get("last")
    if last == now.astimezone(settings.zone).date().isoformat():
        return Removed()
    return keep(home, settings, now, say)


def keep(
    home: Home, settings: Settings, now: dt.datetime, say: Say, *, is_dry: bool = False
) -> Removed:
    """Remove what was kept long enough; how much that was. To be called again after a kill.

    now: with a time zone. is_dry: only count.
    """
    this = _Pass(home, settings, now, Removed(), is_dry)
    _files(this)
    for connector, stream, load_ids in _streams(home):
        if this.is_held(connector, f"{connector}.{stream.name}"):
            continue
        _rejected(this, connector, stream, load_ids)
    _superseded(this)
    _history(this)
    _messages(this)
    _individuals(this, say)
    _logs(this)
    if not is_dry:
        _tell(this)
    return this.removed


def _report(home: Home) -> Path:
    return journal.folder(home) / "retention.json"


def _tell(this: _Pass) -> None:
    before = records.read(_report(this.home)).get("nights", [])
    night = {"at": this.now.astimezone(dt.UTC).isoformat(timespec="seconds"), **this.removed.of}
    records.write(
        _report(this.home),
        {
            "last": this.now.astimezone(this.settings.zone).date().isoformat(),
            "hold": this.rules.hold,
            "nights": [*before, *([night] if this.removed.of else [])][-KEPT_REPORTS:],
        },
    )


def _files(this: _Pass) -> None:
    """Archived export files, by the load that they went into."""
    if this.rules.files_days is None or this.is_held("files"):
        return
    until = this.before(this.rules.files_days)
    archive = this.home.inbox / ARCHIVE
    for file in sorted(archive.glob("*/*")) if archive.is_dir() else ():
        load_id, said, _ = file.name.partition("__")
        if said and load_id < until and file.is_file() and not this.is_held(file.parent.name):
            this.removed.add("archived files", 1)
            if not this.is_dry:
                file.unlink()
                sync(file.parent)


def _rejected(this: _Pass, connector: str, stream: Stream, load_ids: list[str]) -> None:
    if this.rules.rejected_days is None or this.is_held("rejected"):
        return
    landing = Landing(this.home.landing)
    for load_id in load_ids:
        file = landing.load_folder(connector, stream.name, load_id) / REJECTS
        if load_id < this.before(this.rules.rejected_days) and file.exists():
            manifest = landing.manifest(connector, stream.name, load_id)
            this.removed.add("rejected rows", manifest.counts.rejected)
            if not this.is_dry:
                file.unlink()
                size = sum(part.bytes for part in manifest.parts)
                put_manifest(file.parent, replace(manifest, bytes=size))
                failpoint("retention.after_rejected")


def _superseded(this: _Pass) -> None:
    """Versions of records that a newer one took the place of, as the warehouse judged them: of each
    record the latest good version stays, and every version that dbt could not read."""
    if this.rules.superseded_days is None or not this.home.warehouse.exists():
        return
    until = this.before(this.rules.superseded_days)
    if not any(load_ids[0] < until for _, _, load_ids in _streams(this.home)):
        return
    stagings = _stagings(this.home)
    with (
        writing(this.home, "koers privacy retention"),
        duckdb.connect(str(this.home.warehouse), read_only=True) as warehouse,
    ):
        for connector, stream, load_ids in _streams(this.home):
            table = stagings.get((connector, stream.name))
            if table is None or this.is_held(connector, f"{connector}.{stream.name}"):
                continue
            rows = _older_versions(warehouse, table, until)
            for load_id, ids in rows.items():
                if load_id not in load_ids or load_id == load_ids[-1]:
                    continue  # the newest load says what holds now, also where it is all old
                _drop(
                    this, connector, stream, load_id,
                    "list_contains($ids::varchar[], record_id)", {"ids": ids},
                    "superseded versions",
                )  # fmt: skip


def _older_versions(
    warehouse: duckdb.DuckDBPyConnection, table: str, until: str
) -> dict[str, list[str]]:
    """By load: the record ids whose version in it no fact is made of any more."""
    try:
        rows = warehouse.execute(
            f"""
            select load_id, list(record_id) from (
                select load_id, record_id, is_deleted, row_number() over (
                    partition by record_id order by updated_at desc nulls last, load_id desc
                ) as age
                from {table} where quarantine_reason is null
            )
            where age > 1 and not is_deleted and load_id < ?
            group by load_id order by load_id
            """,
            [until],
        ).fetchall()
    except duckdb.CatalogException:
        return {}
    return {load_id: sorted(ids) for load_id, ids in rows}


def _stagings(home: Home) -> dict[tuple[str, str], str]:
    """The staging model of each stream, from the manifest of dbt."""
    try:
        manifest = json.loads(home.manifest.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    found = {}
    for node in manifest["nodes"].values():
        if node["resource_type"] == "model" and node["name"].startswith("stg_"):
            for source in node["depends_on"]["nodes"]:
                if (of := manifest["sources"].get(source)) is not None:
                    found[of["source_name"], of["name"]] = f'main."{node["name"]}"'
    return found


def _history(this: _Pass) -> None:
    """Records whose day is longer ago than the history goes: these figures end."""
    if this.rules.landing_months is None:
        return
    first = this.months_ago(this.rules.landing_months).isoformat()
    dropped = 0
    for connector, stream, load_ids in _streams(this.home):
        if stream.activity is None or this.is_held(connector, f"{connector}.{stream.name}"):
            continue
        for load_id in load_ids:
            dropped += _drop(
                this, connector, stream, load_id,
                "json_extract_string(record, $path) < $first",
                {"path": f"$.{stream.activity}", "first": first},
                "records from before the history",
            )  # fmt: skip
    if dropped and not this.is_dry:
        # Without this the next build would add to tables that still hold them.
        record = records.read(records.last_build(this.home))
        record.get("inputs", {}).pop("models", None)
        records.write(records.last_build(this.home), record)


def _drop(
    this: _Pass, connector: str, stream: Stream, load_id: str,
    where: str, values: dict[str, object], what: str,
) -> int:  # fmt: skip
    landing = Landing(this.home.landing)
    folder = landing.load_folder(connector, stream.name, load_id)
    with connect() as db:
        if this.is_dry:
            parts = [
                str(folder / p.name)
                for p in landing.manifest(connector, stream.name, load_id).parts
            ]
            row = db.execute(
                f"select count(*) from read_parquet($parts) where {where}",
                {"parts": parts, **values},
            ).fetchone()
            number = int(row[0]) if row else 0
        else:
            with exclusive(landing.stream_lock(connector, stream.name), f"cleaning {connector}"):
                number = change_load(db, folder, LoadChange(where, lambda _: None, values)).dropped
    this.removed.add(f"{what}", number)
    return number


def _messages(this: _Pass) -> None:
    if this.rules.messages_days is None or this.is_held("messages"):
        return
    if not this.home.ledger.exists():
        return
    until = (this.now - dt.timedelta(days=this.rules.messages_days)).astimezone(dt.UTC)
    due = (
        "sent_at is not null and sent_at < ? and (body <> '' or title <> '' or letter is not null)"
    )
    values = [until.isoformat(timespec="microseconds")]
    with opened(this.home.ledger) as ledger:
        number = ledger.execute(f"select count(*) from outbox where {due}", values).fetchone()[0]
        this.removed.add("texts of messages", number)
        if number and not this.is_dry:
            with all_or_nothing(ledger):
                ledger.execute(
                    "update outbox set title = '', body = '', letter = null, last_error = null "
                    f"where {due}",
                    values,
                )
            clean(ledger)


def _individuals(this: _Pass, say: Say) -> None:
    """Figures of single persons of before: said, alerted on, published."""
    if this.rules.individual_months is None or this.is_held("individual"):
        return
    first = this.months_ago(this.rules.individual_months)
    if not this.home.warehouse.exists():
        return
    units = _people(this.home)
    for file in sorted((this.home.state / "said").glob("*/*/values.parquet")):
        this.removed.add("said figures of single persons", _said(this, file, units, first))
    if this.home.ledger.exists():
        _alerts(this, units, first)
    if this.is_dry or not _publishes_older(this.home, first):
        return
    with writing(this.home, "koers privacy retention", say):
        done = publishing.publish_all(
            this.home, run_id=f"retention-{first}", clock=lambda: this.now
        )
    this.removed.add("publications with older figures of single persons", len(done.made))


def _people(home: Home) -> list[str]:
    """The units that are single persons, of the warehouse's organisation."""
    with (
        writing(home, "koers privacy retention"),
        duckdb.connect(str(home.warehouse), read_only=True) as warehouse,
    ):
        rows = warehouse.execute(
            "select org_unit_id from main.dim_org_unit where layer = 'individual'"
        ).fetchall()
    return sorted(row[0] for row in rows)


def _said(this: _Pass, file: Path, units: list[str], first: dt.date) -> int:
    path = str(file).replace("'", "''")
    where = "list_contains($units::varchar[], org_unit_id) and period_start < $first"
    values = {"units": units, "first": first}
    with connect() as db:
        row = db.execute(
            f"select count(*) from read_parquet('{path}') where {where}", values
        ).fetchone()
        number = int(row[0]) if row else 0
        if not number or this.is_dry:
            return number
        draft = file.with_suffix(".draft")
        db.execute(
            f"copy (select * from read_parquet('{path}') where not ({where})) to "
            f"'{str(draft).replace(chr(39), chr(39) * 2)}' (format parquet, compression zstd)",
            values,
        )
    sync(draft)
    draft.replace(file)
    sync(file.parent)
    return number


def _alerts(this: _Pass, units: list[str], first: dt.date) -> None:
    with opened(this.home.ledger) as ledger:
        due = [
            row[0]
            for row in ledger.execute(
                "select alert_id from alert_events where org_unit_id in "
                "(select value from json_each(?)) group by alert_id having max(occurred_at) < ?",
                [json.dumps(units), first.isoformat()],
            )
        ]
        this.removed.add("alerts on single persons", len(due))
        if not due or this.is_dry:
            return
        with all_or_nothing(ledger), without_triggers(ledger):
            for table in ("alert_events", "action_events", "expected_events"):
                ledger.execute(
                    f"delete from {table} where alert_id in (select value from json_each(?))",
                    [json.dumps(due)],
                )
        clean(ledger)


def _publishes_older(home: Home, first: dt.date) -> bool:
    try:
        published = current(home)
    except PublicationError:
        return False
    if published is None or not home.warehouse.exists():
        return False
    with duckdb.connect(str(published.file), read_only=True) as db:
        row = db.execute(
            "select count(*) from fct_kpi_values where period_start < ? and org_unit_id in "
            "(select org_unit_id from dim_org_unit where layer = 'individual' "
            "and not is_unassigned)",
            [first],
        ).fetchone()
    return bool(row and row[0])


def _logs(this: _Pass) -> None:
    if this.rules.logs_days is None or this.is_held("logs"):
        return
    until = (this.now - dt.timedelta(days=this.rules.logs_days)).timestamp()
    for file in sorted(this.home.dbt_logs.glob("*")):
        if file.is_file() and file.stat().st_mtime < until:
            this.removed.add("logs", 1)
            if not this.is_dry:
                file.unlink()


def _streams(home: Home) -> Iterator[tuple[str, Stream, list[str]]]:
    landing = Landing(home.landing)
    for name, connector in discover().items():
        for stream in connector.streams:
            if load_ids := landing.load_ids(name, stream.name):
                yield name, stream, load_ids
