"""What owners are told when much goes wrong at once, wavers, comes late or was missed."""

from __future__ import annotations

import datetime as dt
import json
import time
from collections.abc import Callable, Iterable
from typing import Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.publication import publish
from pipelines.settings import Channel, Home
from pipelines.watch.acts import silence
from pipelines.watch.drift import Alert, Event, Series, Silence, Watermark, evaluate
from pipelines.watch.ledger import open_ledger, published_events
from pipelines.watch.letter import from_json
from pipelines.watch.messages import compose
from pipelines.watch.watching import LAYERS, WatchResult, watch
from tests.publication.tiny import fact, month, warehouse
from tests.watch.rows import judged

NOW = dt.datetime(2025, 7, 1, 3, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
JUNE = month(6)
HOOK = Channel(name="hook", url_env="KOERS_HOOK")

Change = Callable[[duckdb.DuckDBPyConnection], object]
Night = Callable[..., WatchResult]


@pytest.fixture
def night(koers_home: Home) -> Night:
    def run(
        *facts: dict[str, Any], also: Change = lambda _: None, at: dt.datetime = NOW, **more: Any
    ) -> WatchResult:
        warehouse(koers_home.warehouse, facts)
        with duckdb.connect(str(koers_home.warehouse)) as db:
            also(db)
        events = published_events(koers_home.ledger)
        made = publish(koers_home.warehouse, koers_home, run_id="r", keep=2, alert_events=events)
        channels = more.pop("channels", [HOOK])
        return watch(made, koers_home.ledger, channels, lambda: at, **more)

    return run


def messages(home: Home) -> list[dict[str, Any]]:
    with open_ledger(home.ledger) as ledger:
        return [dict(row) for row in ledger.execute("select * from outbox order by message_id")]


# E5: a storm


def _ten_thousand_off(db: duckdb.DuckDBPyConnection) -> None:
    db.execute(
        "insert into dim_org_unit select 'u' || n, 'team', 'Team ' || n, 'sales',"
        " ['eva', 'noor', 'piet'][1 + n % 3], false from range(10000) as t(n)"
    )
    db.execute(
        "insert into fct_kpi_status by name select 'revenue' as kpi, 'u' || n as org_unit_id,"
        " 'month' as grain, date '2025-06-01' as period_start, date '2025-06-30' as period_end,"
        " 80.0 - n / 1000 as kpi_value, 10 as sample_size, true as is_closed, true as is_complete,"
        " '1' as definition_version, 100.0 as target, 90.0 as band_lower, 'off_course' as status"
        " from range(10000) as t(n)"
    )


@pytest.mark.fault("E5")
def test_ten_thousand_at_once_are_one_message_a_route(koers_home: Home, night: Night) -> None:
    began = time.process_time()
    done = night(also=_ten_thousand_off)
    assert time.process_time() - began < 60, "seconds of work, for a night of two cores"
    assert done.fired == 10_000
    sent = messages(koers_home)
    assert [row["owner"] for row in sent] == ["eva", "noor", "piet"]
    assert sum(len(json.loads(row["dedup_keys"])) for row in sent) == 10_000
    for row in sent:
        letter = from_json(row["letter"])
        assert len(letter.entries) <= 20, "the worst, the others counted"
        named = sum(n for section in letter.sections for _, n in section.rest)
        assert len(letter.entries) + named == len(json.loads(row["dedup_keys"]))
        assert len(row["body"]) < 20_000
    worst = from_json(sent[0]["letter"]).entries[0]
    assert worst.unit == "Team 9999"
    assert len(published_events(koers_home.ledger)) == 10_000

    # The next night they all are as they were: nobody hears of it again.
    again = night(also=_ten_thousand_off, at=NOW + DAY)
    assert (again.fired, again.messages) == (0, 0)


# E6: a value that wavers around the edge of its band


def _nights(
    verdicts: Iterable[str], fire: int, of: int, recover: int
) -> tuple[list[Event], list[Event]]:
    """All events, and those that were told, of a series judged period by period."""
    alerts: dict[Series, Alert] = {}
    seen: list[str] = []
    told, everything = [], []
    for number, verdict in enumerate(verdicts):
        seen.append(verdict)
        start = month(1 + number % 12, 2025 + number // 12)
        well = next((n for n, v in enumerate(reversed(seen)) if v != "in"), len(seen))
        row = judged(
            {"out": "off_course", "in": "on_course", "edge": "on_course"}.get(verdict, "no_data"),
            None if verdict == "no_data" else {"out": 80.0, "edge": 90.5}.get(verdict, 100.0),
            period_start=start,
            verdict=verdict,
            off_of_last=seen[-of:].count("out"),
            in_a_row=well,
            fire_periods=fire,
            of_periods=of,
            recover_periods=recover,
        )
        events = evaluate([row], alerts, f"p{number:03}", {}, now=NOW + number * DAY)
        for event in events:
            before = alerts.get(event.row.series)
            count = before.events if before and before.alert_id == event.alert_id else 0
            alerts[event.row.series] = Alert(event.alert_id, event.since, count + 1, event.at)
            everything.append(event)
            if event.is_news:
                told.append(event)
    return everything, told


@pytest.mark.fault("E6")
@given(
    st.lists(st.sampled_from(["out", "in", "edge", "no_data"]), max_size=60),
    st.integers(1, 3),
    st.integers(1, 3),
    st.integers(1, 3),
)
def test_an_episode_is_two_messages_at_most(
    verdicts: list[str], fire: int, of: int, recover: int
) -> None:
    _, told = _nights(verdicts, min(fire, of), of, recover)
    for alert in {event.alert_id for event in told}:
        assert [e.state for e in told if e.alert_id == alert] in (
            ["firing"],
            ["firing", "resolved"],
        )
    # What ends an episode is a stretch well inside: never the edge, and never missing data.
    ended = [event for event in told if event.state == "resolved"]
    assert all(event.row.verdict == "in" and event.row.in_a_row >= recover for event in ended)


@pytest.mark.fault("E6")
@given(st.lists(st.sampled_from(["out", "edge"]), min_size=1, max_size=60))
def test_flapping_over_the_edge_is_one_message(verdicts: list[str]) -> None:
    _, told = _nights(["out", *verdicts], 1, 1, 1)
    assert [event.state for event in told] == ["firing"]


# E8: late data


@pytest.mark.fault("E8")
def test_late_data_end_an_alert_and_say_so(koers_home: Home, night: Night) -> None:
    """June was judged off course; the invoices that were missing came in a night later."""
    english = {"language": "en"}
    night(fact("revenue", "north", JUNE, 80.0, "off_course"), **english)
    done = night(fact("revenue", "north", JUNE, 95.0, "on_course"), **english)
    assert done.resolved == 1
    _, over = messages(koers_home)
    assert "back on course" in over["title"]
    assert "Data that came in later changed the figure of this period." in over["body"]
    detail = json.loads(published_events(koers_home.ledger)[-1][-1])
    assert detail["is_late"] is True


@pytest.mark.fault("E8")
def test_a_better_next_period_is_no_late_data(koers_home: Home, night: Night) -> None:
    june = fact("revenue", "north", JUNE, 80.0, "off_course")
    night(june)
    assert night(june, fact("revenue", "north", month(7), 95.0, "on_course")).resolved == 1
    over = messages(koers_home)[-1]
    assert "Gegevens die later kwamen" not in over["body"]
    assert "is_late" not in json.loads(published_events(koers_home.ledger)[-1][-1])


@pytest.mark.fault("E8")
def test_late_data_of_an_older_period_tell_nobody(koers_home: Home, night: Night) -> None:
    may, june = month(5), fact("revenue", "north", JUNE, 95.0, "on_course")
    night(fact("revenue", "north", may, 95.0, "on_course"), june)
    assert night(fact("revenue", "north", may, 80.0, "off_course"), june).messages == 0
    assert published_events(koers_home.ledger) == []


# E9: the end of a silence during a breach


@pytest.mark.fault("E9")
def test_a_silence_that_ends_during_a_breach_is_one_message(koers_home: Home, night: Night) -> None:
    moving = Silence(NOW - DAY, NOW + 4 * DAY)
    silence(koers_home.ledger, moving, "eva", "moving house", clock=lambda: NOW)
    off = [fact("revenue", "north", JUNE, 80.0, "off_course")]
    told = []
    for days in (0, 3, 4, 5):
        night(*off, at=NOW + days * DAY)
        told.append(len(messages(koers_home)))
    assert told == [0, 0, 1, 1]


# E11: nights that were missed


def _daily(db: duckdb.DuckDBPyConnection) -> None:
    db.execute("update dim_kpi set cadence = 'day' where kpi = 'revenue'")


def _days(until: dt.date, since: dt.date = dt.date(2025, 6, 1)) -> list[dict[str, Any]]:
    """Off course on every day."""
    count = (until - since).days + 1
    return [
        fact("revenue", "north", since + n * DAY, 80.0, "off_course", grain="day")
        | {"period_end": since + n * DAY}
        for n in range(count)
    ]


@pytest.mark.fault("E11")
@pytest.mark.parametrize("before", ["calm", "firing"])
def test_thirty_missed_days_are_one_message(koers_home: Home, night: Night, before: str) -> None:
    """The computer was off for thirty days, on each of which a figure of that day was off."""
    first = _days(dt.date(2025, 6, 1))
    if before == "calm":
        first[0] |= {"kpi_value": 95.0, "status": "on_course"}
    night(*first, also=_daily)
    known = len(messages(koers_home))
    days = _days(dt.date(2025, 7, 1))
    night(*days, also=_daily, at=NOW + 30 * DAY)
    new = messages(koers_home)[known:]
    assert len(new) == (1 if before == "calm" else 0)
    if new:
        assert len(json.loads(new[0]["dedup_keys"])) == 1
        assert "31 perioden op rij" in new[0]["body"], "it says what was missed"
    assert len({row[0] for row in published_events(koers_home.ledger)}) == 1


# E13: what is about one person


@pytest.mark.fault("E13")
def test_no_alert_about_a_person_unless_asked_for(koers_home: Home, night: Night) -> None:
    assert "individual" not in LAYERS
    assert night(fact("revenue", "p1", JUNE, 80.0, "off_course")).fired == 0
    assert messages(koers_home) == []


@pytest.mark.fault("E13")
def test_a_person_goes_only_over_channels_that_name_the_layer(
    koers_home: Home, night: Night
) -> None:
    channels = [
        HOOK,
        Channel(name="of-noor", url_env="X", owners=["noor"]),
        Channel(name="teams", url_env="X", layers=["team"]),
        Channel(name="persons", url_env="X", layers=["individual"]),
        Channel(name="persons-of-others", url_env="X", layers=["individual"], owners=["eva"]),
    ]
    person = fact("revenue", "p1", JUNE, 80.0, "off_course")
    team = fact("revenue", "south", JUNE, 80.0, "off_course")
    night(person, team, channels=channels, layers=(*LAYERS, "individual"))
    told = {row["channel"]: row["body"] for row in messages(koers_home)}
    assert sorted(told) == ["hook", "persons", "teams"]
    assert [name for name, body in told.items() if "Piet Jansen" in body] == ["persons"]


@pytest.mark.fault("E13")
def test_a_team_that_explains_a_person_does_not_name_them() -> None:
    team = judged("off_course", 80.0)
    person = judged(
        "off_course", 70.0, org_unit_id="p1", unit_name="Piet Jansen", layer="individual"
    )
    events = evaluate(
        [team, person], {}, "p1", dict[tuple[str, str], Watermark](), now=NOW,
        above={"p1": ["north"]},
    )  # fmt: skip
    (message,) = compose(events, [HOOK], publication_id="p1")
    said = message.body + message.letter.to_json()
    assert "Team Noord" in said
    assert "Piet" not in said
