"""What people say to have expected: quiet, kept, and told to the build as a known event."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.core.discover import discover
from pipelines.ingest import ingest
from pipelines.publication import publish
from pipelines.settings import Home
from pipelines.settings import settings as settings_of
from pipelines.watch.expecting import (
    FILE_NAME,
    Expected,
    as_csv,
    expect,
    expected,
    put_expected,
    take_back,
)
from pipelines.watch.ledger import open_ledger, published_events
from pipelines.watch.machine import ActError
from pipelines.watch.watching import watch
from tests.publication.tiny import fact, month, warehouse

ALERT = "revenue/north/tolerance/2025-06-01"
JUNE = (dt.date(2025, 6, 1), dt.date(2025, 6, 30))
NOW = dt.datetime(2025, 7, 10, 2, tzinfo=dt.UTC)


@pytest.fixture
def fired(koers_home: Home) -> Home:
    """A home in which June of one unit is off course."""
    warehouse(koers_home.warehouse, [fact("revenue", "north", month(6), 80.0, "off_course")])
    watch(publish(koers_home.warehouse, koers_home, run_id="r", keep=2), koers_home.ledger)
    return koers_home


def holds(home: Home) -> list[Expected]:
    with open_ledger(home.ledger) as connection:
        return expected(connection)


def landed(home: Home) -> dict[str, list[dict[str, str]]]:
    """The known events of the newest load, by kind."""
    import duckdb

    from connectors.core.landing import Landing

    landing = Landing(home.landing)
    newest = landing.newest("organisation", "known_events")
    assert newest is not None
    folder = landing.load_folder("organisation", "known_events", newest.load_id)
    parts = [str(folder / part.name) for part in newest.parts]
    found: dict[str, list[dict[str, str]]] = {}
    if parts:
        # A connection of its own: the shared one may be in the midst of another test's query.
        with duckdb.connect() as db:
            rows = db.execute(
                "select record from read_parquet($parts)", {"parts": parts}
            ).fetchall()
        for (text,) in rows:
            record = json.loads(text)
            found.setdefault(record["kind"], []).append(record)
    return found


def run(home: Home, now: dt.datetime = NOW) -> None:
    """Land what the inbox of the organisation holds."""
    done = ingest(discover()["organisation"], home, settings_of(home), now=now)
    assert not done.refused


def test_it_is_quiet_kept_and_shown(fired: Home) -> None:
    told = expect(fired.ledger, "revenue/n", "eva", "summer\nfair")
    assert told.alert.at.state == "acknowledged"
    assert (told.by, told.note) == ("eva", "expected: summer fair")
    assert holds(fired) == [Expected(ALERT, "revenue", "north", *JUNE, "summer fair", "eva")]
    assert published_events(fired.ledger)[-1][4] == "acknowledged"


def test_the_build_is_told_once_beside_what_people_wrote(fired: Home) -> None:
    folder = fired.inbox / "organisation"
    folder.mkdir(parents=True)
    (folder / "known_events.csv").write_text(
        "event;kind;org_unit_id;valid_from;valid_to\nKing's Day;holiday;;27-04-2025;27-04-2025\n"
    )
    run(fired)
    expect(fired.ledger, ALERT, "eva", 'a fair; with "quotes" | and more')
    run(fired, NOW + dt.timedelta(days=1))
    found = landed(fired)
    assert [each["event"] for each in found["holiday"]] == ["King's Day"]
    [fair] = found["expected"]
    assert fair["event"] == 'a fair; with "quotes" | and more'
    assert (fair["kpi"], fair["org_unit_id"]) == ("revenue", "north")
    assert (fair["valid_from"], fair["valid_to"]) == ("2025-06-01", "2025-06-30")
    loads = list((fired.landing / "organisation" / "known_events").iterdir())
    run(fired, NOW + dt.timedelta(days=2))
    assert list((fired.landing / "organisation" / "known_events").iterdir()) == loads


def test_taken_back_it_is_gone_and_may_be_said_again(fired: Home) -> None:
    expect(fired.ledger, ALERT, "eva", "a fair")
    run(fired)
    assert "expected" in landed(fired)
    told = take_back(fired.ledger, ALERT, "noor", "it rained")
    assert told.note == "not expected after all: it rained"
    run(fired, NOW + dt.timedelta(days=1))
    assert landed(fired) == {}
    expect(fired.ledger, ALERT, "eva", "a fair")
    run(fired, NOW + dt.timedelta(days=2))
    assert [each["event"] for each in landed(fired)["expected"]] == ["a fair"]


def test_a_kill_between_ledger_and_file_is_made_good_by_the_next_run(fired: Home) -> None:
    """The act is in the ledger; nobody wrote the file."""
    expect(fired.ledger, ALERT, "eva", "a fair")
    assert not (fired.inbox / "organisation" / FILE_NAME).exists()
    run(fired)
    assert "expected" in landed(fired)
    assert not put_expected(fired)


def test_days_of_ones_own_and_the_last_word_counts(fired: Home) -> None:
    expect(fired.ledger, ALERT, "eva", "a fair", *JUNE)
    expect(fired.ledger, ALERT, "noor", "a strike", dt.date(2025, 6, 3), dt.date(2025, 6, 9))
    [says] = holds(fired)
    assert (says.since, says.until) == (dt.date(2025, 6, 3), dt.date(2025, 6, 9))
    assert (says.why, says.by) == ("a strike", "noor")


def test_what_cannot_be_is_said_in_words(fired: Home) -> None:
    with pytest.raises(ActError, match="Say why"):
        expect(fired.ledger, ALERT, "eva", "  ")
    with pytest.raises(ActError, match="lies after"):
        expect(fired.ledger, ALERT, "eva", "a fair", JUNE[1], JUNE[0])
    with pytest.raises(ActError, match="No open alert"):
        expect(fired.ledger, "revenue/x", "eva", "a fair")
    with pytest.raises(ActError, match="Nobody said"):
        take_back(fired.ledger, ALERT, "eva")
    assert holds(fired) == []


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(why=st.text(min_size=1, max_size=300).filter(lambda text: text.strip()))
def test_whatever_people_write_stays_one_cell(why: str) -> None:
    import csv

    from pipelines.security.spreadsheet import text_of
    from pipelines.watch.formats import label

    says = Expected(ALERT, "revenue", "north", *JUNE, label(why), "eva")
    [_, row] = list(csv.reader(as_csv([says]).splitlines(), delimiter=";"))
    assert text_of(row[0]) == label(why)
    assert row[4:] == ["01-06-2025", "30-06-2025"]
