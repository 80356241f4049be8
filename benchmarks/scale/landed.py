"""Writes loads of any size into a landing, as a connector would have left them.

    python -m benchmarks.scale.landed HOME EVENTS CONTACTS DEALS POSTS PEOPLE
    python -m benchmarks.scale.landed HOME --night NUMBER ...the same sizes

Three years of e-mail events, contacts, deals and posts of an organisation of people in teams of
ten. Koers reads totals per mailing, no single events; so that each of them costs what a record
costs, an e-mail event is landed as a mailing of one mail. A night adds 0.5 % records of its day and
0.1 % that come late, of the fortnight before.
"""

from __future__ import annotations

import datetime as dt
import json
import sys
from pathlib import Path

import duckdb

from benchmarks.scale.sizes import Size
from connectors.core.contract import Stream
from connectors.core.discover import discover
from connectors.core.durable import sha256
from connectors.core.manifest import Counts, Manifest, Part

LAST = dt.date(2026, 10, 31)
DAYS = 1096
"""Three years, of which LAST is the last day."""

PART_ROWS = 2_000_000


# Of a record n: a number below `most` that depends on nothing else.
_CHANCE = "(hash(n * 31 + {salt}) % {most})"


def _chance(salt: int, most: int) -> str:
    return _CHANCE.format(salt=salt, most=most)


def _day(salt: int, days: int = DAYS) -> str:
    return f"(date '{LAST}' - cast({_chance(salt, days)} as integer))"


def _events(size: Size, day: str) -> str:
    return f"""
        select
            'm' || n as mailing_id,
            'p' || {_chance(1, size.people)} as sender,
            'lijst-' || {_chance(2, 20)} as list_id,
            'actie-' || {_chance(3, 50)} as campaign,
            strftime({day}, '%Y-%m-%dT12:00:00Z') as sent_at,
            '1' as sent,
            cast(cast({_chance(4, 100)} < 97 as integer) as varchar) as delivered,
            cast(cast({_chance(4, 100)} < 30 as integer) as varchar) as unique_opens,
            '0' as total_opens,
            cast(cast({_chance(4, 100)} < 5 as integer) as varchar) as unique_clicks,
            '0' as total_clicks,
            cast(cast({_chance(4, 100)} >= 97 as integer) as varchar) as bounces,
            cast(cast({_chance(4, 100)} = 50 as integer) as varchar) as unsubscribes
    """


def _contacts(size: Size, day: str) -> str:
    return f"""
        select
            'c' || n as contact_id,
            md5(cast(n as varchar)) || md5(cast(n + 1 as varchar)) as email,
            'p' || {_chance(1, size.people)} as owner,
            'actie-' || {_chance(3, 50)} as campaign,
            'lead' as lifecycle_stage,
            strftime({day} - 20, '%Y-%m-%dT09:00:00Z') as created_at,
            case when {_chance(5, 2)} = 0 then strftime({day}, '%Y-%m-%dT09:00:00Z') end as mql_at
    """


def _deals(size: Size, day: str) -> str:
    return f"""
        select
            'd' || n as deal_id,
            'p' || {_chance(1, size.people)} as owner,
            'Klant ' || {_chance(2, max(size.deals // 10, 10))} as account,
            'Product ' || {_chance(3, 30)} as product,
            'NL' as market,
            'verkoop' as pipeline,
            'actie-' || {_chance(3, 50)} as campaign,
            case {_chance(6, 3)} when 0 then 'won' when 1 then 'lost' else 'open' end as stage,
            cast(cast({_chance(7, 5_000_000)} / 100 as decimal(12, 2)) as varchar) as amount,
            'EUR' as currency,
            cast({day} - 40 as varchar) as created_date,
            case when {_chance(6, 3)} < 2 then cast({day} as varchar) end as closed_date
    """


def _posts(size: Size, day: str) -> str:
    return f"""
        select
            'LinkedIn' as network,
            'p' || {_chance(1, size.people)} as profile,
            's' || n as post_id,
            'actie-' || {_chance(3, 50)} as campaign,
            strftime({day}, '%Y-%m-%dT08:00:00Z') as published_at,
            cast(200 + {_chance(8, 9_000)} as varchar) as impressions,
            cast(100 + {_chance(9, 5_000)} as varchar) as reach,
            cast({_chance(10, 90)} as varchar) as engagements,
            cast({_chance(11, 40)} as varchar) as clicks
    """


KINDS = {
    "events": ("spotler", "mailings", _events),
    "contacts": ("hubspot", "contacts", _contacts),
    "deals": ("crm", "deals", _deals),
    "posts": ("socialpilot", "posts", _posts),
}


