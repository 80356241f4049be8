"""Whether nights take place: the daemon, the schedule, the last run that ended well."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pipelines import dagster_home
from pipelines.nights import last_run, overdue_since
from pipelines.operations.checks.look import Look, told
from pipelines.operations.finding import Finding
from pipelines.operations.run_times import last_times
from pipelines.records import last_run as last_run_record
from pipelines.records import read

SILENT = dt.timedelta(minutes=5)
"""A daemon that lives tells so at least every half minute."""
SCHEDULE = "every_night"
TOPIC = "schedule"


@dataclass(frozen=True)
class Daemon:
    """What Dagster's storage tells. `heartbeat`: the last of the daemon that starts runs. `switch`:
    RUNNING, STOPPED or None where never seen; `tick`: when the schedule last asked for a run, and
    how that went."""

    heartbeat: dt.datetime | None
    switch: str | None
    tick: dt.datetime | None
    tick_status: str | None


def last_good(look: Look) -> Iterator[Finding]:
    """How old the last run is, and whether it is overdue."""
    at = last_run(look.home)
    if at is None:
        yield Finding("note", "runs", "nothing was run yet", str(look.home.root), "koers run")
        return
    age = told(look.now - at)
    failed = read(last_run_record(look.home)).get("failed") or []
    times = last_times(look.home)
    if overdue_since(look.home, look.now) is not None:
        yield Finding(
            "error", "runs", f"the last run ended {age} ago; a night was missed", "",
            "koers run; then see to it that something starts it every night.",
        )  # fmt: skip
    elif times.failed_at is not None and times.failed_at > at:
        yield Finding(
            "error", "runs", f"the last run failed {told(look.now - times.failed_at)} ago; the one "
            f"before ended {age} ago", "", "koers run says why; what was published stands.",
        )  # fmt: skip
    elif failed:
        yield Finding(
            "warning", "runs", f"the last run ended {age} ago without {', '.join(failed)}", "",
            "koers status says why; the others were read.",
        )  # fmt: skip
    else:
        yield Finding("ok", "runs", f"the last run ended {age} ago, with every source")


def schedule(look: Look) -> Iterator[Finding]:
    """Whether a daemon lives and its schedule is on. Runs may be started by something else, such as
    a timer of the system: then no daemon is needed, and the age of the last run tells all."""
    if not (look.home.dagster / "dagster.yaml").exists():
        yield Finding("note", TOPIC, "no daemon ran in this home yet", "", "koers up")
        return
    try:
        seen = _ask(look)
    except _errors() as error:
        yield Finding(
            "error", TOPIC, f"Dagster's storage cannot be read: {type(error).__name__}",
            str(look.home.dagster), "Is its database up? koers up says more.",
        )  # fmt: skip
        return
    runs_well = last_run(look.home) is not None and not overdue_since(look.home, look.now)
    if seen.heartbeat is None or look.now - seen.heartbeat > SILENT:
        since = f"for {told(look.now - seen.heartbeat)}" if seen.heartbeat else "here yet"
        yield Finding(
            "note" if runs_well else "warning", TOPIC, f"no daemon runs {since}", "",
            "koers up (as a service: docs/production.md), or a timer that does koers run.",
        )  # fmt: skip
        return
    if seen.switch == "STOPPED":
        yield Finding(
            "error", TOPIC, f"the schedule {SCHEDULE} is switched off", "Dagster UI > Automation",
            "Switch it on there.",
        )  # fmt: skip
        return
    last = f"last asked for a run {told(look.now - seen.tick)} ago" if seen.tick else "no run yet"
    if seen.tick_status == "FAILURE":
        yield Finding(
            "error", TOPIC, f"the schedule failed when it {last}", "Dagster UI > Automation",
            "Its tick there says why.",
        )  # fmt: skip
        return
    next_at = next_night(look)
    yield Finding("ok", TOPIC, f"the daemon lives; {last}; next {next_at:%Y-%m-%d %H:%M}")


def next_night(look: Look) -> dt.datetime:
    """When the schedule is due next, in the business time zone."""
    chosen = look.chosen
    local = look.now.astimezone(chosen.zone)
    hour, minute = map(int, chosen.nightly_at.split(":"))
    at = local.replace(hour=hour, minute=minute, second=0, microsecond=0)
    return at if at > local else at + dt.timedelta(days=1)


def _ask(look: Look) -> Daemon:
    """What Dagster's storage of the home says. Raises whatever its database does."""
    import dagster as dg
    from dagster._core.scheduler.instigation import InstigatorType

    os.environ.update(dagster_home.environment(look.home, look.chosen))
    with dg.DagsterInstance.get() as instance:
        beats = [beat.timestamp for beat in instance.get_daemon_heartbeats().values()]
        heartbeat = dt.datetime.fromtimestamp(max(beats), dt.UTC) if beats else None
        states: list[Any] = [
            state
            for state in instance.all_instigator_state(instigator_type=InstigatorType.SCHEDULE)
            if state.instigator_name == SCHEDULE
        ]
        if not states:
            return Daemon(heartbeat, None, None, None)
        state = states[-1]
        ticks = instance.get_ticks(state.instigator_origin_id, state.selector_id, limit=1)
        switch = "STOPPED" if state.status.value == "STOPPED" else "RUNNING"
        if not ticks:
            return Daemon(heartbeat, switch, None, None)
        at = dt.datetime.fromtimestamp(ticks[0].timestamp, dt.UTC)
        return Daemon(heartbeat, switch, at, ticks[0].status.value)


def _errors() -> tuple[type[Exception], ...]:
    import dagster as dg
    from sqlalchemy.exc import SQLAlchemyError

    return (SQLAlchemyError, dg.DagsterError, OSError, RuntimeError, ImportError)
