"""The SQL between two publications: which rows are said differently, and why."""

from __future__ import annotations

import duckdb

from pipelines.marts import canonical, columns_of

KEY = ("kpi", "org_unit_id", "grain", "period_start")
SAID = {
    "numerator": "DECIMAL(28,4)",
    "denominator": "DECIMAL(28,4)",
    "kpi_value": "DOUBLE",
    "sample_size": "BIGINT",
    "is_closed": "BOOLEAN",
    "is_complete": "BOOLEAN",
    "definition_version": "VARCHAR",
    "target": "DOUBLE",
    "band_lower": "DOUBLE",
    "band_upper": "DOUBLE",
    "status": "VARCHAR",
}
"""What is kept of fct_kpi_status; the rest follows from it or says what is usual."""

_VALUE = ("numerator", "denominator", "kpi_value", "sample_size", "is_complete")
_TARGET = ("target", "band_lower", "band_upper")

REASONS = (
    "new",
    "removed",
    "definition",
    "open_period",
    "organisation",
    "restatement",
    "late_data",
    "withdrawn_data",
    "corrected_data",
    "target",
    "closed",
    "reopened",
    "rollback",
)
"""new: not said before. removed: said before, and no longer. definition: the KPI is computed in
another way. open_period: the period was not over. organisation: a closed period, and who belonged
to the unit was written down differently. restatement: a closed period, of other data; and then, by
how many records it is made of, late_data (more), withdrawn_data (fewer) or corrected_data (as
many), none where that is not counted. target: what was agreed. closed: it is now judged. reopened:
it was, and is not now. rollback, alone: a publication of before was put in place again by hand.
Several may hold; they are joined by a comma."""


def read_said(connection: duckdb.DuckDBPyConnection, database: str, when: str) -> None:
    """Make the temporary tables `<when>_values`, `<when>_units` and `<when>_kpis` (now or before)
    from an attached publication; a column that an older one does not have is null."""
    there = columns_of(connection, "fct_kpi_status", database)
    columns = ", ".join(
        f"cast({name if name in there else 'null'} as {kind}) as {name}"
        for name, kind in SAID.items()
    )
    connection.execute(
        f"create or replace temp table {when}_values as select {', '.join(KEY)}, {columns} "
        f"from {database}.main.fct_kpi_status"
    )
    connection.execute(
        f"create or replace temp table {when}_kpis as "
        f"select kpi, cast(to_json(kpis) as varchar) as definition from {database}.main.dim_kpi "
        "as kpis"
    )
    table = "dim_org_unit_history"
    if not columns_of(connection, table, database):
        table = "dim_org_unit"
    # What moves figures: where a unit hangs, when, and with which share. Not how it is called.
    wanted = ("org_unit_id", "layer", "parent_id", "share", "valid_from", "valid_to")
    columns = ", ".join(c for c in wanted if c in columns_of(connection, table, database))
    connection.execute(
        f"""
        create or replace temp table {when}_units as
        with recursive

        rows as (
            select distinct {columns}, md5(cast(to_json(row({columns})) as varchar)) as digest
            from {database}.main.{table}
        ),

        below as (
            select distinct org_unit_id as unit, org_unit_id as descendant from rows
            union
            select below.unit, rows.org_unit_id
            from below
            inner join rows on below.descendant = rows.parent_id
        )

        select
            below.unit as org_unit_id,
            md5(string_agg(rows.digest, '' order by rows.digest)) as fingerprint
        from below
        inner join rows on below.descendant = rows.org_unit_id
        group by below.unit
        """
    )


def changed_values() -> str:
    """Rows of `now_values` that are not as in `before_values`; one that is gone has is_gone."""
    key = ", ".join(KEY)
    differs = " or ".join(_differs(name) for name in SAID)
    value_differs = " or ".join(_differs(name) for name in _VALUE)
    target_differs = " or ".join(_differs(name) for name in _TARGET)
    same_definition = "now.definition_version is not distinct from before.definition_version"
    columns = ", ".join(f"now.{name}" for name in SAID)
    return f"""
        select
            {key},
            {columns},
            now.kpi is null as is_gone,
            coalesce(nullif(concat_ws(
                ', ',
                case when before.kpi is null then 'new' end,
                case when now.kpi is null then 'removed' end,
                case
                    when before.kpi is null or now.kpi is null then null
                    when not {same_definition} then 'definition'
                    when not ({value_differs}) then null
                    when not before.is_closed then 'open_period'
                    when reorganised.org_unit_id is not null then 'organisation'
                    else 'restatement'
                end,
                case
                    when before.kpi is null or now.kpi is null or not {same_definition} then null
                    when not ({value_differs}) or not before.is_closed then null
                    when reorganised.org_unit_id is not null then null
                    when now.sample_size > before.sample_size then 'late_data'
                    when now.sample_size < before.sample_size then 'withdrawn_data'
                    when now.sample_size = before.sample_size then 'corrected_data'
                end,
                case
                    when before.kpi is not null and now.kpi is not null and ({target_differs})
                        then 'target'
                end,
                case
                    when {same_definition} and not ({value_differs}) and not before.is_closed
                        and now.is_closed then 'closed'
                end,
                case when before.is_closed and not now.is_closed then 'reopened' end
            ), ''), 'restatement') as reasons
        from (select *, from now_values) as now
        full join before_values as before using ({key})
        left join (
            select org_unit_id from ({changed_units()}) as units
        ) as reorganised using (org_unit_id)
        where now.kpi is null or before.kpi is null or {differs}
        order by {key}
    """


def changed_units() -> str:
    """Units whose organisation, or that of a unit below, was written down differently."""
    return (
        "select org_unit_id, now.fingerprint, now.fingerprint is null as is_gone "
        "from now_units as now full join before_units as before using (org_unit_id) "
        "where now.fingerprint is distinct from before.fingerprint order by org_unit_id"
    )


def changed_kpis() -> str:
    """KPIs whose definition, in whatever field, is not as it was."""
    return (
        "select kpi, now.definition, now.definition is null as is_gone "
        "from now_kpis as now full join before_kpis as before using (kpi) "
        "where now.definition is distinct from before.definition order by kpi"
    )


def _differs(name: str) -> str:
    """Two doubles that differ in their last bits only, by the order of adding up, are the same."""
    now, before = (
        canonical(name, SAID[name]).replace(f'"{name}"', f'{side}."{name}"')
        for side in ("now", "before")
    )
    return f"{now} <> {before}"
