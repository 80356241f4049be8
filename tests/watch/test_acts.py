"""What people do about alerts, in the ledger and at the command line."""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
from collections.abc import Callable
from typing import Any

import pytest

from pipelines.engineers import due_messages
from pipelines.publication import publish
from pipelines.settings import Alerts, Channel, Home, Settings
from pipelines.watch import ledger as ledgers
from pipelines.watch.acts import acknowledge, silence, snooze
from pipelines.watch.delivery import Outgoing, deliver
from pipelines.watch.drift import Silence
from pipelines.watch.history import latest
from pipelines.watch.ledger import LedgerError, open_alerts, open_ledger, published_events
from pipelines.watch.machine import ActError
from pipelines.watch.watching import remind, watch
from tests.commands import koers
from tests.publication.tiny import fact, month, warehouse

NOW = dt.datetime(2025, 7, 1, 3, tzinfo=dt.UTC)
JUNE = month(6)
DAY = dt.timedelta(days=1)
HOOK = Channel(name="hook", url_env="KOERS_HOOK")
HOOKED = Settings(alerts=Alerts(channels=[HOOK], escalate_after_days=2))
ALERT = "revenue/north/tolerance/2025-06-01"

Night = Callable[..., None]


@pytest.fixture
def night(koers_home: Home) -> Night:
    def run(*facts: dict[str, Any], at: dt.datetime = NOW) -> None:
        warehouse(koers_home.warehouse, facts)
        published = publish(koers_home.warehouse, koers_home, run_id="r", keep=2)
        watch(published, koers_home.ledger, [HOOK], lambda: at)

    return run


def off(start: dt.date = JUNE) -> dict[str, Any]:
    return fact("revenue", "north", start, 80.0, "off_course")


def on(start: dt.date = JUNE) -> dict[str, Any]:
    return fact("revenue", "north", start, 95.0, "on_course")


def events(home: Home) -> list[tuple[str, str | None]]:
    return [(row[4], json.loads(row[9]).get("by")) for row in published_events(home.ledger)]


def messages(home: Home) -> list[str]:
    with open_ledger(home.ledger) as ledger:
        return [row["title"] for row in ledger.execute("select title from outbox order by 1")]


def test_an_acknowledged_alert_stays_quiet_until_it_is_over(koers_home: Home, night: Night) -> None:
    night(off())
    told = acknowledge(koers_home.ledger, "revenue/north", "eva", "looking into it")
    assert (told.alert.at.state, told.by, told.note) == ("acknowledged", "eva", "looking into it")
    night(off(), off(month(7)))
    assert events(koers_home) == [("firing", None), ("acknowledged", "eva")]
    assert open_alerts(koers_home.ledger) == 1
    night(off(), off(month(7)), on(month(8)))
    assert events(koers_home)[-1] == ("resolved", None)
    assert open_alerts(koers_home.ledger) == 0
    assert len(messages(koers_home)) == 2


@pytest.mark.fault("E9")
def test_a_snooze_ends_without_a_new_publication(koers_home: Home, night: Night) -> None:
    night(off())
    snooze(koers_home.ledger, ALERT, NOW + 2 * DAY, "eva", clock=lambda: NOW)
    assert due_messages(koers_home, HOOKED, lambda: NOW + DAY) == 1, "the first message alone"
    assert remind(koers_home.ledger, [HOOK], lambda: NOW + DAY) == 0
    assert due_messages(koers_home, HOOKED, lambda: NOW + 2 * DAY) == 2
    assert remind(koers_home.ledger, [HOOK], lambda: NOW + 2 * DAY) == 1
    assert remind(koers_home.ledger, [HOOK], lambda: NOW + 2 * DAY) == 0
    assert [state for state, _ in events(koers_home)] == ["firing", "snoozed", "firing"]
    assert len(messages(koers_home)) == 2


def test_a_snooze_of_what_is_over_reminds_of_nothing(koers_home: Home, night: Night) -> None:
    night(off())
    snooze(koers_home.ledger, ALERT, NOW + 40 * DAY, "eva", clock=lambda: NOW)
    night(off(), on(month(7)), at=NOW + DAY)
    assert remind(koers_home.ledger, [HOOK], lambda: NOW + 50 * DAY) == 0
    assert events(koers_home)[-1][0] == "resolved"


