"""How a KPI may be added up follows from its dbt metric, and its DAX from that."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.powerbi.measures import attainment, format_of, names_of, target, value
from pipelines.powerbi.model import Text
from pipelines.powerbi.rules import Rule, RuleError, rules
from tests.powerbi.agreement import wrong_periods, wrong_rows, wrong_units
from tests.powerbi.company import manifest, tables

BY_NAME = {rule.kpi: rule for rule in rules(manifest())}


@pytest.mark.parametrize(
    ("kpi", "shape", "over_periods", "over_units"),
    [
        ("revenue", "sum", "sum", "sum"),
        ("orders", "sum", "sum", "sum"),
        ("customers", "value", "one", "one"),
        ("lead_time", "ratio", "sum", "sum"),
        ("book", "sum", "last", "sum"),
        ("quarter_of_days", "sum", "one", "sum"),
        ("average_order", "ratio", "sum", "sum"),
        ("per_person", "value", "one", "one"),
        ("coverage", "ratio", "one", "sum"),
        ("margin", "value", "one", "one"),
    ],
)
def test_a_rule_follows_from_the_metric(
    kpi: str, shape: str, over_periods: str, over_units: str
) -> None:
    rule = BY_NAME[kpi]
    assert (rule.shape, rule.over_periods, rule.over_units) == (shape, over_periods, over_units)


def test_a_ratio_divides_sums_and_never_averages() -> None:
    said = value(BY_NAME["average_order"])
    assert "DIVIDE ( [_Numerator], [_Denominator] )" in said
    assert not any("AVERAGE" in value(rule).upper() for rule in BY_NAME.values())


def test_a_balance_is_that_of_the_last_period() -> None:
    assert "[_Last numerator]" in value(BY_NAME["book"])
    assert "[_Numerator]" not in value(BY_NAME["book"])


@pytest.mark.parametrize("kpi", ["customers", "per_person", "margin"])
def test_what_does_not_add_up_is_shown_of_one_row_only(kpi: str) -> None:
    only = "IF ( [_Units] = 1 && [_Periods] = 1, "
    assert value(BY_NAME[kpi]).startswith(only)
    assert target(BY_NAME[kpi]).startswith(only)
    assert attainment(BY_NAME[kpi], "x").startswith(only)


def test_a_target_is_added_up_only_where_every_row_has_one() -> None:
    assert "[_Targets] = [_Rows]" in target(BY_NAME["revenue"])


def test_less_is_better_turns_attainment_around() -> None:
    assert "1 + _distance" in attainment(BY_NAME["revenue"], "Revenue")
    assert "1 - _distance" in attainment(BY_NAME["cost"], "Cost")
    assert "[a ]] b]" in attainment(BY_NAME["revenue"], "a ] b")


@pytest.mark.parametrize(
    ("unit", "currency", "expected"),
    [
        ("percent", "EUR", "0.0%"),
        ("currency", "EUR", "\\€ #,0"),
        ("currency", "SEK", "\\S\\E\\K #,0"),
    ],
)
def test_formats(unit: str, currency: str, expected: str) -> None:
    assert format_of(unit, currency) == expected


def _labelled(kpi: str, label: str) -> Rule:
    return Rule(kpi, Text(label, label), Text("", ""), "count", "higher", "team", "", "sum", "sum",
                "sum")  # fmt: skip


@given(st.lists(st.sampled_from(["A", "a", "A target", "Value", "B  ", "b"]), max_size=6))
def test_no_two_measures_have_the_same_name(labels: list[str]) -> None:
    found = names_of(
        [_labelled(f"k{at}", label) for at, label in enumerate(labels)], [Text("Value", "Value")]
    )
    kinds = ("", " target", " attainment", " status", " band lower", " band upper")
    names = ["value", *((name.en + kind).casefold() for name in found.values() for kind in kinds)]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("broken", [{}, {"metrics": {}, "semantic_models": {}}])
def test_a_manifest_without_kpis_is_told(broken: dict[str, Any]) -> None:
    with pytest.raises(RuleError, match="no KPI"):
        rules(broken)


def test_a_manifest_that_lacks_a_measure_is_told() -> None:
    with pytest.raises(RuleError, match="no metric or measure"):
        rules({**manifest(), "semantic_models": {}})


def test_the_other_route_finds_what_does_not_add_up() -> None:
    """Sums of two months against their quarter, and two departments against the organisation."""
    db = tables()
    db.execute("create table dim_org_unit (org_unit_id varchar, layer varchar)")
    db.execute(
        "insert into dim_org_unit values ('org', 'organisation'), ('a', 'department'), "
        "('b', 'department')"
    )

    def put(unit: str, grain: str, month: int, figure: int) -> None:
        start = dt.date(2026, month, 1)
        end = dt.date(2026, month + (3 if grain == "quarter" else 1), 1) - dt.timedelta(days=1)
        db.execute(
            "insert into fct_kpi_status (kpi, org_unit_id, grain, period_start, period_end, "
            "numerator, kpi_value, is_closed, is_suppressed) "
            "values ('revenue', ?, ?, ?, ?, ?, ?, true, false)",
            [unit, grain, start, end, figure, figure],
        )

    for unit, figures in (("a", (1, 2, 3)), ("b", (10, 20, 30)), ("org", (11, 22, 33))):
        for month, figure in enumerate(figures, 1):
            put(unit, "month", month, figure)
    put("a", "quarter", 1, 6)
    rule = BY_NAME["revenue"]
    assert wrong_rows(db, rule) == (10, 0)
    assert wrong_periods(db, rule) == (1, 0)
    assert wrong_units(db, rule) == (6, 0)
    put("b", "quarter", 1, 61)
    db.execute("update fct_kpi_status set kpi_value = 12, numerator = 12 where kpi_value = 11")
    assert wrong_periods(db, rule) == (2, 1)
    assert wrong_units(db, rule) == (6, 1)
    assert wrong_rows(db, rule) == (11, 0)
