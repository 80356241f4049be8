"""When things start by themselves: what each sensor asks for, and that it asks once."""

from __future__ import annotations

import datetime as dt
import json
import os
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from pipelines.defs import schedules
from pipelines.defs.dead_runs import goes_on
from pipelines.defs.schedules import (
    delivery_sensor,
    drift_sensor,
    failure_sensor,
    inbox_sensor,
    night_sensor,
)
from pipelines.engineers import OWNER
from pipelines.nights import write_down
from pipelines.publication import publish
from pipelines.settings import Channel, Home
from pipelines.status import lines, status
from pipelines.watch.ledger import open_ledger
from pipelines.watch.watching import watch
from tests.publication.tiny import fact, month, warehouse


def asked(sensor: dg.SensorDefinition, cursor: str | None = None) -> tuple[int, str | None]:
    """How many runs a tick asks for, and the cursor it leaves."""
    with dg.instance_for_test() as instance:
        context = dg.build_sensor_context(instance=instance, cursor=cursor)
        data = sensor.evaluate_tick(context)
    return len(data.run_requests or []), data.cursor


def drop(home: Home, name: str, age: float = 60) -> Path:
    file = home.inbox / "crm" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("content")
    then = file.stat().st_mtime - age
    os.utime(file, (then, then))
    return file


def test_the_inbox_is_asked_about_once_per_version_of_a_file(koers_home: Home) -> None:
    assert asked(inbox_sensor) == (0, "[]")
    file = drop(koers_home, "a.csv")
    runs, cursor = asked(inbox_sensor, "[]")
    assert runs == 1
    assert asked(inbox_sensor, cursor) == (0, cursor)
    drop(koers_home, "a.csv", age=30)
    runs, cursor = asked(inbox_sensor, cursor)
    assert runs == 1
    file.unlink()
    assert asked(inbox_sensor, cursor) == (0, "[]")


def test_a_file_that_is_being_written_waits(koers_home: Home) -> None:
    drop(koers_home, "a.csv", age=-3600)  # however slow the machine, it is not yet two seconds old
    assert asked(inbox_sensor) == (0, None)


def publication(home: Home) -> Any:
    facts = [fact("revenue", "org", month(1), 50.0, "off_course")]
    return publish(warehouse(home.warehouse, facts), home, run_id="test", keep=2)


def test_a_publication_is_asked_for_until_it_is_judged(
    koers_home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that was asked for may die: it is asked for again, later and later."""
    clock = [dt.datetime(2025, 3, 1, tzinfo=dt.UTC)]
    monkeypatch.setattr(schedules, "utc_now", lambda: clock[0])
    assert asked(drift_sensor) == (0, None)
    made = publication(koers_home)
    runs, cursor = asked(drift_sensor)
    assert runs == 1
    assert asked(drift_sensor, cursor) == (0, cursor)
    clock[0] += dt.timedelta(minutes=1)
    runs, again = asked(drift_sensor, cursor)
    assert (runs, again != cursor) == (1, True)
    clock[0] += dt.timedelta(minutes=1)
    assert asked(drift_sensor, again)[0] == 0, "twice as long"
    watch(made, koers_home.ledger)
    assert asked(drift_sensor, again) == (0, made.publication_id)
    assert asked(drift_sensor, made.publication_id) == (0, made.publication_id)


def test_nothing_is_asked_for_while_a_run_goes_on(koers_home: Home) -> None:
    publication(koers_home)
    with dg.instance_for_test() as instance:
        context = dg.build_sensor_context(instance=instance)
        waits = dg.DagsterRun(job_name="watch_publication")
        instance.add_run(waits)
        assert not drift_sensor.evaluate_tick(context).run_requests
        assert not goes_on(instance, "deliver")
        instance.report_run_failed(waits)
        assert len(drift_sensor.evaluate_tick(context).run_requests or []) == 1


def test_a_publication_that_the_nightly_run_judged_is_left_alone(koers_home: Home) -> None:
    made = publication(koers_home)
    watch(made, koers_home.ledger)
    assert asked(drift_sensor) == (0, made.publication_id)


def test_delivery_is_asked_for_while_a_message_is_due(koers_home: Home) -> None:
    assert asked(delivery_sensor)[0] == 0
    made = publication(koers_home)
    watch(made, koers_home.ledger, [Channel(name="hook", url_env="HOOK")])
    assert asked(delivery_sensor)[0] == 0, "the channel is in no koers.yaml"
    koers_home.settings_file.write_text("alerts: {channels: [{name: hook, url_env: HOOK}]}\n")
    assert asked(delivery_sensor)[0] == 1


def settings_with_channel(home: Home) -> None:
    home.settings_file.parent.mkdir(parents=True, exist_ok=True)
    channel = {"name": "hook", "url_env": "HOOK", "owners": [OWNER]}
    home.settings_file.write_text(json.dumps({"alerts": {"channels": [channel]}}))


@dg.op
def breaks() -> None:
    raise ValueError("password=hunter2")


@dg.job(executor_def=dg.in_process_executor)
def broken() -> None:
    breaks()


@pytest.mark.fault("G3")
def test_the_engineers_are_told_once_which_job_failed_and_no_secret(koers_home: Home) -> None:
    settings_with_channel(koers_home)
    with dg.instance_for_test() as instance:
        result = broken.execute_in_process(instance=instance, raise_on_error=False)
        event = result.get_run_failure_event()
        context = dg.build_run_status_sensor_context(
            sensor_name="failure_sensor",
            dagster_instance=instance,
            dagster_run=result.dagster_run,
            dagster_event=event,
        ).for_run_failure()
        failure_sensor(context)
        failure_sensor(context)
    with open_ledger(koers_home.ledger) as ledger:
        rows = ledger.execute("select channel, owner, title, body from outbox").fetchall()
    ((channel, owner, title, body),) = [tuple(row) for row in rows]
    assert (channel, owner, title) == ("hook", OWNER, "Koers: broken failed")
    assert "breaks" in body
    assert "hunter2" not in body


def test_without_a_channel_for_them_nothing_is_queued(koers_home: Home) -> None:
    from pipelines.engineers import tell_engineers
    from pipelines.settings import Settings

    assert tell_engineers(koers_home, Settings(), "key", "title", "body") == 0


@pytest.mark.fault("E10", "E11")
def test_nights_that_stay_away_are_told_once_and_again_after_a_run(koers_home: Home) -> None:
    settings_with_channel(koers_home)
    assert asked(night_sensor) == (0, None)
    now = dt.datetime.now(dt.UTC)

    def told() -> int:
        asked(night_sensor)
        with open_ledger(koers_home.ledger) as ledger:
            return int(ledger.execute("select count(*) from outbox").fetchone()[0])

    assert told() == 0, "nothing ever ran"
    write_down(koers_home, [], lambda: now - dt.timedelta(hours=29))
    assert told() == 0
    assert status(koers_home)["overdue_since"] is None
    write_down(koers_home, [], lambda: now - dt.timedelta(hours=31))
    assert (told(), told()) == (1, 1)
    assert any("Overdue" in line for line in lines(status(koers_home)))
    write_down(koers_home, ["web"], lambda: now)
    assert told() == 1
    write_down(koers_home, [], lambda: now - dt.timedelta(hours=40))
    assert told() == 2
