"""Each rule finds what was planted, and says nothing of a KPI that is as it should be."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from pipelines.cli import app
from pipelines.kpis.lint import RULES, lint, ownership, relations, smart
from pipelines.kpis.lint.facts import Agreed, Facts, KpiFacts, Period, read_facts
from pipelines.kpis.lint.telling import WIDTH, lines, records
from pipelines.kpis.lint.words import DUTCH, ENGLISH
from pipelines.publication import current, open_publication, publish
from pipelines.settings import Alerts, Home
from tests.publication.tiny import fact, month, warehouse

TODAY = dt.date(2026, 6, 15)
TEXTS = {
    "specific": "Value of won orders on the day they closed.",
    "measurable": "Won deals in the CRM.",
    "accepted": "Agreed with Eva in January 2026.",
    "realistic": "Half of the months of last year reached it.",
    "time_bound": "Judged every month; the target holds until 2026-12-31.",
}


def agreed(
    values: Sequence[float | None],
    targets: Sequence[float | None] | None = None,
    unit: str = "Verkoop",
) -> Agreed:
    """Months from January 2025 on, with a target of 100 unless told otherwise."""
    periods = [
        Period(dt.date(2025 + n // 12, n % 12 + 1, 1), value, target, None, None)
        for n, (value, target) in enumerate(
            zip(values, targets or [100.0] * len(values), strict=True)
        )
    ]
    return Agreed(unit, tuple(periods))


HALF = agreed([90.0, 110.0] * 8)
REVENUE = KpiFacts(
    kpi="revenue",
    label={"nl": "Omzet", "en": "Revenue"},
    description={"nl": "Waarde van gewonnen orders.", "en": "Value of won orders."},
    owner="eva",
    home_layer="organisation",
    direction="higher",
    cadence="month",
    drivers=("win_rate",),
    sources=("crm",),
    smart=TEXTS,
    review_date=dt.date(2026, 12, 31),
    known_until=dt.date(2026, 5, 31),
    agreed=(HALF,),
)
WIN_RATE = replace(
    REVENUE,
    kpi="win_rate",
    label={"nl": "Scoringskans", "en": "Win rate"},
    description={"nl": "Gewonnen deals per gesloten deal.", "en": "Won deals per closed deal."},
    home_layer="team",
    denominator="closed_deals",
    drivers=(),
)
GOOD = Facts(TODAY, (REVENUE, WIN_RATE), frozenset({"eva"}), frozenset({"eva", "piet"}))


def with_revenue(**changes: Any) -> Facts:
    return replace(GOOD, kpis=(replace(REVENUE, **changes), WIN_RATE))


def with_win_rate(**changes: Any) -> Facts:
    return replace(GOOD, kpis=(REVENUE, replace(WIN_RATE, **changes)))


def loose(**changes: Any) -> Facts:
    """A third KPI that is linked to nothing."""
    third = replace(WIN_RATE, kpi="loose", **changes)
    return replace(GOOD, kpis=(REVENUE, WIN_RATE, third))


PLANTED: list[tuple[Callable[[Facts], Any], Facts, tuple[str, ...]]] = [
    (smart.vague, with_revenue(description={"nl": "De omzet.", "en": "x"}), ("revenue",)),
    (
        smart.one_sided,
        with_win_rate(description={"nl": "Gewonnen klanten.", "en": "Won deals only."}),
        ("win_rate",),
    ),
    (smart.empty_words, with_revenue(smart={**TEXTS, "accepted": "n.v.t."}), ("revenue",)),
    (smart.empty_words, with_revenue(smart={**TEXTS, "realistic": None}), ("revenue",)),
    (smart.not_measured, with_revenue(known_until=None), ("revenue",)),
    (smart.stale, replace(GOOD, stale={"crm": dt.date(2026, 5, 1)}), ("revenue", "win_rate")),
    (smart.out_of_reach, with_revenue(agreed=(agreed([90.0] * 16),)), ("revenue",)),
    (smart.too_easy, with_revenue(agreed=(agreed([110.0] * 16),)), ("revenue",)),
    (
        smart.out_of_reach,
        with_revenue(direction="lower", agreed=(agreed([110.0] * 16),)),
        ("revenue",),
    ),
    (smart.no_parent, loose(), ("loose",)),
    (smart.no_end, with_revenue(smart={**TEXTS, "time_bound": "Every month."}), ("revenue",)),
    (
        smart.past_end,
        with_revenue(smart={**TEXTS, "time_bound": "Until 2026-06-14."}),
        ("revenue",),
    ),
    (
        smart.target_ended,
        with_revenue(agreed=(agreed([90.0, 110.0], [100.0, None]),)),
        ("revenue",),
    ),
    (ownership.no_owner, with_revenue(owner=None), ("revenue",)),
    (ownership.owner_left, with_revenue(owner="piet"), ("revenue",)),
    (ownership.owner_unknown, with_revenue(owner="nobody"), ("revenue",)),
    (ownership.no_target, loose(agreed=(), has_alert=True), ("loose",)),
    (ownership.no_review_date, with_revenue(review_date=None), ("revenue",)),
    (ownership.review_overdue, with_revenue(review_date=dt.date(2026, 6, 14)), ("revenue",)),
    (ownership.jungle, replace(GOOD, most_kpis_per_owner=1), ("revenue", "win_rate")),
    (ownership.unused, loose(agreed=()), ("loose",)),
]


@pytest.mark.parametrize(("rule", "facts", "kpis"), PLANTED)
def test_a_rule_finds_what_was_planted_and_nothing_else(
    rule: Callable[[Facts], Any], facts: Facts, kpis: tuple[str, ...]
) -> None:
    found = list(rule(facts))
    assert [(each.rule, each.kpis) for each in found] == [(rule.__name__, kpis)]
    assert list(rule(GOOD)) == []


def test_good_kpis_give_no_finding() -> None:
    assert lint(GOOD) == []
    assert lines([], GOOD, "nl") == ["2 KPI's, niets op aan te merken."]


def test_every_rule_is_planted_and_has_words_in_both_languages() -> None:
    rules = {rule.__name__ for rule in RULES}
    tried = {rule.__name__ for rule, _, _ in PLANTED} | {
        relations.opposing.__name__,
        relations.same.__name__,
    }
    assert tried == rules
    assert rules <= ENGLISH.keys()
    assert ENGLISH.keys() == DUTCH.keys()


def test_a_day_of_review_that_is_today_is_not_overdue() -> None:
    assert not list(ownership.review_overdue(with_revenue(review_date=TODAY)))


def test_too_few_periods_say_nothing_of_the_reach() -> None:
    facts = with_revenue(agreed=(agreed([1.0] * (smart.FEWEST_PERIODS - 1)),))
    assert not list(smart.out_of_reach(facts))


def test_a_raised_target_is_held_against_the_months_before_it() -> None:
    """It was met in every month, and none would have met the new one."""
    raised = agreed([110.0] * 12 + [None], [100.0] * 12 + [150.0])
    assert smart.reached(raised, "higher") == (0, 12)


def test_a_target_of_the_season_is_held_against_its_own_month() -> None:
    """December is three times June: the target of June says nothing about December."""
    season: list[float | None] = [float(100 + 20 * n) for n in range(12)]
    values: list[float | None] = [x + (1 if n % 2 else -1) for n, x in enumerate(season) if x]
    assert smart.reached(agreed(values, season), "higher") == (6, 12)


def test_within_is_reached_inside_the_band() -> None:
    periods = [
        Period(dt.date(2025, n, 1), value, 100.0, 90.0, 110.0)
        for n, value in enumerate((95.0, 120.0), 1)
    ]
    assert smart.reached(Agreed("Verkoop", tuple(periods)), "within") == (1, 2)


def test_the_score_interval_is_that_of_the_textbook() -> None:
    """Newcombe, Statistics in Medicine 17 (1998), table I: 81 of 263 and 0 of 20."""
    assert smart.wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-4)
    assert smart.wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=5e-4)
    assert smart.wilson(0, 0) == (0.0, 1.0)


@given(st.integers(1, 60).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_interval_holds_the_share(counts: tuple[int, int]) -> None:
    low, high = smart.wilson(*counts)
    share = counts[0] / counts[1]
    assert 0 <= low <= share + 1e-12
    assert share - 1e-12 <= high <= 1


@pytest.mark.parametrize("language", ["nl", "en"])
def test_the_report_fits_in_80_columns_and_names_owner_and_remedy(language: str) -> None:
    units = (agreed([90.0] * 16), agreed([80.0] * 16, unit="Zuid"))
    facts = with_revenue(owner="piet", agreed=units)
    told = lines(lint(facts), facts, language)
    assert max(map(len, told)) <= WIDTH
    text = " ".join(" ".join(told).split())
    assert "piet" in text
    assert "0 van 16 maanden" in text if language == "nl" else "0 of 16 months" in text
    assert "{" not in text


def test_all_sentences_can_be_filled() -> None:
    for _, facts, _ in PLANTED:
        for record in records(lint(facts), facts):
            assert all(record[f"what_{language}"] for language in ("nl", "en"))
            json.dumps(record)


def test_the_command_reads_a_publication_and_its_exit_code_is_the_severity(
    koers_home: Home,
) -> None:
    made = warehouse(koers_home.warehouse)
    publish(made, koers_home, run_id="run", keep=3)
    runner = CliRunner()
    done = runner.invoke(app, ["kpi", "lint", "--json"])
    rules = {each["rule"] for each in json.loads(done.output)}
    assert {"owner_unknown", "no_review_date"} <= rules  # klantenservice owns no unit
    graver = [each for each in json.loads(done.output) if each["severity"] == "error"]
    assert done.exit_code == (1 if graver else 0)
    assert runner.invoke(app, ["kpi", "lint", "--fail-on", "warning"]).exit_code == 1
    assert runner.invoke(app, ["kpi", "lint", "--fail-on", "never"]).exit_code == 0


def test_without_a_publication_the_command_says_what_to_do() -> None:
    done = CliRunner().invoke(app, ["kpi", "lint"])
    assert done.exit_code == 1
    assert "koers run" in done.output


def test_facts_of_a_publication(koers_home: Home) -> None:
    facts = [fact("revenue", "org", month(n), 95.0, "on_course") for n in (1, 2)]
    publish(warehouse(koers_home.warehouse, facts), koers_home, run_id="run", keep=3)
    publication = current(koers_home)
    assert publication is not None
    with open_publication(publication) as connection:
        found = read_facts(connection, today=TODAY, alerts=Alerts())
    assert {kpi.kpi for kpi in found.kpis} == {"revenue", "win_rate", "nps"}
    assert {"directie", "eva", "Piet Jansen"} <= found.owners
    revenue = found.by_name["revenue"]
    assert [p.value for p in revenue.agreed[0].periods] == [95.0, 95.0]
    assert revenue.known_until == dt.date(2025, 2, 28)
