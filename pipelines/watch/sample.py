"""The message that tries a channel: a made-up alert that says so, through all that a real one goes
through."""

from __future__ import annotations

import dataclasses
import datetime as dt

from pipelines.course import Point
from pipelines.settings import Channel
from pipelines.watch.drift import FIRING, TOLERANCE, Event, Judged
from pipelines.watch.machine import AlertState
from pipelines.watch.messages import compose
from pipelines.watch.outgoing import Outgoing
from pipelines.watch.text import text
from pipelines.watch.words import WORDS

_VALUES = (112, 118, 109, 121, 116, 124, 119, 113, 122, 117, 110, 84)
_TARGET, _LOWER, _USUAL = 115.0, 100.0, (103.0, 128.0)


def sample(channel: Channel, language: str, currency: str, now: dt.datetime) -> Outgoing:
    """A message to whoever reads the channel. now: aware. Its id is another each time, so that a
    second test is not taken for the first."""
    event = _event(now.date(), WORDS[language]["test_unit"])
    everybody = Channel(name=channel.name, url_env=channel.url_env)
    (message,) = compose(
        [event], [everybody], publication_id="test", language=language, currency=currency
    )
    letter = dataclasses.replace(
        message.letter,
        title=WORDS[language]["test_title"],
        opening=(WORDS[language]["test_opening"],),
    )
    return Outgoing(
        key=f"test-{now:%Y%m%dT%H%M%S%f}",
        owner=", ".join(channel.owners) or message.owner,
        title=letter.title,
        body=text(letter),
        publication_id=message.publication_id,
        channel=channel.name,
        letter=letter,
        at=now,
        is_test=True,
    )


def _event(today: dt.date, name: str) -> Event:
    starts = [_months_before(today, n) for n in range(len(_VALUES), 0, -1)]
    points = tuple(
        Point(start, float(value), _TARGET, _LOWER, None, *_USUAL, _status(value))
        for start, value in zip(starts, _VALUES, strict=True)
    )
    row = Judged(
        kpi="example",
        org_unit_id="example",
        grain="month",
        period_start=starts[-1],
        period_end=_months_before(today, 0) - dt.timedelta(days=1),
        status="off_course",
        kpi_value=float(_VALUES[-1]),
        target=_TARGET,
        band_lower=_LOWER,
        band_upper=None,
        process_status="drifting",
        process_band_lower=_USUAL[0],
        process_band_centre=sum(_USUAL) / 2,
        process_band_upper=_USUAL[1],
        process_score=None,
        known_event=None,
        definition_version=None,
        label_nl="Voorbeeld-KPI",
        label_en="Example KPI",
        unit="count",
        unit_name=name,
        layer="team",
        is_unassigned=False,
        owner="test",
        kind=TOLERANCE,
        verdict="out",
        off_since=starts[-1],
        off_periods=1,
    )
    alert_id = f"example/example/{TOLERANCE}/{row.period_start}"
    return Event(
        alert_id=alert_id,
        kind=TOLERANCE,
        state=FIRING,
        publication_id="test",
        dedup_key=f"{alert_id}#1-{FIRING}",
        since=row.period_start,
        row=row,
        at=AlertState("firing"),
        points=points,
    )


def _months_before(day: dt.date, n: int) -> dt.date:
    """The first day of the month so many before that of a day."""
    index = day.year * 12 + day.month - 1 - n
    return dt.date(index // 12, index % 12 + 1, 1)


def _status(value: float) -> str:
    return "stable" if _USUAL[0] <= value <= _USUAL[1] else "drifting"
