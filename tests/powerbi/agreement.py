"""The rules of the measures as SQL over a published file: the same structure that makes the DAX,
by another route.

It proves that what a rule says may be added up does add up to the facts, which dbt computed anew
for every grain and unit from the records. It does not prove that Power BI evaluates the DAX as
meant: no engine for that runs here.
"""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from pipelines.powerbi.measures import adds_up
from pipelines.powerbi.rules import Rule

FACTS = "fct_kpi_status"
CLOSE = 1e-9


def value_sql(rule: Rule) -> str:
    """The value of the rows of a group, as the measure of the KPI computes it."""
    if rule.shape == "ratio":
        ratio = "cast(sum(numerator) as double) / cast(sum(denominator) as double)"
        return f"case when sum(denominator) > 0 then {ratio} end"
    if rule.shape == "sum":
        return "cast(sum(numerator) as double)"
    return "any_value(kpi_value)"


def wrong_rows(db: duckdb.DuckDBPyConnection, rule: Rule) -> tuple[int, int]:
    """How many facts were compared row by row, and how many differ from their measure."""
    return _counted(
        db,
        f"select kpi_value as is_, {value_sql(rule)} as measured from {FACTS} "
        "where kpi = ? and not is_suppressed group by org_unit_id, grain, period_start, kpi_value",
        rule,
    )


def wrong_periods(db: duckdb.DuckDBPyConnection, rule: Rule) -> tuple[int, int]:
    """The same of closed quarters and years, held against the rows of their months; of a balance
    the last month in which any unit has one, for who left has no balance any more."""
    if rule.over_periods == "one":
        return 0, 0
    latest = (
        "qualify m.period_start = max(m.period_start) over (partition by q.grain, q.period_start)"
        if rule.over_periods == "last"
        else ""
    )
    return _counted(
        db,
        f"with month as (select * from {FACTS} where kpi = $1 and grain = 'month'), "
        "part as (select q.org_unit_id, q.grain as of_grain, q.period_start as of_start, "
        "q.kpi_value as is_, m.numerator, m.denominator, m.kpi_value, m.period_start, "
        "m.is_suppressed "
        f"from {FACTS} as q inner join month as m on m.org_unit_id = q.org_unit_id "
        "and m.period_start between q.period_start and q.period_end "
        f"where q.kpi = $1 and q.grain in ('quarter', 'year') and q.is_closed "
        f"and not q.is_suppressed {latest}) "
        f"select is_, {value_sql(rule)} as measured from part "
        "group by org_unit_id, of_grain, of_start, is_ having not bool_or(is_suppressed)",
        rule,
    )


def wrong_units(db: duckdb.DuckDBPyConnection, rule: Rule) -> tuple[int, int]:
    """The same of the organisation, held against the rows of each layer, by month."""
    if rule.over_units == "one":
        return 0, 0
    return _counted(
        db,
        "with named as (select s.*, u.layer from "
        f"{FACTS} as s inner join dim_org_unit as u using (org_unit_id) "
        "where s.kpi = $1 and s.grain = 'month'), "
        "whole as (select period_start, kpi_value as is_ from named "
        "where layer = 'organisation' and not is_suppressed), "
        f"part as (select layer, period_start, {value_sql(rule)} as measured from named "
        "group by layer, period_start having not bool_or(is_suppressed)) "
        "select is_, measured from whole inner join part using (period_start)",
        rule,
    )


def wrong_attainments(db: duckdb.DuckDBPyConnection, rule: Rule) -> tuple[int, int]:
    """The attainment of each row, held against the formula that is used over several rows."""
    if not adds_up(rule) or rule.direction == "within":
        return 0, 0
    sign = "-" if rule.direction == "lower" else "+"
    return _counted(
        db,
        f"select attainment as is_, 1 {sign} (kpi_value - target) / abs(target) as measured "
        f"from {FACTS} where kpi = $1 and target <> 0 and kpi_value is not null",
        rule,
    )


def _counted(db: duckdb.DuckDBPyConnection, pairs: str, rule: Rule) -> tuple[int, int]:
    row = db.execute(
        "select count(*), count(*) filter (where not coalesce(abs(is_ - measured) <= "
        f"{CLOSE} * greatest(abs(is_), 1), is_ is null and measured is null)) from ({pairs})",
        [rule.kpi],
    ).fetchone()
    assert row is not None
    return int(row[0]), int(row[1])


CHECKS = (wrong_rows, wrong_periods, wrong_units, wrong_attainments)


def table(db: duckdb.DuckDBPyConnection, rules: Sequence[Rule]) -> list[tuple[str, str, int, int]]:
    """KPI, what was compared, how many, and how many differ."""
    return [
        (rule.kpi, check.__name__.removeprefix("wrong_"), *check(db, rule))
        for rule in rules
        for check in CHECKS
    ]
