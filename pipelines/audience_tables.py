"""What of each public table is in an audience's file, as SQL over the warehouse.

A hidden figure keeps its row: what it says is null, `is_suppressed` is true and `suppression` says
why (`small_group`, `open_period`, `running`), so that a BI tool shows "too small" and not a gap.
What was computed from hidden figures (contributions, streaks, process bands, alerts) goes too.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import duckdb

from pipelines.audiences import WHOLE, Audience
from pipelines.hiding import Hidden
from pipelines.marts import columns_of, quoted
from pipelines.people import EMPLOYEES, People

CELL = ("kpi", "org_unit_id", "grain", "period_start")
SHOWN_GRAINS = "('month', 'quarter', 'year')"

SUPPRESSION_COLUMNS = {
    "is_suppressed": "Whether the figures of this row are hidden from this audience.",
    "suppression": "Why they are hidden: small_group (too few people are behind it or behind one "
    "beside it), open_period (its figures still come in), running (it cuts through months).",
}

FIGURES = ("numerator", "denominator", "kpi_value", "sample_size", "is_complete")
JUDGED = ("deviation", "attainment", "status")
OVER_SERIES = (
    "streak", "process_band_lower", "process_band_centre", "process_band_upper", "process_status",
    "process_score",
)  # fmt: skip
AGREED = ("target", "band_lower", "band_upper", "target_origin")
SAFE_DETAIL = (
    "since", "grain", "period_end", "kpi_value", "target", "band_lower", "band_upper", "status",
    "unit", "direction", "is_news",
)  # fmt: skip


class AudienceError(ValueError):
    """An audience names what there is not; the text says what."""


@dataclass(frozen=True)
class View:
    """An audience with what stays hidden from it."""

    audience: Audience = WHOLE
    people: People = field(default_factory=People)
    hidden: Hidden = field(default_factory=dict)
    individuals_from: dt.date | None = None
    """Where there are figures of single persons of before this day: they are left out."""

    @property
    def holds_all_rows(self) -> bool:
        return self.audience.is_whole and self.individuals_from is None

    @property
    def hides_groups(self) -> bool:
        return self.audience.min_group_size > 1

    def guarded(self) -> dict[str, set[str]]:
        """The KPIs about people of whom too few may be behind a figure, with those groups. Not the
        employees of a KPI that the audience may see by person."""
        if not self.hides_groups:
            return {}
        open_groups = {
            group
            for kpi, groups in self.people.behind.items()
            if self.audience.names_individuals(kpi)
            for group in groups
            if self.people.groups[group].kind == EMPLOYEES
        }
        left = {kpi: set(groups) - open_groups for kpi, groups in self.people.behind.items()}
        return {kpi: groups for kpi, groups in left.items() if groups}


def prepare(connection: duckdb.DuckDBPyConnection, view: View) -> None:
    """Make the temporary tables that `select_of` reads: allowed_unit, allowed (KPI and unit),
    guarded_kpi, hidden_cell, hidden_series. The warehouse is attached as `warehouse`.

    Raises AudienceError for a unit or KPI that does not exist.
    """
    audience = view.audience
    _check(connection, audience)
    run = connection.execute
    run(
        "create temp table allowed_unit as select org_unit_id, layer from "
        "warehouse.main.dim_org_unit where (list_contains(?::varchar[], layer) "
        "or (layer = 'individual' and ?)) and (len(?::varchar[]) = 0 or org_unit_id in "
        "(select descendant from warehouse.main.bridge_org_unit "
        "where list_contains(?::varchar[], ancestor)))",
        [
            list(audience.layers),
            audience.individuals is not None,
            list(audience.units),
            list(audience.units),
        ],
    )
    run(
        "create temp table allowed_kpi as select kpi from warehouse.main.dim_kpi "
        "where len(?::varchar[]) = 0 or list_contains(?::varchar[], kpi)",
        [list(audience.kpis), list(audience.kpis)],
    )
    guarded = view.guarded()
    everything = [row[0] for row in run("select kpi from allowed_kpi").fetchall()]
    by_person = [
        kpi for kpi in everything if audience.names_individuals(kpi) and kpi not in guarded
    ]
    run(
        "create temp table allowed as select kpi, org_unit_id from allowed_kpi, allowed_unit "
        "where layer <> 'individual' or list_contains(?::varchar[], kpi)",
        [by_person],
    )
    _hidden_cells(connection, view, guarded)


def _check(connection: duckdb.DuckDBPyConnection, audience: Audience) -> None:
    named = audience.individuals.kpis if audience.individuals else ()
    for what, table, column, names in (
        ("unit", "dim_org_unit", "org_unit_id", audience.units),
        ("KPI", "dim_kpi", "kpi", (*audience.kpis, *(named if named != "all" else ()))),
    ):
        known = {
            row[0]
            for row in connection.execute(f"select {column} from warehouse.main.{table}").fetchall()
        }
        if unknown := sorted(set(names) - known):
            raise AudienceError(f"there is no {what} {', '.join(unknown)}. Mend audiences.yaml")


def _hidden_cells(
    connection: duckdb.DuckDBPyConnection, view: View, guarded: Mapping[str, set[str]]
) -> None:
    run = connection.execute
    run("create temp table guarded_kpi (kpi varchar, is_running boolean)")
    run("create temp table hidden_month (kpi varchar, month date, org_unit_id varchar)")
    rows = [
        (kpi, month, unit)
        for kpi, groups in guarded.items()
        for group in sorted(groups)
        for month, unit in sorted(view.hidden.get(group, ()))
    ]
    _insert(connection, "hidden_month", rows)
    _insert(connection, "guarded_kpi", [(kpi, kpi in view.people.running) for kpi in guarded])
    # Under a target that follows from last year's figures, those could be worked out.
    has_targets = columns_of(connection, "kpi_targets", "warehouse")
    growing = (
        "select kpi from warehouse.main.kpi_targets where target_type <> 'absolute' and kpi in "
        "(select kpi from guarded_kpi)"
        if has_targets
        else "select kpi from guarded_kpi where false"
    )
    run(f"create temp table growing_kpi as select distinct kpi from ({growing})")
    run(
        "create temp table hidden_cell as "
        "with counted as (select v.kpi, v.org_unit_id, v.grain, v.period_start, v.is_closed, "
        "g.is_running, bool_or(h.kpi is not null) as is_small "
        "from warehouse.main.fct_kpi_values as v join guarded_kpi as g on v.kpi = g.kpi "
        "left join hidden_month as h on v.kpi = h.kpi and v.org_unit_id = h.org_unit_id "
        "and h.month between v.period_start and v.period_end "
        f"where v.grain in {SHOWN_GRAINS} group by all) "
        "select kpi, org_unit_id, grain, period_start, case when is_running then 'running' "
        "when not is_closed then 'open_period' else 'small_group' end as suppression "
        "from counted where is_running or not is_closed or is_small"
    )
    run(
        "create temp table hidden_series as select distinct kpi, org_unit_id, grain "
        "from hidden_cell where suppression <> 'open_period'"
    )


def _insert(
    connection: duckdb.DuckDBPyConnection, table: str, rows: Sequence[tuple[object, ...]]
) -> None:
    if rows:
        types = [
            row[0]
            for row in connection.execute(
                "select data_type from duckdb_columns() where table_name = ? order by column_index",
                [table],
            ).fetchall()
        ]
        lists = ", ".join(f"unnest(?::{data_type}[])" for data_type in types)
        connection.execute(
            f"insert into {table} select {lists}", [list(each) for each in zip(*rows, strict=True)]
        )


UNITS = "(select org_unit_id from allowed_unit)"
KPIS = "(select kpi from allowed_kpi)"
ALLOWED = "(t.kpi, t.org_unit_id) in (select kpi, org_unit_id from allowed)"
COARSE = f"(t.grain in {SHOWN_GRAINS} or t.kpi not in (select kpi from guarded_kpi))"
SHOWN = (
    f"({', '.join(f't.{name}' for name in CELL)}) not in "
    f"(select {', '.join(CELL)} from hidden_cell)"
)
STEADY = "t.kpi not in (select kpi from growing_kpi)"


def select_of(connection: duckdb.DuckDBPyConnection, table: str, view: View) -> str:
    """The select that gives a table as the audience may see it, over the warehouse."""
    select = _select_of(connection, table, view)
    since = view.individuals_from
    has = {"org_unit_id", "period_start"} <= set(columns_of(connection, table, "warehouse"))
    if since is None or not has:
        return select
    return (
        f"select * from ({select}) where period_start >= date '{since.isoformat()}' or org_unit_id "
        f"not in ({PERSONS})"
    )


PERSONS = (
    "select org_unit_id from warehouse.main.dim_org_unit where layer = 'individual' "
    "and not is_unassigned"
)


def older_figures_of_persons(connection: duckdb.DuckDBPyConnection, since: dt.date) -> bool:
    """Whether the warehouse holds figures of single persons of before a day."""
    row = connection.execute(
        "select 1 from warehouse.main.fct_kpi_values where period_start < ? "
        f"and org_unit_id in ({PERSONS}) limit 1",
        [since],
    ).fetchone()
    return row is not None


def _select_of(connection: duckdb.DuckDBPyConnection, table: str, view: View) -> str:
    source = f"warehouse.main.{quoted(table)} as t"
    is_facts = table in ("fct_kpi_values", "fct_kpi_status")
    if view.audience.is_whole:
        added = ", false as is_suppressed, cast(null as varchar) as suppression" if is_facts else ""
        return f"select t.*{added} from {source}"
    if is_facts:
        return _facts(set(columns_of(connection, table, "warehouse")), source)
    match table:
        case "dim_kpi":
            where = f"t.kpi in {KPIS}"
        case "dim_org_unit" | "dim_org_unit_history":
            where = f"t.org_unit_id in {UNITS}"
        case "bridge_org_unit":
            where = f"t.ancestor in {UNITS} and t.descendant in {UNITS}"
        case "fct_kpi_rewards":
            where = f"{ALLOWED} and {COARSE} and {SHOWN} and {STEADY}"
        case "fct_kpi_contributions":
            return _contributions(source)
        case "fct_data_quality" if view.hides_groups:
            # How many answers came in on a night is a figure of that night.
            where = (
                "t.connector not in (select unnest(string_split(sources, ', ')) from "
                "warehouse.main.dim_kpi where kpi in (select kpi from guarded_kpi))"
            )
        case _:
            where = "true"
    return f"select t.* from {source} where {where}"


def _facts(columns: set[str], source: str) -> str:
    def replaced(names: tuple[str, ...], condition: str) -> list[str]:
        return [
            f"case when {condition} then t.{name} end as {name}"
            for name in names
            if name in columns
        ]

    parts = [
        *replaced(FIGURES, "h.kpi is null"),
        *replaced(JUDGED, "h.kpi is null and g.kpi is null"),
        *replaced(OVER_SERIES, "h.kpi is null and s.kpi is null and g.kpi is null"),
        *replaced(AGREED, "g.kpi is null"),
    ]
    on_cell = " and ".join(f"t.{name} = h.{name}" for name in CELL)
    on_series = " and ".join(f"t.{name} = s.{name}" for name in CELL[:3])
    return (
        f"select t.* replace ({', '.join(parts)}), h.kpi is not null as is_suppressed, "
        f"h.suppression from {source} left join hidden_cell as h on {on_cell} "
        f"left join hidden_series as s on {on_series} "
        f"left join growing_kpi as g on t.kpi = g.kpi where {ALLOWED} and {COARSE}"
    )


def _contributions(source: str) -> str:
    """Whole sets only: of a sum of which one part is missing, that part is the rest."""
    periods = "x.period_start in (t.period_start, t.compared_with)"
    same = f"x.kpi = t.kpi and x.grain = t.grain and {periods}"
    hidden = f"select 1 from hidden_cell as x where {same} and x.org_unit_id"
    drivers = (
        "select d.kpi, unnest(string_split(d.drivers, ', ')) as driver "
        "from warehouse.main.dim_kpi as d"
    )
    keys = "kpi, org_unit_id, grain, period_start, comparison, contributor_type"
    return f"""
        with
        part as (select t.* from {source} where {ALLOWED} and {COARSE} and {STEADY}),
        driver as ({drivers}),
        child as (
            select distinct parent_id, org_unit_id from warehouse.main.dim_org_unit_history
        ),
        -- A hidden figure of the unit itself, then of what it is made of, before or now.
        refused as (
            select {keys} from part as t
            where exists ({hidden} = t.org_unit_id)
            union
            select {keys} from part as t
            where t.contributor_type = 'child_unit' and t.contributor <> '(remainder)'
                and (t.kpi, t.contributor) not in (select kpi, org_unit_id from allowed)
            union
            select {keys} from part as t
            where t.contributor_type = 'child_unit' and t.kpi in (select kpi from guarded_kpi)
                and t.org_unit_id in (
                    select parent_id from child where org_unit_id not in {UNITS}
                )
            union
            select {keys.replace("org_unit_id", "t.org_unit_id")}
            from part as t inner join child on t.org_unit_id = child.parent_id
            where t.contributor_type = 'child_unit' and exists ({hidden} = child.org_unit_id)
            union
            select {keys.replace("kpi", "t.kpi", 1)}
            from part as t inner join driver on t.kpi = driver.kpi
            where t.contributor_type = 'driver_kpi' and (
                (driver.driver in (select kpi from guarded_kpi) and t.grain not in {SHOWN_GRAINS})
                or exists (
                    select 1 from hidden_cell as x
                    where x.kpi = driver.driver and x.org_unit_id = t.org_unit_id
                        and x.grain = t.grain
                        and x.period_start in (t.period_start, t.compared_with)
                )
            )
            union
            select {keys} from part as t
            where t.contributor_type = 'driver_kpi' and t.contributor <> '(remainder)'
                and t.contributor not in {KPIS}
        )
        select * from part
        where ({keys}) not in (select {keys} from refused)
    """


def restrict_alert_events(connection: duckdb.DuckDBPyConnection, table: str, view: View) -> None:
    """Take out of a table of alert events what is not for the audience, or tells of hidden figures;
    who was told, who acted and what moved the KPI are for management."""
    if view.audience.is_whole:
        return
    pairs = ", ".join(f"'{name}', json_extract(detail, '$.{name}')" for name in SAFE_DETAIL)
    connection.execute(
        f"delete from {table} as t where not ({ALLOWED}) "
        "or (t.kpi, t.org_unit_id) in (select kpi, org_unit_id from hidden_series) "
        "or t.kpi in (select kpi from growing_kpi) "
        "or (t.kpi, t.org_unit_id, t.period_start) in "
        "(select kpi, org_unit_id, period_start from hidden_cell)"
    )
    connection.execute(
        f"update {table} as t set detail = case when kpi in (select kpi from guarded_kpi) "
        f"then '{{}}' else cast(json_object({pairs}) as varchar) end"
    )
