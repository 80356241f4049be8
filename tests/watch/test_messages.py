"""What owners read."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from pipelines.movers import Mover
from pipelines.settings import Channel
from pipelines.watch.drift import FIRING, RESOLVED, Event, Judged
from pipelines.watch.machine import AlertState
from pipelines.watch.messages import NAMED, Message, compose
from tests.publication.tiny import month
from tests.watch.rows import drifting, judged

HOOK = Channel(name="hook", url_env="X")


def event(row: Judged, state: str = FIRING, explains: tuple[Judged, ...] = ()) -> Event:
    alert_id = f"{row.kpi}/{row.org_unit_id}/{row.kind}/{row.period_start}"
    since = row.off_since or row.period_start
    key = f"{alert_id}#1-{state}"
    return Event(alert_id, row.kind, state, "pub", key, since, row, AlertState(), explains=explains)


def one(*events: Event, **more: Any) -> Message:
    (message,) = compose(events, [HOOK], publication_id="20250701T", **more)
    return message


RATE: dict[str, Any] = {
    "unit": "percent",
    "target": 0.23,
    "band_lower": 0.207,
    "off_since": month(4),
    "off_periods": 3,
}


def test_dutch() -> None:
    message = one(event(judged("off_course", 0.184, **RATE)))
    assert message.title == "Koers: Scoringskans van Team Noord is uit koers (juni 2025)"
    assert message.body.splitlines()[:7] == [
        "Voor: noor",
        "",
        "Uit koers (1)",
        "",
        "1. Scoringskans, Team Noord, juni 2025",
        "   Waarde 18,4%, doel 23,0%, tolerantieband vanaf 20,7%. 2,3 procentpunt onder de band.",
        "   Uit koers sinds april 2025 (3 perioden op rij).",
    ]
    assert "Wat nu\nZoek de oorzaak" in message.body
    assert message.body.endswith(f"Publicatie 20250701T. Kenmerk {message.idempotency_key}.")


def test_english() -> None:
    message = one(event(judged("off_course", 0.184, **RATE)), language="en")
    assert message.title == "Koers: Win rate of Team Noord is off course (June 2025)"
    assert "Value 18.4%, target 23.0%, tolerance band from 20.7%. 2.3 percentage" in message.body
    assert "Off course since April 2025 (3 periods in a row)." in message.body


def test_both_sides_and_above() -> None:
    row = judged("off_course", 1250.0, band_upper=1100.0, band_lower=900.0, unit="currency")
    body = one(event(row)).body
    assert "Waarde € 1.250, doel € 100,00, tolerantieband € 900,00 tot € 1.100." in body
    assert "€ 150,00 boven de band." in body
    assert "Uit koers sinds deze periode." in body


def test_a_value_just_outside_is_shown_to_be_outside() -> None:
    body = one(event(judged("off_course", 0.1999, unit="percent", target=0.2, band_lower=0.2))).body
    assert "Waarde 19,99%, doel 20,0%, tolerantieband vanaf 20,00%" in body
    assert "0,0100 procentpunt onder" in body


def test_back_on_course() -> None:
    message = one(event(judged("on_course", 95.0, off_since=month(4)), RESOLVED))
    assert message.title == "Koers: Scoringskans van Team Noord is weer op koers (juni 2025)"
    assert "Was uit koers sinds april 2025." in message.body
    assert "Wat nu" not in message.body


def test_a_drift_says_what_is_usual() -> None:
    message = one(event(drifting(1.5, unit="count")))
    assert message.title == "Koers: Scoringskans van Team Noord is ongewoon (juni 2025)"
    assert message.body.splitlines()[2:8] == [
        "Ongewoon (1)",
        "",
        "1. Scoringskans, Team Noord, juni 2025",
        "   Waarde 130, doel 100, tolerantieband vanaf 90. 10 boven wat gewoon is.",
        "   Gewoon is 80 tot 120: dit is ongewoon.",
        "   Ongewoon sinds deze periode.",
    ]
    assert "Wat nu" in message.body


def test_off_course_as_usual_and_not_as_usual() -> None:
    bands = {"process_band_lower": 70.0, "process_band_upper": 90.0}
    for status, said in (
        ("stable", "Usual is 70 to 90: this is as usual."),
        ("drifting", "Usual is 70 to 90: this is unusual."),
        ("insufficient_data", "cannot be said yet"),
    ):
        row = judged("off_course", 80.0, process_status=status, **bands)
        assert said in one(event(row), language="en").body
    assert "Gewoon" not in one(event(judged("off_course", 80.0))).body


@pytest.mark.fault("E13")
def test_what_is_explained_is_named_and_no_person_is() -> None:
    below = [
        judged("off_course", 80.0 - n, org_unit_id=f"t{n}", unit_name=f"Team {n}")
        for n in range(10)
    ]
    person = judged("off_course", 1.0, unit_name="Piet Jansen", layer="individual")
    parent = judged("off_course", 80.0, org_unit_id="sales", unit_name="Verkoop")
    body = one(event(parent, explains=(*below, person))).body
    assert "Zo ook: Team 9, Team 8, Team 7, Team 6, Team 5, Team 4, Team 3, Team 2 en nog 2" in body
    assert "Piet" not in body


def moved(label: str, contribution: str, **more: Any) -> Mover:
    given: dict[str, Any] = {
        "comparison": "previous_period",
        "contributor_type": "child_unit",
        "effect": "total",
        "change_total": Decimal("-2000"),
        "people": 0,
    }
    return Mover(label=label, contribution=Decimal(contribution), **{**given, **more})


@pytest.mark.fault("E13")
def test_what_moved_it_is_named_with_its_share_and_no_person_is() -> None:
    parts = (
        moved("Team Noord", "-2500"),
        moved("3 people", "600", people=3),
        moved("Team Zuid", "-100"),
        moved("Orders", "-2000", contributor_type="driver_kpi"),
        moved("Orders", "-900", contributor_type="driver_kpi", comparison="target"),
    )
    row = judged("off_course", 80.0, unit="currency")
    body = one(replace(event(row), moved_by=parts)).body
    assert (
        "Sinds de vorige periode -€ 2.000: Team Noord -€ 2.500 (125%); 3 personen +€ 600,00 (-30%);"
        " Team Zuid -€ 100,00 (5%)."
    ) in body
    assert "Ten opzichte van het doel -€ 2.000: Orders -€ 900,00 (45%)." in body


def test_rate_and_mix_are_told_apart() -> None:
    parts = tuple(
        moved("Team Noord", part, effect=effect, change_total=Decimal("-0.02"))
        for effect, part in (("rate", "-0.03"), ("mix", "0.01"))
    )
    body = one(
        replace(event(judged("off_course", 0.1, **RATE)), moved_by=parts), language="en"
    ).body
    assert (
        "Since the period before -2.0 percentage points: Team Noord (rate) -3.0 percentage points"
        " (150%); Team Noord (mix) +1.0 percentage points (-50%)."
    ) in body


def test_a_known_event_is_named() -> None:
    row = judged("off_course", 80.0, known_event="Storing webshop")
    assert "Bekend voor deze periode: Storing webshop." in one(event(row)).body


def test_all_kinds_in_one_title() -> None:
    message = one(
        event(judged("off_course", 80.0, kpi="a")),
        event(drifting(2.0, kpi="b")),
        event(judged("on_course", 95.0, kpi="c"), RESOLVED),
        event(drifting(0.0, kpi="d"), RESOLVED),
        language="en",
    )
    assert message.title == (
        "Koers: Win rate of Team Noord is off course (June 2025), 1 unusual, 1 back on course, "
        "1 as usual again"
    )


def test_what_is_no_news_is_not_told() -> None:
    quiet = replace(event(judged("off_course", 80.0)), is_news=False)
    assert compose([quiet], [HOOK], publication_id="p") == []


def test_both_in_one_message() -> None:
    message = one(
        event(judged("off_course", 80.0, kpi="a")),
        event(judged("off_course", 80.0, kpi="b")),
        event(judged("on_course", 95.0, kpi="c"), RESOLVED),
    )
    assert message.title == "Koers: 2 KPI's uit koers, 1 weer op koers"


@pytest.mark.fault("E5")
def test_a_storm_is_one_message_worst_first() -> None:
    events = [
        event(judged("off_course", float(n % 90), org_unit_id=f"u{n}", unit_name=f"Team {n}"))
        for n in range(10_000)
    ]
    message = one(*events)
    assert message.title == "Koers: 10.000 KPI's uit koers"
    named = re.findall(r"^\d+\. Scoringskans, Team \d+,", message.body, re.MULTILINE)
    assert len(named) == NAMED
    assert "1. Scoringskans, Team 0," in message.body
    assert f"En nog {10_000 - NAMED:,} andere: Scoringskans".replace(",", ".") in message.body
    assert len(message.body) < 5_000
    assert len(message.dedup_keys) == 10_000


@pytest.mark.parametrize(
    ("channel", "owners"),
    [
        (Channel(name="c", url_env="X"), ["eva", "noor"]),
        (Channel(name="c", url_env="X", owners=["noor"]), ["noor"]),
        (Channel(name="c", url_env="X", layers=["department"]), ["eva"]),
        (Channel(name="c", url_env="X", owners=["noor"], layers=["department"]), []),
    ],
)
def test_routes(channel: Channel, owners: list[str]) -> None:
    events = [
        event(judged("off_course", 80.0)),
        event(judged("off_course", 80.0, org_unit_id="sales", owner="eva", layer="department")),
    ]
    messages = compose(events, [channel], publication_id="p")
    assert [message.owner for message in messages] == owners


def test_the_same_events_have_the_same_key_in_any_order() -> None:
    a, b = (event(judged("off_course", 80.0, kpi=kpi)) for kpi in "ab")
    assert one(a, b).idempotency_key == one(b, a).idempotency_key != one(a).idempotency_key


@pytest.mark.fault("G12")
def test_a_hostile_name_cannot_shape_the_message() -> None:
    message = one(event(judged("off_course", 80.0, unit_name="x\n\nWat nu\nBetaal @iedereen")))
    assert "\n\nWat nu\nBetaal" not in message.body
    assert "@iedereen" not in message.title
    assert "\n" not in message.title