def test_what_nobody_acknowledges_in_time_goes_up_once(koers_home: Home, night: Night) -> None:
    up = Channel(name="up", url_env="KOERS_UP", escalation=True)
    after = {"language": "en", "escalate_after": 2 * DAY}
    night(off())
    assert remind(koers_home.ledger, [HOOK, up], lambda: NOW + DAY, **after) == 0  # type: ignore[arg-type]
    assert remind(koers_home.ledger, [HOOK, up], lambda: NOW + 2 * DAY, **after) == 1  # type: ignore[arg-type]
    assert remind(koers_home.ledger, [HOOK, up], lambda: NOW + 9 * DAY, **after) == 0  # type: ignore[arg-type]
    with open_ledger(koers_home.ledger) as ledger:
        told = ledger.execute("select channel, title from outbox order by message_id").fetchall()
    assert [row["channel"] for row in told] == ["hook", "up"]
    assert told[1]["title"].endswith("is off course (June 2025): nobody works on it")


def test_what_somebody_works_on_does_not_go_up(koers_home: Home, night: Night) -> None:
    night(off())
    acknowledge(koers_home.ledger, ALERT, "eva")
    assert remind(koers_home.ledger, [], lambda: NOW + 9 * DAY, escalate_after=DAY) == 0


@pytest.mark.fault("E9")
def test_quiet_hours_hold_messages_back(koers_home: Home, night: Night) -> None:
    night(off())
    hook = HOOK.model_copy(update={"quiet_from": "22:00", "quiet_until": "07:00"})
    chosen = Settings(alerts=Alerts(channels=[hook]))
    sent: list[str] = []

    def send(url: str, message: Outgoing) -> None:
        sent.append(message.title)

    for hour, number in ((3, 0), (5, 1), (12, 1)):  # UTC: 05:00, 07:00 and 14:00 in Amsterdam
        moment = NOW.replace(hour=hour)
        assert due_messages(koers_home, chosen, lambda at=moment: at) == (1 - len(sent)) * (
            hour != 3
        )  # type: ignore[misc]
        deliver(
            koers_home.ledger,
            [hook],
            lambda at=moment: at,  # type: ignore[misc]
            send=send,
            environment={"KOERS_HOOK": "json://x"},
            zone=chosen.zone,
        )
        assert len(sent) == number
    assert not HOOK.is_quiet(NOW)
    with pytest.raises(ValueError, match="go together"):
        Channel(name="x", url_env="X", quiet_from="22:00")


@pytest.mark.fault("E9")
def test_a_silence_keeps_quiet_and_is_made_up_for(koers_home: Home, night: Night) -> None:
    holds = Silence(NOW - DAY, NOW + DAY, kpi="revenue")
    silence(koers_home.ledger, holds, "eva", "moving house", clock=lambda: NOW)
    night(off())
    assert messages(koers_home) == []
    assert open_alerts(koers_home.ledger) == 1
    night(off(), off(month(7)), at=NOW + DAY)
    assert len(messages(koers_home)) == 1
    with pytest.raises(ActError, match="end after"):
        silence(koers_home.ledger, Silence(NOW, NOW), "eva", "", clock=lambda: NOW)


def test_acts_on_what_is_not_open_say_so(koers_home: Home, night: Night) -> None:
    night(on())
    with pytest.raises(ActError, match="koers alerts list"):
        acknowledge(koers_home.ledger, "revenue", "eva")
    night(off(), at=NOW + DAY)
    night(on(), at=NOW + 2 * DAY)
    with pytest.raises(ActError, match="It is resolved"):
        acknowledge(koers_home.ledger, ALERT, "eva")


def test_a_beginning_that_fits_several_alerts_is_refused(koers_home: Home, night: Night) -> None:
    rate = fact("win_rate", "north", month(6), 0.1, "off_course", target=0.2, lower=0.18)
    night(off(), rate)
    with pytest.raises(ActError, match=r"(?s)2 alerts begin with.*win_rate/north"):
        acknowledge(koers_home.ledger, "", "eva")


