"""The sensors under the real dagster-daemon, which is killed on the way from drift to message."""

from __future__ import annotations

import dagster as dg
import pytest

from pipelines.settings import Home
from pipelines.watch.ledger import published_events
from tests.orchestration.daemon import daemon, drift, hours_pass, prepare, unsent
from tests.watch.receiver import receiving


@pytest.mark.fault("A1", "E1", "E2")
@pytest.mark.nightly
def test_killed_after_judging_and_after_sending(prepared: Home) -> None:
    """Judged once, told once more than it was killed at most, by the same key. Other places:
    `python -m tests.orchestration.soak`."""
    prepare(prepared)
    drift(prepared)
    with receiving() as hook:
        with daemon(prepared, hook.url, "watch.committed") as running:
            running.wait_for_death()
        assert len(published_events(prepared.ledger)) == 1
        assert hook.got == []

        hours_pass(prepared)
        with daemon(prepared, hook.url, "deliver.sent") as running:
            running.wait_for_death()
        assert len(hook.keys) == 1
        assert unsent(prepared) == 1

        hours_pass(prepared)
        with daemon(prepared, hook.url) as running:
            running.wait_until(lambda: not unsent(prepared))
        assert len(hook.keys) == 2
        assert len(set(hook.keys)) == 1
        assert len(published_events(prepared.ledger)) == 1

    with dg.DagsterInstance.from_config(str(prepared.dagster)) as instance:
        failed = instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.FAILURE]))
    assert {run.job_name for run in failed} == {"watch_publication", "deliver"}, "none hangs"
