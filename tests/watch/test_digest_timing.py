"""When a digest is due, of which time it is, and which channels get it."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import settings as settings_of
from hypothesis import strategies as st
from pydantic import ValidationError

from pipelines.settings import Alerts, Channel, Digest, Home, Settings, settings
from pipelines.watch.digest.timing import (
    LONGEST,
    WEEKDAYS,
    Span,
    due,
    moments,
    takes_digest,
    usual_span,
)
from pipelines.watch.ledger import open_ledger, timestamp

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
DAY = dt.timedelta(days=1)
HOOK = Channel(name="hook", url_env="X")
HOME_SETTINGS = Settings(alerts=Alerts(channels=[HOOK]))
MONDAY = dt.datetime(2025, 6, 30, 8, tzinfo=AMSTERDAM)
"""The last Monday of a month, when a digest is due."""


def chosen(every: str = "week", day: str = "monday", at: str = "08:00") -> Digest:
    return Digest.model_validate({"every": every, "day": day, "at": at})


def began(ledger: Path, at: dt.datetime) -> Path:
    """A ledger that judged something for the first time then."""
    ledger.parent.mkdir(parents=True, exist_ok=True)
    with open_ledger(ledger) as connection:
        connection.execute("insert into evaluations values ('p', ?, 0, 0, 0)", [timestamp(at)])
    return ledger


def make(ledger: Path, span: Span) -> None:
    with open_ledger(ledger) as connection:
        connection.execute(
            "insert into digests values (?, ?, ?, 0)",
            [timestamp(span.until), timestamp(span.since), timestamp(span.until)],
        )


HOURS = st.integers(0, 24 * 1100).map(lambda n: MONDAY - DAY * 500 + dt.timedelta(hours=n))


@given(
    HOURS,
    st.sampled_from(["week", "month"]),
    st.sampled_from(WEEKDAYS),
    st.sampled_from(["00:00", "02:30", "08:00", "23:59"]),
)
def test_moments_are_on_their_day_and_never_ahead(
    now: dt.datetime, every: str, day: str, at: str
) -> None:
    each = moments(chosen(every, day, at), AMSTERDAM, now)
    found = [next(each) for _ in range(4)]
    assert found[0] <= now
    assert now - found[0] <= dt.timedelta(days=7 if every == "week" else 35, hours=1)
    for later, earlier in pairwise(found):
        days = (later.astimezone(AMSTERDAM).date() - earlier.astimezone(AMSTERDAM).date()).days
        assert days == 7 if every == "week" else days in (28, 35)
    for moment in found:
        local = moment.astimezone(AMSTERDAM)
        assert WEEKDAYS[local.weekday()] == day
        assert every == "week" or local.day <= 7
        # On the night the clock goes forward there is no 02:30.
        assert f"{local:%H:%M}" == at or (at, f"{local:%H:%M}") == ("02:30", "03:30")


@settings_of(max_examples=12)
@given(st.lists(st.integers(1, 30 * 24), min_size=1, max_size=12))
def test_every_moment_is_in_one_digest(
    tmp_path_factory: pytest.TempPathFactory, hours: list[int]
) -> None:
    """Looked at after any waits: what is told follows on what was told, within what may be old."""
    ledger = began(tmp_path_factory.mktemp("home") / "ledger.sqlite", MONDAY - 3 * DAY)
    given_by = HOME_SETTINGS
    now, made = MONDAY - 2 * DAY, []
    for wait in hours:
        now += dt.timedelta(hours=wait)
        span = due(ledger, given_by, now)
        if span is not None:
            assert span.since < span.until <= now
            make(ledger, span)
            made.append(span)
        assert due(ledger, given_by, now) is None, "a time is told once"
    for one, other in pairwise(made):
        assert other.since == max(one.until, other.until - LONGEST["week"])
    expected = next(moments(given_by.alerts.digest, AMSTERDAM, now))
    assert not made or made[-1].until == expected


def test_the_first_is_due_after_koers_began(tmp_path: Path) -> None:
    ledger, given_by = tmp_path / "ledger.sqlite", HOME_SETTINGS
    assert due(ledger, given_by, MONDAY) is None
    assert not ledger.exists(), "looking makes nothing"
    began(ledger, MONDAY + DAY)
    assert due(ledger, given_by, MONDAY + 2 * DAY) is None, "no digest of before"
    following = MONDAY + 7 * DAY
    assert due(ledger, given_by, following) == Span(MONDAY, following)


def test_none_is_due_where_nobody_gets_one(tmp_path: Path) -> None:
    ledger = began(tmp_path / "ledger.sqlite", MONDAY - DAY)
    assert due(ledger, HOME_SETTINGS, MONDAY) is not None
    silent = HOOK.model_copy(update={"digest": False})
    for alerts, end_date in (
        (Alerts(channels=[]), None),
        (Alerts(channels=[silent]), None),
        (Alerts(channels=[HOOK], digest=chosen("off")), None),
        (Alerts(channels=[HOOK]), dt.date(2017, 12, 31)),
    ):
        assert due(ledger, Settings(alerts=alerts, end_date=end_date), MONDAY) is None


@pytest.mark.parametrize(
    ("said", "takes"),
    [
        ({}, True),
        ({"owners": ["eva", "data"]}, True),
        ({"owners": ["data"]}, False),
        ({"owners": ["data"], "digest": True}, True),
        ({"escalation": True}, False),
        ({"escalation": True, "digest": True}, True),
        ({"secret_env": "S"}, False),
        ({"digest": False}, False),
    ],
)
def test_which_channels_get_digests(said: dict[str, object], takes: bool) -> None:
    channel = Channel.model_validate({"name": "c", "url_env": "X", **said})
    assert takes_digest(channel) is takes


def test_a_signed_webhook_takes_none() -> None:
    with pytest.raises(ValidationError, match="takes no digest"):
        Channel(name="c", url_env="X", secret_env="S", digest=True)


def test_settings_are_what_people_write(koers_home: Home) -> None:
    """Unquoted too: YAML reads `off` as false, and 10:00 as six hundred."""
    koers_home.root.mkdir()
    koers_home.settings_file.write_text("alerts: {digest: {every: off, day: friday, at: 10:00}}\n")
    found = settings(koers_home).alerts.digest
    assert (found.every, found.day, found.at) == ("off", "friday", "10:00")


@pytest.mark.parametrize("wrong", [{"at": "25:00"}, {"every": True}, {"day": "maandag"}])
def test_settings_that_are_none_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Digest.model_validate(wrong)


def test_the_usual_time_is_a_week_or_a_month() -> None:
    until = dt.datetime(2025, 3, 31, 12, tzinfo=AMSTERDAM)
    assert usual_span(chosen(), AMSTERDAM, until).days(AMSTERDAM)[0] == dt.date(2025, 3, 24)
    assert usual_span(chosen("month"), AMSTERDAM, until).days(AMSTERDAM)[0] == dt.date(2025, 2, 28)


def test_midnight_ends_the_day_before_it() -> None:
    midnight = dt.datetime(2025, 7, 1, tzinfo=AMSTERDAM)
    first, last = Span(midnight - DAY, midnight).days(AMSTERDAM)
    assert first == last == dt.date(2025, 6, 30)
