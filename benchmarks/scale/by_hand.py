"""The baseline of a build: the same facts by plain SQL in DuckDB, written for this organisation.

    python -m benchmarks.scale.by_hand HOME FILE MEMORY

It reads the landing as it is and gives the rows of fct_kpi_values of these KPIs: the latest version
of each record, on the units of its person, at all five grains, dense from a unit's first record.
It knows what the data are: nobody changes team, nobody is unassigned, each source is covered until
its last day. Nothing is tested, quarantined, versioned or made for a next night.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import duckdb

from benchmarks.harness import Stopwatch
from benchmarks.scale.landed import LAST

GRAINS = ("day", "week", "month", "quarter", "year")

# By stream: fields, the day, the person, a condition, and the columns that are added up.
KINDS: dict[str, tuple[str, str, str, str, dict[str, str]]] = {
    "mails": (
        "spotler/mailings",
        "cast(timezone('Europe/Amsterdam', cast(sent_at as timestamptz)) as date)",
        "sender",
        "true",
        {
            "sent": "cast(sent as bigint)",
            "delivered": "cast(delivered as bigint)",
            "opens": "cast(unique_opens as bigint)",
            "clicks": "cast(unique_clicks as bigint)",
            "unsubscribes": "cast(unsubscribes as bigint)",
            "bounces": "cast(bounces as bigint)",
        },
    ),
    "leads": (
        "hubspot/contacts",
        "cast(timezone('Europe/Amsterdam', cast(mql_at as timestamptz)) as date)",
        "owner",
        "mql_at is not null",
        {"mqls": "1"},
    ),
    "orders": (
        "crm/deals",
        "cast(closed_date as date)",
        "owner",
        "stage in ('won', 'lost') and closed_date is not null",
        {
            "closed": "1",
            "won": "cast(stage = 'won' as integer)",
            "priced": "case when stage = 'won' then 1 end",
            "amount": "case when stage = 'won' then cast(amount as decimal(18, 2)) end",
            "days": "case when stage = 'won' then "
            "cast(closed_date as date) - cast(created_date as date) end",
        },
    ),
    "posts": (
        "socialpilot/posts",
        "cast(timezone('Europe/Amsterdam', cast(published_at as timestamptz)) as date)",
        "profile",
        "true",
        {
            "reach": "cast(reach as bigint)",
            "impressions": "cast(impressions as bigint)",
            "engagements": "cast(engagements as bigint)",
            "post_clicks": "cast(clicks as bigint)",
        },
    ),
}
FIELDS = {
    "mails": "sender sent_at sent delivered unique_opens unique_clicks unsubscribes bounces",
    "leads": "owner mql_at",
    "orders": "owner stage amount created_date closed_date",
    "posts": "profile published_at reach impressions engagements clicks",
}
# By KPI: of which kind, numerator, denominator.
KPIS: dict[str, tuple[str, str, str | None]] = {
    "delivery_rate": ("mails", "delivered", "sent"),
    "open_rate": ("mails", "opens", "delivered"),
    "click_through_rate": ("mails", "clicks", "delivered"),
    "click_to_open_rate": ("mails", "clicks", "opens"),
    "unsubscribe_rate": ("mails", "unsubscribes", "delivered"),
    "bounce_rate": ("mails", "bounces", "sent"),
    "mqls": ("leads", "mqls", None),
    "new_orders": ("orders", "won", None),
    "win_rate": ("orders", "won", "closed"),
    "average_order": ("orders", "amount", "priced"),
    "sales_cycle": ("orders", "days", "priced"),
    "social_reach": ("posts", "reach", None),
    "social_impressions": ("posts", "impressions", None),
    "engagement_rate": ("posts", "engagements", "impressions"),
    "social_click_rate": ("posts", "post_clicks", "impressions"),
}


def queries(home: Path) -> list[str]:
    """In order; the last table is `facts`."""

    def cells(fields: str) -> str:
        names = fields.split()
        paths = ", ".join(f"'$.{name}'" for name in names)
        taken = ", ".join(f"cells[{n}] as {name}" for n, name in enumerate(names, 1))
        return f"{taken} from (select json_extract_string(record, [{paths}]) as cells"

    def landed(stream: str) -> str:
        return f"read_parquet('{home}/landing/{stream}/*/part-*.parquet')"

    made = [
        f"""
        create temp table units as
        with members as (
            select {cells("person_id org_unit_id")} from {landed("organisation/memberships")})
        ),
        given as (
            select {cells("org_unit_id parent_id")} from {landed("organisation/org_units")})
        )
        select person_id, person_id as unit from members
        union all select person_id, org_unit_id from members
        union all select person_id, given.parent_id from members
            inner join given using (org_unit_id)
        union all select person_id, 'org' from members
        union all select person_id, 'org/unassigned-project' from members
        """,
        "create temp table periods as "
        + " union all ".join(
            f"select distinct '{grain}' as grain, "
            f"cast(date_trunc('{grain}', day) as date) as period_start, "
            f"cast(date_trunc('{grain}', day) + interval 1 {grain} - interval 1 day as date) "
            f"as period_end from (select cast(unnest(generate_series(date '{LAST}' - 1095, "
            f"date '{LAST}', interval 1 day)) as date) as day)"
            for grain in GRAINS
        ),
    ]
    for kind, (stream, day, person, condition, sums) in KINDS.items():
        added = ", ".join(f"sum({sql}) as {name}" for name, sql in sums.items())
        again = ", ".join(f"sum({name}) as {name}" for name in sums)
        made += [
            f"""
            create temp table {kind}_of_people as
            select {person} as person_id, {day} as day, {added}
            from (
                select {cells(FIELDS[kind])} from (
                    select record from {landed(stream)}
                    qualify row_number() over (
                        partition by record_id order by updated_at desc nulls last, load_id desc
                    ) = 1
                ))
            )
            where {condition}
            group by all
            """,
            f"""
            create temp table {kind}_of_units as
            select unit, day, {again} from {kind}_of_people inner join units using (person_id)
            group by all
            """,
            f"create temp table {kind} as "
            + " union all ".join(
                f"select unit, '{grain}' as grain, "
                f"cast(date_trunc('{grain}', day) as date) as period_start, {again} "
                f"from {kind}_of_units group by all"
                for grain in GRAINS
            ),
        ]
    facts = []
    for kpi, (kind, above, below) in KPIS.items():
        ratio = f"{kind}.{above} / nullif({kind}.{below}, 0)"
        value = ratio if below else f"coalesce({kind}.{above}, 0)"
        both = f"coalesce({above}, {below})" if below else above
        facts.append(f"""
            select '{kpi}' as kpi, first.unit, periods.grain, periods.period_start,
                periods.period_end, cast({kind}.{above} as decimal(28, 4)) as numerator,
                cast({f"{kind}.{below}" if below else "null"} as decimal(28, 4)) as denominator,
                cast({value} as double) as kpi_value
            from (
                select unit, min(day) as first_date from {kind}_of_units
                where {both} is not null group by unit
            ) as first
            inner join periods on first.first_date <= periods.period_end
            left join {kind} using (unit, grain, period_start)
        """)
    made.append("create table facts as " + " union all ".join(facts))
    return made


def build(home: Path, file: Path, memory: str) -> dict[str, object]:
    """Make `facts` in a new file; how many rows, and seconds."""
    watch = Stopwatch()
    config = {"memory_limit": memory, "threads": "2"}
    with duckdb.connect(str(file), config=config) as db:
        db.execute("set timezone = 'UTC'")
        db.execute("set preserve_insertion_order = false")
        for query in queries(home):
            db.execute(query)
        found = db.execute("select count(*) from facts").fetchone()
    return {**watch.told(), "rows": found[0] if found else 0}


if __name__ == "__main__":
    print(json.dumps(build(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])))
