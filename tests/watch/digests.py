"""A home that has been judged, for the tests of the digest."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import duckdb

from pipelines.course import histories
from pipelines.publication import Publication, open_publication
from pipelines.settings import Channel, Home
from pipelines.watch.digest.matter import Matter
from pipelines.watch.digest.reader import Reader
from pipelines.watch.digest.reading import read
from pipelines.watch.digest.timing import Span
from pipelines.watch.digest.writing import Courses, write
from pipelines.watch.ledger import open_ledger
from pipelines.watch.letter import Letter
from pipelines.watch.watching import watch
from tests.publication.tiny import fact, month, warehouse

NOW = dt.datetime(2025, 7, 1, 3, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
WEEK = Span(NOW - 6 * DAY, NOW + DAY)
HOOK = Channel(name="hook", url_env="KOERS_HOOK")

OFF = fact("revenue", "north", month(6), 80.0, "off_course")
ON = fact("revenue", "south", month(6), 95.0, "on_course")
PERSON = fact("revenue", "p1", month(6), 10.0, "off_course")


def unusual(kpi: str, unit: str, start: dt.date, value: float) -> dict[str, Any]:
    """On course, and outside 80 to 120, which is usual."""
    row = fact(kpi, unit, start, value, "on_course", lower=0.0)
    band = {"process_band_lower": 80.0, "process_band_centre": 100.0, "process_band_upper": 120.0}
    inside = 80 <= value <= 120
    said = {"process_status": "stable" if inside else "drifting"}
    return {**row, **band, **said, "process_score": (value - 100) / 20}


def night(
    home: Home, *facts: dict[str, Any], sql: Iterable[str] = (), now: dt.datetime = NOW
) -> Publication:
    """Build and watch these facts. What is judged is the warehouse itself, called a publication:
    making one takes longer than all the rest."""
    warehouse(home.warehouse, facts)
    with duckdb.connect(str(home.warehouse)) as db:
        for statement in sql:
            db.execute(statement)
    made = _publication(home, f"{now:%Y%m%dT%H%M%S%f}Z")
    watch(made, home.ledger, clock=lambda: now)
    return made


def _publication(home: Home, name: str) -> Publication:
    return Publication(
        "management", name, "r", NOW, home.warehouse, {}, "", "", "", 1, changed=True
    )


@contextmanager
def looking(home: Home, span: Span = WEEK) -> Iterator[tuple[Matter, Courses]]:
    made = _publication(home, "20250701T030000000000Z")
    with open_publication(made) as facts, open_ledger(home.ledger) as ledger:
        yield (
            read(facts, ledger, span, made.publication_id, dt.UTC),
            partial(histories, facts),
        )


def digest(home: Home, owner: str = "directie", span: Span = WEEK, **more: Any) -> Letter | None:
    """That of an owner, in English; that of the whole organisation for `directie`."""
    given = {"language": "en", "is_whole": owner == "directie", **more}
    with looking(home, span) as (matter, courses):
        return write(matter, Reader(owner, **given), courses, dt.UTC)


def told(home: Home, owner: str = "directie", span: Span = WEEK, **more: Any) -> Letter:
    letter = digest(home, owner, span, **more)
    assert letter is not None
    return letter


def sections(letter: Letter) -> dict[str, list[str]]:
    """The names of the entries, by the heading of their section."""
    return {each.heading: [entry.name for entry in each.entries] for each in letter.sections}


def facts_of(letter: Letter, name: str) -> dict[str, str]:
    """The facts of the first entry that is called so."""
    entry = next(each for each in letter.entries if each.name.startswith(name))
    return dict(entry.facts)
