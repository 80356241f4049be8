"""Digests through the outbox: once per owner, channel and time, whatever happens on the way."""

from __future__ import annotations

import datetime as dt
import json
import signal
from contextlib import nullcontext
from typing import Any

import duckdb
import pytest

from pipelines.defs.digest import digest as digest_job
from pipelines.defs.digest import digest_sensor
from pipelines.nightly import nightly
from pipelines.publication import current, publish
from pipelines.settings import Home, settings
from pipelines.watch.delivery import deliver
from pipelines.watch.digest.making import make_due, queue_now
from pipelines.watch.digest.timing import Span
from pipelines.watch.ledger import open_ledger, published_events
from pipelines.watch.now import digest_now
from pipelines.watch.outgoing import Outgoing
from pipelines.watch.watching import watch
from tests.commands import koers
from tests.orchestration.test_sensors import asked
from tests.publication.tiny import fact, month, warehouse
from tests.watch.receiver import receiving
from tests.zygote import forked

BEGAN = dt.datetime(2025, 7, 1, 3, tzinfo=dt.UTC)
DUE = dt.datetime(2025, 7, 7, 6, tzinfo=dt.UTC)
"""Monday, 08:00 in Amsterdam."""
CHANNELS = [
    {"name": "all", "url_env": "ALL"},
    {"name": "teams", "url_env": "TEAMS", "owners": ["noor", "eva", "directie"]},
    {"name": "board", "url_env": "BOARD", "owners": ["directie"], "language": "en"},
    {"name": "engineers", "url_env": "ENGINEERS", "owners": ["data"]},
]


@pytest.fixture
def home(koers_home: Home) -> Home:
    """Team Noord is off course; its alert was told to nobody, since there were no channels."""
    off = [fact("revenue", "north", month(6), 80.0, "off_course")]
    warehouse(koers_home.warehouse, off)
    published = publish(koers_home.warehouse, koers_home, run_id="r", keep=2)
    watch(published, koers_home.ledger, clock=lambda: BEGAN)
    chosen(koers_home, CHANNELS)
    return koers_home


def chosen(home: Home, channels: list[dict[str, Any]], **alerts: Any) -> None:
    home.settings_file.write_text(json.dumps({"alerts": {"channels": channels, **alerts}}))


def make(home: Home, now: dt.datetime) -> int:
    return make_due(home, settings(home), lambda: now)


def outbox(home: Home) -> list[tuple[str, str, str]]:
    with open_ledger(home.ledger) as ledger:
        rows = ledger.execute("select channel, owner, title from outbox order by channel, owner")
        return [tuple(row) for row in rows]


def test_each_gets_theirs_and_the_head_that_of_everything(home: Home) -> None:
    assert make(home, DUE) == 4
    dutch = "Koers: Overzicht tot en met 7 juli 2025: 1 uit koers"
    assert outbox(home) == [
        ("all", "directie", dutch),
        ("board", "directie", "Koers: Digest up to 7 July 2025: 1 off course"),
        ("teams", "directie", dutch),
        ("teams", "noor", dutch),
    ], "nothing is to be said to eva"


def test_it_is_made_once_and_made_up_once(home: Home) -> None:
    assert make(home, DUE - dt.timedelta(seconds=1)) == 0
    assert [make(home, DUE), make(home, DUE)] == [4, 0]
    three_weeks = DUE + dt.timedelta(days=23)
    assert [make(home, three_weeks), make(home, three_weeks)] == [4, 0]
    with open_ledger(home.ledger) as ledger:
        spans = ledger.execute("select since, until, messages from digests order by until")
        (first, second) = (tuple(row) for row in spans)
    assert first == ("2025-06-30T06:00:00.000000+00:00", "2025-07-07T06:00:00.000000+00:00", 4)
    assert second == (first[1], "2025-07-28T06:00:00.000000+00:00", 4)


def test_nothing_to_say_sends_nothing_and_is_done(home: Home) -> None:
    warehouse(home.warehouse, [fact("revenue", "north", month(6), 95.0, "on_course")])
    made = publish(home.warehouse, home, run_id="r", keep=2)
    watch(made, home.ledger, clock=lambda: BEGAN)
    later = DUE + dt.timedelta(days=7)
    make(home, DUE)  # it came back
    assert make(home, later) == 0
    with open_ledger(home.ledger) as ledger:
        assert ledger.execute("select count(*) from digests").fetchone()[0] == 2


