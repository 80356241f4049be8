"""Which days a vendor of statistics is asked for."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.core.api.days import Calendar, Days, split
from connectors.core.api.declare import Window
from connectors.core.api.messages import MalformedError
from connectors.core.errors import CredentialsError

CALENDAR = Calendar("SINCE", "BACK", "ZONE")
DEFAULTS = {v.name: v.default or "" for v in CALENDAR.variables(3)}
NIGHT = dt.datetime(2026, 6, 1, 2, tzinfo=dt.UTC)


def asked(window: Window, **values: str) -> list[tuple[str, str]]:
    return [days.texts for days in CALENDAR.months({**DEFAULTS, **values}, window)]


def test_the_first_pull_goes_month_by_month_until_yesterday() -> None:
    found = asked(Window(None, NIGHT))
    assert found[0] == ("2024-05-01", "2024-05-31")
    assert found[-1] == ("2026-05-01", "2026-05-31")
    assert len(found) == 25
    assert asked(Window(None, NIGHT), SINCE="2026-04-10")[0] == ("2026-04-10", "2026-04-30")
    assert asked(Window(None, NIGHT), SINCE="2026-06-01") == []


def test_a_later_pull_reaches_back_some_days() -> None:
    window = Window(NIGHT - dt.timedelta(days=1), NIGHT)
    assert asked(window) == [("2026-05-28", "2026-05-31")]
    assert asked(window, BACK="0") == [("2026-05-31", "2026-05-31")]
    assert asked(window, BACK="33") == [("2026-04-28", "2026-04-30"), ("2026-05-01", "2026-05-31")]


def test_a_day_is_over_in_the_time_zone_of_the_vendor() -> None:
    late = dt.datetime(2026, 5, 31, 23, tzinfo=dt.UTC)  # the first of June in Amsterdam
    window = Window(late - dt.timedelta(days=1), late)
    assert asked(window, BACK="0") == [("2026-05-31", "2026-05-31")]
    assert asked(window, BACK="0", ZONE="America/New_York") == [("2026-05-30", "2026-05-30")]


@pytest.mark.parametrize(
    "values",
    [
        {"SINCE": "last year"},
        {"SINCE": "2026-02-30"},
        {"SINCE": "99999"},
        {"SINCE": "-1"},
        {"BACK": "x"},
        {"BACK": "401"},
        {"ZONE": "Mars/Base"},
        {"ZONE": "../etc"},
    ],
)
def test_what_cannot_be_used_is_named(values: dict[str, str]) -> None:
    [name] = values
    window = Window(None if name == "SINCE" else NIGHT, NIGHT)
    with pytest.raises(CredentialsError, match=name):
        asked(window, **values)


@given(st.dates(dt.date(2000, 1, 1), dt.date(2050, 1, 1)), st.integers(0, 900))
def test_months_leave_out_no_day_and_double_none(first: dt.date, number: int) -> None:
    whole = Days(first, first + dt.timedelta(days=number))
    parts = split(whole)
    assert [day for part in parts for day in part.each()] == whole.each()
    assert all(part.first.replace(day=1) == part.last.replace(day=1) for part in parts)


def test_an_answer_about_other_days_is_none() -> None:
    days = Days(dt.date(2026, 5, 1), dt.date(2026, 5, 31))
    days.check([{"date": "2026-05-31"}, {"date": "(other)"}, {"date": None}, None], "date")
    with pytest.raises(MalformedError, match="2026-06-01"):
        days.check([{"date": "2026-06-01"}], "date")
