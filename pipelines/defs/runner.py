"""Runs the jobs of Koers in this process, so that `koers run` needs no daemon, yet each job shows
in the Dagster UI as a run of its own."""

import contextlib
import datetime as dt
import io
import logging
import os
import re
import sys
from collections.abc import Iterator
from typing import Any

import dagster as dg
from dagster._core.events import RunFailureReason

from pipelines import dagster_home
from pipelines.dbt import prepare_manifest
from pipelines.defs.dead_runs import PROCESS_TAG, end_dead_runs, wait_for_pool
from pipelines.defs.models import POOL
from pipelines.defs.streams import job_name
from pipelines.defs.terminal import LOGGER
from pipelines.operations.logs import is_json, say
from pipelines.recovery.pruning import prune_runs
from pipelines.settings import Home, Settings
from pipelines.stopping import Stopped

_CLASS = re.compile(r"^[\w.]*IngestFailedError: ")
"""What Dagster puts before a text that is for people already."""


class DagsterRunner:
    """See `pipelines.nightly.Runner`. Raises Stopped where a signal ended a job: its run is then
    marked as canceled, since nothing is wrong with it."""

    def __init__(self, defs: dg.Definitions, instance: dg.DagsterInstance) -> None:
        self._defs, self._instance = defs, instance

    def ingest(self, connector: str) -> str | None:
        return self._run(job_name(connector))

    def transform(self, *, full_refresh: bool) -> str | None:
        wait_for_pool(self._instance, POOL, say)
        with contextlib.redirect_stdout(DbtProgress(sys.stderr)):
            return self._run("transform", {"models": {"config": {"full_refresh": full_refresh}}})

    def _run(self, job: str, ops: dict[str, Any] | None = None) -> str | None:
        result = self._defs.resolve_job_def(job).execute_in_process(
            run_config={"loggers": {LOGGER: {}}, "ops": ops or {}},
            instance=self._instance,
            tags={PROCESS_TAG: str(os.getpid())},
            raise_on_error=False,
        )
        if result.success:
            return None
        if any(map(_is_interruption, result.all_events)):
            self._instance.report_run_canceled(
                result.dagster_run, "Somebody stopped this run (Ctrl-C or SIGTERM)."
            )
            raise Stopped
        wrong = [
            _CLASS.sub("", (error.cause or error).message.strip())
            for event in result.all_events
            if event.is_step_failure and (error := event.step_failure_data.error)
        ]
        return "\n".join(wrong) or f"job {job} failed; the Dagster UI (koers up) has its log"


def _is_interruption(event: dg.DagsterEvent) -> bool:
    """Whether it says that a signal ended the run; Dagster counts that as a failure unless it was
    stopped from its UI."""
    if event.event_type is dg.DagsterEventType.RUN_CANCELED:
        return True
    if event.event_type is not dg.DagsterEventType.RUN_FAILURE:
        return False
    return event.job_failure_data.failure_reason is RunFailureReason.UNEXPECTED_TERMINATION


@contextlib.contextmanager
def dagster_runner(home: Home, settings: Settings) -> Iterator[DagsterRunner]:
    """A runner on the Dagster instance of a home. Raises DbtError where the dbt project does not
    parse."""
    prepare_manifest(home, settings)
    dagster_home.prepare(home)
    os.environ.update(dagster_home.environment(home, settings))
    # What dagster-dbt says of its own doings; dbt's progress is told by DbtProgress.
    logging.getLogger("dagster.builtin").setLevel(logging.WARNING)
    from pipelines.definitions import defs  # reads the manifest that was just prepared

    with dg.DagsterInstance.get() as instance:
        end_dead_runs(instance)
        keep = dt.timedelta(days=settings.keep_runs_days)
        prune_runs(instance, home.dagster, dt.datetime.now(dt.UTC) - keep)
        yield DagsterRunner(defs, instance)


class DbtProgress(io.TextIOBase):
    """Takes what dbt prints, and tells how far it is, and what is not well."""

    _DONE = re.compile(r"(\d+) of (\d+) (OK|PASS|WARN|FAIL|ERROR|SKIP)")
    _COLOUR = re.compile(r"\x1b\[[0-9;]*m")

    def __init__(self, to: Any) -> None:
        self._to, self._line = to, ""
        self._total = self._quarter = 0

    def write(self, text: str, /) -> int:
        *lines, self._line = (self._line + text).split("\n")
        for line in lines:
            self._tell(self._COLOUR.sub("", line))
        return len(text)

    def _tell(self, line: str) -> None:
        found = self._DONE.search(line)
        if found is None:
            return
        done, total, verdict = int(found[1]), int(found[2]), found[3]
        if total != self._total:  # hooks are counted apart from the models
            self._total, self._quarter = total, 0
        if verdict in ("WARN", "FAIL", "ERROR"):
            say(line.strip(), "warning", "dbt", self._to)
        if self._to.isatty() and not is_json():
            print(f"\rdbt: {done} of {total} ", end="\n" if done == total else "", file=self._to)
        elif (quarter := 4 * done // total) > self._quarter:
            self._quarter = quarter
            say(f"dbt: {done} of {total}", logger="dbt", to=self._to)