@pytest.mark.fault("A1", "E2")
@pytest.mark.parametrize("place", ["digest.queues", "digest.before_commit"])
def test_a_crash_leaves_all_of_it_or_nothing(home: Home, place: str) -> None:
    done = forked("tests.watch.child", "digest", str(home.root), KOERS_FAILPOINT=place)
    assert done.returncode == -signal.SIGKILL
    assert outbox(home) == []
    assert forked("tests.watch.child", "digest", str(home.root)).returncode == 0
    assert len(outbox(home)) == 4


def test_without_a_daemon_the_nightly_run_makes_it(home: Home) -> None:
    """Also on a night with nothing to read or to build."""
    nightly(home, settings(home), [], nullcontext)  # type: ignore[arg-type]
    assert len(outbox(home)) == 4
    nightly(home, settings(home), [], nullcontext)  # type: ignore[arg-type]
    assert len(outbox(home)) == 4


def test_one_that_cannot_be_made_holds_up_no_run(
    home: Home, caplog: pytest.LogCaptureFixture
) -> None:
    """Such as of a publication that was made by a much older Koers."""
    published = current(home)
    assert published is not None
    with duckdb.connect(str(published.file)) as db:
        db.execute("drop table dim_kpi cascade")
    assert digest_now(home, settings(home)) == 0
    assert "No digest can be made" in caplog.text
    assert outbox(home) == []


def test_by_hand_it_is_sent_once_too(home: Home) -> None:
    span = Span(DUE - dt.timedelta(days=7), DUE)
    given = settings(home)
    assert queue_now(home, given, span, "noor") == 1
    assert queue_now(home, given, span, "noor") == 0
    assert make(home, DUE) == 4
    assert len(outbox(home)) == 4, "what was sent by hand is not sent again"


def test_quiet_hours_hold_and_alerts_know_nothing_of_it(home: Home) -> None:
    quiet = {"quiet_from": "07:00", "quiet_until": "09:00"}
    chosen(home, [{"name": "teams", "url_env": "TEAMS", "owners": ["noor"], **quiet}])
    make(home, DUE)
    sent: list[Outgoing] = []

    def run(now: dt.datetime) -> int:
        given = settings(home)
        done = deliver(
            home.ledger,
            given.alerts.channels,
            lambda: now,
            send=lambda _, message: sent.append(message),
            environment={"TEAMS": "x"},
            zone=given.zone,
        )
        return done.sent

    assert [run(DUE), run(DUE + dt.timedelta(hours=1))] == [0, 1]
    assert sent[0].letter is not None
    assert "Team Noord" in sent[0].body
    (event,) = published_events(home.ledger)
    assert json.loads(event[9])["deliveries"] == []


def test_the_organisations_goes_to_whom_the_settings_name(home: Home) -> None:
    chosen(home, CHANNELS[:2], digest={"organisation": ["eva"]})
    make(home, DUE)
    assert [row[:2] for row in outbox(home)] == [
        ("all", "eva"),
        ("teams", "eva"),
        ("teams", "noor"),
    ]


def test_a_language_is_the_channels_or_the_owners(home: Home) -> None:
    chosen(home, CHANNELS[1:2], languages={"noor": "en"})
    make(home, DUE)
    assert [title.split(" ")[1] for _, _, title in outbox(home)] == ["Overzicht", "Digest"]


def test_the_sensor_asks_once_until_it_is_made(home: Home) -> None:
    runs, cursor = asked(digest_sensor)
    assert runs == 1
    assert asked(digest_sensor, cursor) == (0, cursor), "it was asked for"
    assert digest_job.execute_in_process().success
    assert outbox(home)
    assert asked(digest_sensor)[0] == 0


def test_the_command_shows_and_sends(home: Home) -> None:
    with receiving() as webhook:
        hook = {"name": "hook", "url_env": "HOOK", "owners": ["noor", "eva"]}
        chosen(home, [hook], language="en")
        shown = koers(home, "digest", "--owner", "noor", "--from", "2025-06-30")
        assert shown.returncode == 0, shown.stderr
        assert "Off course (1)" in shown.stdout
        assert "Revenue, Team Noord, June 2025" in shown.stdout
        assert outbox(home) == [], "looking sends nothing"
        days = ("--from", "2025-06-30", "--until", "2025-07-06")
        sent = koers(home, "digest", "--send", *days, HOOK=webhook.url)
        assert sent.stdout == "Digests made: 1; messages sent: 1, waiting: 0.\n", sent.stderr
    assert [body["title"] for body in webhook.got] == [
        "Koers: Digest up to 6 July 2025: 1 off course"
    ]


def test_the_command_says_whose_there_are(home: Home) -> None:
    told = koers(home, "digest", "--owner", "nobody")
    assert told.returncode == 2
    assert "directie" in told.stderr
