"""The watch over the past tells what the watch of those nights told."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from pipelines.publication import publish
from pipelines.settings import Home
from pipelines.watch.ledger import published_events
from pipelines.watch.replay import Change, episodes, past, replay
from pipelines.watch.watching import watch
from tests.commands import koers
from tests.publication.tiny import fact, month, warehouse

VALUES = {"north": (95, 80, 80, 95, 85, 95), "org": (95, 95, 80, 80, 95, 95)}


def facts(months: int = 6) -> list[dict[str, Any]]:
    """Revenue against a target of 100, of which 90 is agreed."""
    return [
        fact(
            "revenue",
            unit,
            month(1 + n),
            float(value),
            "on_course" if value >= 90 else "off_course",
        )
        for unit, values in VALUES.items()
        for n, value in enumerate(values[:months])
    ]


@pytest.fixture
def file(koers_home: Home) -> Path:
    warehouse(koers_home.warehouse, facts())
    return publish(koers_home.warehouse, koers_home, run_id="r", keep=1).file


def test_it_tells_what_the_nights_told(koers_home: Home, file: Path) -> None:
    live = Home(koers_home.root / "live")
    for months in range(1, 7):
        warehouse(live.warehouse, facts(months))
        published = publish(live.warehouse, live, run_id="r", keep=1)
        watch(published, live.ledger)
    told = [(row[8], row[4]) for row in published_events(live.ledger)]
    with past(file) as read:
        replayed = [(e.dedup_key, e.state) for _, events in replay(read) for e in events]
    assert replayed == told
    assert len(told) > 4


def test_episodes_begin_and_end_on_the_night_after_the_period(file: Path) -> None:
    with past(file, "revenue") as read:
        found = episodes(replay(read))
    assert [(e.alert_id, e.raised, e.over) for e in found] == [
        ("revenue/north/tolerance/2025-02-01", dt.date(2025, 3, 1), dt.date(2025, 5, 1)),
        ("revenue/org/tolerance/2025-03-01", dt.date(2025, 4, 1), dt.date(2025, 6, 1)),
        ("revenue/north/tolerance/2025-05-01", dt.date(2025, 6, 1), dt.date(2025, 7, 1)),
    ]


@pytest.mark.parametrize(
    ("change", "number"),
    [
        (Change(), 3),
        (Change(tolerance=0.16), 2),
        (Change(tolerance=0.25), 0),
        (Change(tolerance=0.0), 2),
        (Change(fire=2, of=2), 2),
        (Change(fire=3, of=3), 0),
        (Change(recover=2), 2),
    ],
)
def test_other_settings_tell_more_or_less(file: Path, change: Change, number: int) -> None:
    with past(file, "revenue", change) as read:
        assert len(episodes(replay(read))) == number


def test_the_publication_stays_as_it_is(file: Path) -> None:
    before = file.read_bytes()
    with past(file, "revenue", Change(tolerance=0.0)) as read:
        list(replay(read))
    assert file.read_bytes() == before


def test_the_command(koers_home: Home, file: Path) -> None:
    done = koers(koers_home, "alerts", "simulate", "revenue", "--tolerance", "0.25")
    assert done.returncode == 0, done.stderr
    assert "As it is: 3 alerts from 2025-01-31 to 2025-06-30" in done.stdout
    assert "As you ask: 0 alerts" in done.stdout
    longer = koers(koers_home, "alerts", "simulate", "revenue", "--for", "2 of 2", "--unit", "org")
    assert "As you ask: 1 alerts" in longer.stdout
    assert koers(koers_home, "alerts", "simulate", "revenue", "--for", "3 of 2").returncode == 2
    nothing = koers(koers_home, "alerts", "simulate", "nothing")
    assert (nothing.returncode, "is no KPI" in nothing.stdout) == (1, True)