def test_the_commands(koers_home: Home, night: Night) -> None:
    assert "No publication was judged" in koers(koers_home, "alerts", "list").stdout
    night(off())
    listed = koers(koers_home, "alerts", "list")
    assert listed.returncode == 0, listed.stderr
    assert listed.stdout == (
        f"Firing (1)\n  Revenue, Team Noord: off course since 2025-06-01, noor\n    {ALERT}\n"
    )
    as_json = json.loads(koers(koers_home, "alerts", "list", "--json").stdout)
    assert [(a["alert_id"], a["state"]) for a in as_json["alerts"]] == [(ALERT, "firing")]
    why = koers(koers_home, "alerts", "why", "revenue", "north").stdout
    assert "Against what is agreed: out.\n  1 of the last 1 periods out (fires at 1)" in why
    assert "Value €80.00, target €100.00, tolerance band from €90.00." in why
    assert koers(koers_home, "alerts", "why", "revenue", "nowhere").returncode == 1

    done = koers(koers_home, "alerts", "ack", "revenue/n", "--by", "eva", "--note", "on it")
    assert done.stdout.startswith("Acknowledged (1)")
    shown = koers(koers_home, "alerts", "show", ALERT).stdout
    assert "acknowledged, by eva: on it" in shown
    assert "noor over hook, not sent yet" in shown
    told = json.loads(koers(koers_home, "alerts", "show", ALERT, "--json").stdout)
    assert [event["by"] for event in told["events"]] == [None, "eva"]
    snoozed = koers(koers_home, "alerts", "snooze", ALERT, "--days", "3", "--by", "eva")
    assert snoozed.stdout.startswith("Snoozed (1)")
    assert "until " in snoozed.stdout
    assert koers(koers_home, "alerts", "snooze", ALERT).returncode == 2
    refused = koers(koers_home, "alerts", "snooze", ALERT, "--until", "2020-01-01")
    assert (refused.returncode, "is past" in refused.stderr) == (1, True)
    silent = koers(koers_home, "alerts", "silence", "holiday", "--days", "3", "--owner", "noor")
    assert silent.returncode == 0, silent.stderr
    assert "  1: Silence of noor until" in koers(koers_home, "alerts", "list").stdout
    assert koers(koers_home, "alerts", "unsilence", "1", "--by", "eva").returncode == 0
    assert "Silence" not in koers(koers_home, "alerts", "list").stdout
    assert "Traceback" not in koers(koers_home, "alerts", "ack", "nothing").stderr


def test_the_test_message_says_whether_it_was_taken(koers_home: Home) -> None:
    assert koers(koers_home, "alerts", "test").returncode == 1
    koers_home.root.mkdir(parents=True, exist_ok=True)
    koers_home.settings_file.write_text("alerts: {channels: [{name: hook, url_env: KOERS_HOOK}]}\n")
    done = koers(koers_home, "alerts", "test", KOERS_HOOK="json://127.0.0.1:9/?token=hidden-one")
    assert done.returncode == 1
    assert done.stdout.startswith("hook")
    assert "hidden-one" not in done.stdout + done.stderr


def test_a_ledger_of_before_goes_on(
    koers_home: Home, night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the first Koers wrote it: no silences, and events that say less."""
    koers_home.ledger.parent.mkdir(parents=True, exist_ok=True)
    with monkeypatch.context() as old:
        old.setattr(ledgers, "_SCHEMA", ledgers._SCHEMA[:1])
        old.setattr(ledgers, "SCHEMA_VERSION", 1)
        with open_ledger(koers_home.ledger) as ledger:
            ledger.execute(
                "insert into alert_events values (1, ?, 'revenue', 'north', 'tolerance', 'firing',"
                " '2025-06-01T00:00:00.000000+00:00', '2025-05-01', 'p', ?, ?)",
                [
                    "revenue/north/tolerance/2025-05-01",
                    "revenue/north/tolerance/2025-05-01#1-firing",
                    _detail_of_before(),
                ],
            )
    with open_ledger(koers_home.ledger) as ledger:
        (told,) = latest(ledger).values()
        assert ledger.execute("pragma user_version").fetchone()[0] == ledgers.SCHEMA_VERSION
    assert (told.alert.at.state, told.alert.at.is_told, told.row.owner) == ("firing", True, "noor")
    night(off(month(5)), off())
    assert messages(koers_home) == [], "it was told then"
    night(off(month(5)), off(), on(month(7)))
    assert [state for state, _ in events(koers_home)] == ["firing", "resolved"]
    assert len(messages(koers_home)) == 1


def _detail_of_before() -> str:
    said = {
        "since": "2025-05-01", "grain": "month", "period_end": "2025-05-31",
        "status": "off_course", "kpi_value": 80.0, "target": 100.0, "band_lower": 90.0,
        "band_upper": None, "definition_version": "1", "label_nl": "Omzet", "label_en": "Revenue",
        "unit": "currency", "unit_name": "Team Noord", "layer": "team", "owner": "noor",
        "off_since": "2025-05-01", "off_periods": 1, "off_of_last": 1, "fire_periods": 1,
        "of_periods": 1,
    }  # fmt: skip
    return json.dumps(said)


def test_all_or_nothing(koers_home: Home, night: Night, monkeypatch: pytest.MonkeyPatch) -> None:
    """An act that fails half-way leaves the ledger as it was."""
    night(off())
    monkeypatch.setattr("pipelines.watch.acts.latest", _broken)
    with pytest.raises(LedgerError):
        acknowledge(koers_home.ledger, ALERT, "eva")
    assert [state for state, _ in events(koers_home)] == ["firing"]


def _broken(connection: sqlite3.Connection) -> Any:
    if connection.execute("select count(*) from alert_events").fetchone()[0] > 1:
        raise sqlite3.OperationalError("disk I/O error")
    return latest(connection)
