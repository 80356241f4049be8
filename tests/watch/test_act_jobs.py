"""The acts as Dagster jobs, as somebody launches them from the UI."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.test_utils import environ, instance_for_test, poll_for_finished_run
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import PythonFileTarget
from dagster_graphql.schema import create_schema

from pipelines.defs.acts import (
    ACTS,
    Acknowledge,
    Act,
    EndSilence,
    ExpectAlert,
    NotExpected,
    SilenceAlerts,
    Snooze,
    act_job,
)
from pipelines.publication import publish
from pipelines.settings import PROJECT_DIR, Home
from pipelines.watch.expecting import FILE_NAME
from pipelines.watch.history import silences
from pipelines.watch.ledger import open_ledger, published_events
from pipelines.watch.watching import watch
from tests.publication.tiny import fact, month, warehouse

ALERT = "revenue/north/tolerance/2025-06-01"
OFF = fact("revenue", "north", month(6), 80.0, "off_course")


@pytest.fixture(autouse=True)
def alerting(koers_home: Home) -> Iterator[Home]:
    warehouse(koers_home.warehouse, [OFF])
    watch(publish(koers_home.warehouse, koers_home, run_id="r", keep=2), koers_home.ledger)
    with environ({"KOERS_HOME": str(koers_home.root)}):
        yield koers_home


def launched(act: type[Act], **form: Any) -> tuple[bool, str]:
    """Whether it was done, and what the run said."""
    result = act_job(act).execute_in_process(
        run_config={"ops": {f"{act.job}_now": {"config": form}}}, raise_on_error=False
    )
    failures = [e for e in result.all_events if e.event_type_value == "STEP_FAILURE"]
    said = failures[0].step_failure_data.user_failure_data if failures else None
    return result.success, str(said.description) if said else ""


def last(home: Home) -> tuple[str, str | None, str | None]:
    row = published_events(home.ledger)[-1]
    detail = json.loads(row[9])
    return row[4], detail.get("by"), detail.get("note")


def test_what_was_expected_and_then_was_not(koers_home: Home) -> None:
    assert launched(ExpectAlert, alert="revenue/n", by="eva", why="a fair", until="2025-06-09")[0]
    assert last(koers_home) == ("acknowledged", "eva", "expected: a fair")
    file = koers_home.inbox / "organisation" / FILE_NAME
    assert "a fair;expected;north;revenue;01-06-2025;09-06-2025" in file.read_text("utf-8")
    assert launched(NotExpected, alert=ALERT, by="noor", note="rain")[0]
    assert last(koers_home)[1:] == ("noor", "not expected after all: rain")
    assert "a fair" not in file.read_text("utf-8")
    done, said = launched(ExpectAlert, alert=ALERT, by="eva", why="a fair", since="june")
    assert not done
    assert "june is no day" in said


def test_acknowledge_and_snooze(koers_home: Home) -> None:
    assert launched(Acknowledge, alert="revenue/n", by="eva", note="on it")[0]
    assert last(koers_home) == ("acknowledged", "eva", "on it")
    assert launched(Snooze, alert=ALERT, by="noor", days=3)[0]
    assert last(koers_home) == ("snoozed", "noor", None)


def test_a_silence_and_its_end(koers_home: Home) -> None:
    now = dt.datetime.now(dt.UTC)
    assert launched(SilenceAlerts, by="eva", reason="moving", kpi="revenue", until="2999-01-01")[0]
    later = now + dt.timedelta(minutes=1)
    with open_ledger(koers_home.ledger) as ledger:
        (holds,) = silences(ledger, later)
        assert (holds.kpi, holds.owner) == ("revenue", None)
        number = ledger.execute("select silence_id from silences").fetchone()[0]
    assert launched(EndSilence, by="noor", number=number, note="moved")[0]
    with open_ledger(koers_home.ledger) as ledger:
        assert silences(ledger, later) == []
        row = ledger.execute("select by, reason from silences").fetchone()
    assert row["by"] == "eva"
    assert row["reason"].startswith("moving (ended by noor on ")
    assert launched(EndSilence, by="noor", number=number) == (
        False,
        f"No silence {number} holds: koers alerts list names those that do.",
    )


@pytest.mark.parametrize(
    ("act", "form", "said"),
    [
        (Acknowledge, {"alert": "nothing", "by": "eva"}, "No open alert is called nothing"),
        (Acknowledge, {"alert": ALERT, "by": " "}, "Say who does it"),
        (Snooze, {"alert": ALERT, "by": "eva"}, "Give either a day"),
        (Snooze, {"alert": ALERT, "by": "eva", "until": "tomorrow"}, "tomorrow is no day"),
        (Snooze, {"alert": ALERT, "by": "eva", "until": "2020-01-01"}, "is past"),
        (SilenceAlerts, {"by": "eva", "reason": "x", "until": "2020-01-01"}, "must end after"),
    ],
)
def test_what_cannot_be_done_is_told_to_people(
    koers_home: Home, act: type[Act], form: dict[str, Any], said: str
) -> None:
    done, told = launched(act, **form)
    assert not done
    assert said in told
    assert last(koers_home) == ("firing", None, None)


def test_a_form_that_lacks_a_field_is_refused_before_it_runs(koers_home: Home) -> None:
    with pytest.raises(dg.DagsterInvalidConfigError, match="by"):
        act_job(Acknowledge).execute_in_process(
            run_config={"ops": {"acknowledge_alert_now": {"config": {"alert": ALERT}}}}
        )


def test_every_field_of_a_form_says_what_it_is() -> None:
    for act in ACTS:
        assert act.__doc__
        assert all(field.description for field in act.model_fields.values())
    assert len({act.job for act in ACTS}) == len(ACTS)


LAUNCH = """
mutation Launch($job: String!, $config: RunConfigData!) {
  launchRun(executionParams: {selector: {repositoryLocationName: "koers", repositoryName:
      "__repository__", jobName: $job}, runConfigData: $config}) {
    __typename
    ... on LaunchRunSuccess { run { runId } }
    ... on RunConfigValidationInvalid { errors { message } }
    ... on PythonError { message }
  }
}
"""


def test_launched_over_graphql(koers_home: Home, tmp_path: Path) -> None:
    """As the launchpad of the UI does it: over its API, in a code server and a run of their own."""
    file = tmp_path / "forms.py"
    file.write_text(
        "import dagster as dg\nfrom pipelines.defs.acts import ACTS, act_job\n"
        "defs = dg.Definitions(jobs=[act_job(act) for act in ACTS])\n"
    )
    target = PythonFileTarget(
        python_file=str(file),
        attribute=None,
        working_directory=str(PROJECT_DIR),
        location_name="koers",
    )
    at_once = {
        "run_coordinator": {
            "module": "dagster._core.run_coordinator",
            "class": "DefaultRunCoordinator",
        }
    }
    with (
        instance_for_test(overrides=at_once) as instance,
        WorkspaceProcessContext(instance, target) as process,
    ):

        def launch(form: dict[str, str]) -> dict[str, Any]:
            config = {"ops": {"acknowledge_alert_now": {"config": form}}}
            answer = asyncio.run(
                create_schema().execute_async(
                    LAUNCH,
                    context_value=process.create_request_context(),
                    variables={"job": "acknowledge_alert", "config": config},
                )
            )
            assert not answer.errors
            return dict(answer.data["launchRun"])

        refused = launch({"alert": ALERT})
        assert refused["__typename"] == "RunConfigValidationInvalid"
        assert 'Missing required config entry "by"' in refused["errors"][0]["message"]
        started = launch({"alert": ALERT, "by": "eva"})
        assert started["__typename"] == "LaunchRunSuccess", started
        ended = poll_for_finished_run(instance, started["run"]["runId"], timeout=240)
        assert ended.is_success
    assert last(koers_home) == ("acknowledged", "eva", None)