def _organisation(size: Size) -> dict[str, str]:
    teams = -(-size.people // 10)
    return {
        "org_units": f"""
            select 'org' as org_unit_id, 'organisation' as layer, null as parent_id,
                'Org' as name, 'directie' as owner
            union all
            select 'dep-' || n, 'department', 'org', 'Afdeling ' || n, 'dep-' || n
            from range({-(-teams // 10)}) as numbers(n)
            union all
            select 'team-' || n, 'team', 'dep-' || (n // 10), 'Team ' || n, 'team-' || n
            from range({teams}) as numbers(n)
        """,
        "people": f"select 'p' || n as person_id, 'Persoon ' || n as name "
        f"from range({size.people}) as numbers(n)",
        "memberships": f"select 'p' || n as person_id, 'team-' || (n // 10) as org_unit_id, "
        f"'100' as share from range({size.people}) as numbers(n)",
        "source_users": f"select '*' as source, 'p' || n as source_user, 'p' || n as person_id "
        f"from range({size.people}) as numbers(n)",
    }


def write_load(
    db: duckdb.DuckDBPyConnection,
    landing: Path,
    connector: str,
    stream_name: str,
    selects: list[str],
    at: dt.datetime,
) -> None:
    """One committed load of what the queries give, a part for each: their columns are fields of
    the stream, as text."""
    stream: Stream = discover()[connector].stream(stream_name)
    load_id = at.strftime("%Y%m%dT%H%M%S%fZ")
    folder = landing / connector / stream_name / f"load={load_id}"
    folder.mkdir(parents=True)
    parts, rows = [], 0
    for number, select in enumerate(selects):
        given = [d[0] for d in db.execute(f"select * from ({select}) limit 0").description or ()]
        members = ", ".join(
            f"'{f.name}', {f.name if f.name in given else 'null'}" for f in stream.fields
        )
        key = " || '|' || ".join(n if n in given else "''" for n in stream.key)
        file = folder / f"part-{number:05d}.parquet"
        done = db.execute(
            f"""
            copy (
                select
                    cast(json_object({members}) as varchar) as record,
                    {key} as record_id,
                    cast(null as timestamp) as updated_at,
                    false as is_deleted,
                    timestamp '{at:%Y-%m-%d %H:%M:%S}' as extracted_at,
                    '{load_id}' as load_id
                from ({select})
            ) to '{file}' (format parquet, compression zstd)
            """
        ).fetchone()
        count = int(done[0]) if done else 0
        rows += count
        parts.append(Part(file.name, count, file.stat().st_size, sha256(file)))
    moment = at.isoformat(timespec="seconds").replace("+00:00", "Z")
    Manifest(
        connector=connector,
        stream=stream_name,
        load_id=load_id,
        mode="full" if stream.mode == "full" else "incremental",
        cursor_before=None,
        cursor_after=None,
        window_from=None,
        window_until=None,
        covers_until=None if stream.activity is None else str(at.date() - dt.timedelta(days=1)),
        started_at=moment,
        committed_at=moment,
        counts=Counts(rows, rows, 0, 0),
        bytes=sum(part.bytes for part in parts),
        files=(),
        parts=tuple(parts),
        requests=0,
        retries=0,
        connector_version=1,
        api_version=None,
        key_id=None,
    ).write(folder)


def _numbers(select: str, first: int, until: int) -> list[str]:
    """The query over the numbers of records, in parts."""
    return [
        f"{select} from range({at}, {min(at + PART_ROWS, until)}) as numbers(n)"
        for at in range(first, until, PART_ROWS)
    ] or [f"{select} from range(0) as numbers(n)"]


def make(home: Path, size: Size) -> None:
    """Everything up to and with LAST."""
    at = dt.datetime.combine(LAST + dt.timedelta(days=1), dt.time(2), dt.UTC)
    landing = home / "landing"
    with duckdb.connect() as db:
        db.execute("set timezone = 'UTC'")
        for stream, select in _organisation(size).items():
            write_load(db, landing, "organisation", stream, [select], at)
        for kind, (connector, stream, select_of) in KINDS.items():
            selects = _numbers(select_of(size, _day(0)), 0, getattr(size, kind))
            write_load(db, landing, connector, stream, selects, at)


def night(home: Path, size: Size, number: int) -> None:
    """What the day after LAST, or after the night before, brings."""
    day = LAST + dt.timedelta(days=number)
    at = dt.datetime.combine(day + dt.timedelta(days=1), dt.time(2), dt.UTC)
    with duckdb.connect() as db:
        db.execute("set timezone = 'UTC'")
        for kind, (connector, stream, select_of) in KINDS.items():
            there = getattr(size, kind)
            new, late = there // 200, there // 1000
            first = there + (number - 1) * (new + late)
            fresh = _numbers(select_of(size, f"date '{day}'"), first, first + new)
            before = f"(date '{day}' - 1 - cast({_chance(12, 14)} as integer))"
            older = _numbers(select_of(size, before), first + new, first + new + late)
            write_load(db, home / "landing", connector, stream, [*fresh, *older], at)


if __name__ == "__main__":
    home = Path(sys.argv[1])
    if sys.argv[2] == "--night":
        night(home, Size(*map(int, sys.argv[4:])), int(sys.argv[3]))
    else:
        make(home, Size(*map(int, sys.argv[2:])))
    print(json.dumps({"bytes": sum(f.stat().st_size for f in home.rglob("*.parquet"))}))
