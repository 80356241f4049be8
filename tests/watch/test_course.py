"""The course of a series in a message: what was published, up to the period that it is about."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from pipelines.course import histories, history
from pipelines.publication import Publication, open_publication, publish
from pipelines.settings import Channel, Home
from pipelines.watch.ledger import open_ledger
from pipelines.watch.letter import Letter, from_json
from pipelines.watch.watching import remind, watch
from tests.publication.tiny import fact, month, warehouse

NOW = dt.datetime(2025, 7, 1, 3, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
HOOK = Channel(name="hook", url_env="X")
UP = Channel(name="up", url_env="Y", escalation=True)


@pytest.fixture
def published(koers_home: Home) -> Publication:
    facts = [fact("revenue", "north", month(n), 100.0 + n, "on_course") for n in (1, 2, 3, 5)] + [
        fact("revenue", "north", month(6), 80.0, "off_course"),
        fact("revenue", "north", month(7), 1.0, "off_course", closed=False),
        fact("win_rate", "north", month(6), 95.0, "on_course"),
    ]
    warehouse(koers_home.warehouse, facts)
    return publish(koers_home.warehouse, koers_home, run_id="r", keep=2)


def letters(ledger: Path) -> list[Letter]:
    with open_ledger(ledger) as connection:
        rows = connection.execute("select letter from outbox order by message_id").fetchall()
    return [from_json(row["letter"]) for row in rows]


def test_the_closed_periods_up_to_one(published: Publication) -> None:
    wanted = [
        ("revenue", "north", month(6)),
        ("revenue", "north", month(3)),
        ("revenue", "nowhere", month(6)),
        ("win_rate", "north", month(6)),
        ("revenue", "north", month(6)),
    ]
    with open_publication(published) as facts:
        found = histories(facts, wanted)
        assert [[point.kpi_value for point in points] for points in found] == [
            [101.0, 102.0, 103.0, 105.0, 80.0],
            [101.0, 102.0, 103.0],
            [],
            [95.0],
            [101.0, 102.0, 103.0, 105.0, 80.0],
        ]
        assert histories(facts, []) == []
        assert [p.kpi_value for p in histories(facts, wanted[:1], 2)[0]] == [105.0, 80.0]
        assert history(facts, "revenue", "north") == found[0]
    assert [point.is_off_course for point in found[0]] == [False] * 4 + [True]


def test_a_message_and_its_reminder_show_it(koers_home: Home, published: Publication) -> None:
    watch(published, koers_home.ledger, [HOOK, UP], lambda: NOW)
    later = {"escalate_after": DAY, "publication": published}
    assert remind(koers_home.ledger, [HOOK, UP], lambda: NOW + 2 * DAY, **later) == 1  # type: ignore[arg-type]
    first, second = letters(koers_home.ledger)
    (told,), (again,) = first.entries, second.entries
    assert [point.kpi_value for point in told.points] == [101.0, 102.0, 103.0, 105.0, 80.0]
    assert told.course == "Verloop ▇▇▇█▁ (januari 2025 tot en met juni 2025)"
    assert again.points == told.points


def test_a_reminder_without_a_publication_is_told_without_it(
    koers_home: Home, published: Publication
) -> None:
    watch(published, koers_home.ledger, [HOOK, UP], lambda: NOW)
    published.file.unlink()
    later = {"escalate_after": DAY, "publication": published}
    assert remind(koers_home.ledger, [UP], lambda: NOW + 2 * DAY, **later) == 1  # type: ignore[arg-type]
    assert letters(koers_home.ledger)[-1].entries[0].points == ()
