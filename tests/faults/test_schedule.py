"""One night is one run, also when the clock is moved in it, or when thirty were missed."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from dagster._utils.schedules import schedule_execution_time_iterator

from pipelines.defs.jobs import nightly
from pipelines.defs.schedules import nightly_schedule

AMSTERDAM = ZoneInfo("Europe/Amsterdam")


def _ticks(since: dt.datetime, until: dt.datetime) -> list[dt.datetime]:
    schedule = nightly_schedule()
    found = []
    for tick in schedule_execution_time_iterator(
        since.timestamp(), schedule.cron_schedule, schedule.execution_timezone
    ):
        if tick >= until:
            return found
        found.append(tick)
    return found


@pytest.mark.fault("D1")
@pytest.mark.parametrize("at", ["02:15", "02:30", "03:00", "00:00"])
@pytest.mark.parametrize("zone", ["Europe/Amsterdam", "America/New_York", "Pacific/Auckland"])
def test_every_night_of_the_year_is_one_run(
    monkeypatch: pytest.MonkeyPatch, zone: str, at: str
) -> None:
    """02:15 is not there in spring, and there twice in autumn."""
    monkeypatch.setenv("KOERS_TIME_ZONE", zone)
    monkeypatch.setenv("KOERS_NIGHTLY_AT", at)
    begin = dt.datetime(2026, 1, 1, tzinfo=ZoneInfo(zone))
    ticks = _ticks(begin, begin.replace(year=2027))
    assert len(ticks) == 365
    assert len({tick.astimezone(ZoneInfo(zone)).date() for tick in ticks}) == 365
    hours = {(two - one) / dt.timedelta(hours=1) for one, two in pairwise(ticks)}
    assert min(hours) >= 23 - 0.75
    assert max(hours) <= 25 + 0.75


@pytest.mark.fault("E11")
def test_a_missed_month_is_made_up_for_by_one_run() -> None:
    """Of a schedule without partitions Dagster starts only the newest of the ticks it missed. What
    one run then tells of thirty days is in test_alerts."""
    assert nightly.partitions_def is None
    schedule = nightly_schedule()
    assert schedule.job_name == nightly.name
