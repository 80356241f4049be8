"""One nightly run: what is new is landed, and only if that changed anything the rest follows.

What is done is done by a `Runner` (Dagster's is `pipelines.defs.runner`); this module decides
whether. A connector that fails is named and does not stop the others.
"""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from connectors.core.failpoints import failpoint
from pipelines import records
from pipelines.inputs import (
    build_inputs,
    gone_back,
    has_landing,
    inbox_files,
    inbox_hash,
    needs_full_refresh,
    newest_loads,
)
from pipelines.lock import Holder, held
from pipelines.nights import write_down
from pipelines.operations.delivering import deliver_now
from pipelines.operations.heartbeat import beat, ping
from pipelines.passes import Pass, last_pass
from pipelines.privacy.retention import keep_nightly
from pipelines.publication import PublicationError, current
from pipelines.recovery.causes import why
from pipelines.recovery.starting import broken_landing, broken_warehouse, mend, tell
from pipelines.settings import Home, Settings
from pipelines.watch.now import digest_now, remind_now, watch_sources_now

WAIT_SECONDS = 4 * 3600.0


class RunFailedError(RuntimeError):
    """The facts could not be built, published or judged; the publication before still stands."""


class Runner(Protocol):
    """Does the work. Raises nothing for a step that failed: it says why instead."""

    def ingest(self, connector: str) -> str | None:
        """Land what is new of a connector. What went wrong, or None."""

    def transform(self, *, full_refresh: bool) -> str | None:
        """Build, publish, judge. What went wrong, or None."""


@dataclass
class NightlyResult:
    """What a run did. `failed` maps a connector to what went wrong. `built` is False where the
    facts follow from the same input as those there are, so that nothing had to be done. `removed`:
    what was kept long enough, by what it was."""

    ingested: dict[str, Pass] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    built: bool = False
    sent: int = 0
    removed: dict[str, int] = field(default_factory=dict)


def nightly(
    home: Home,
    settings: Settings,
    connectors: Sequence[str],
    runner: Callable[[], contextlib.AbstractContextManager[Runner]],
    *,
    pulled: Collection[str] = (),
    full_refresh: bool = False,
    wait: bool = False,
    progress: Callable[[str], None] = lambda _: None,
) -> NightlyResult:
    """Run once.

    runner: is opened only when there is something to do, since that takes seconds. pulled: the
    connectors whose API is asked for news. wait: for a run that is going on, instead of raising
    BusyError. Raises RunFailedError.
    """

    def tell(holder: Holder | None) -> None:
        progress(f"waiting for {holder or 'another run'}")

    wait_seconds = WAIT_SECONDS if wait else 0.0
    with held(home.run_lock, "koers run", wait_seconds=wait_seconds, on_wait=tell):
        failpoint("night.begun")
        result = NightlyResult()
        before = records.read(records.last_build(home))
        if mend(home, settings, progress):
            before = {**before, "inputs": {**before.get("inputs", {}), "mended": ""}}
        back = _gone_back(home, settings, before, progress)
        full_refresh = full_refresh or back
        inputs = build_inputs(home, settings)
        inboxes = _inboxes(home)
        files_due = _due(connectors, inboxes, inputs, before)
        due = [name for name in connectors if name in files_due or name in pulled]
        if due or (has_landing(home) and (full_refresh or not _is_built(home, inputs, before))):
            with runner() as do:
                _ingest(home, due, do, result, progress)
                failpoint("night.ingested")
                inputs = build_inputs(home, settings)
                if has_landing(home) and (full_refresh or not _is_built(home, inputs, before)):
                    progress("dbt: building the facts and testing them")
                    refresh = full_refresh or needs_full_refresh(before.get("inputs", {}), inputs)
                    _transform(home, settings, do, refresh, progress)
                    result.built = True
                    failpoint("night.built")
            if has_landing(home):
                known = before.get("inboxes", {})
                read = [name for name in files_due if name not in result.failed]
                seen = {name: known[name] for name in known if name not in files_due}
                _record(home, inputs, seen | {name: _after(home, name, inboxes) for name in read})
                failpoint("night.recorded")
        watch_sources_now(home, settings, pulled)
        remind_now(home, settings)
        digest_now(home, settings)
        failpoint("night.watched")
        write_down(home, sorted(result.failed))
        result.sent = deliver_now(home, settings).sent
        failpoint("night.sent")
        result.removed = keep_nightly(home, settings, dt.datetime.now(dt.UTC), progress).of
        beat(home)
        ping(home, settings, progress)
        return result


def _transform(
    home: Home, settings: Settings, do: Runner, refresh: bool, progress: Callable[[str], None]
) -> None:
    """Build, and once more where it failed on a warehouse that is broken. Raises RunFailedError."""
    wrong = do.transform(full_refresh=refresh)
    if wrong and broken_warehouse(home, settings, progress):
        wrong = do.transform(full_refresh=True)
    if wrong:
        parts = [wrong, why(wrong, home.warehouse.parent), broken_landing(home)]
        raise RunFailedError("\n".join(part for part in parts if part))


def _gone_back(
    home: Home, settings: Settings, before: Mapping[str, Any], progress: Callable[[str], None]
) -> bool:
    """Whether the landing is older than what was built from it last; then that is told."""
    loads = before.get("loads")
    back = gone_back(loads, newest_loads(home)) if isinstance(loads, dict) else []
    if back:
        found = (
            f"The landing is older than the last build ({before.get('at')}): {', '.join(back)} "
            "lack loads that were there, as after a backup was put back. Everything is built anew "
            "from what there is; APIs are read on from there, and export files that came since "
            "must be dropped in the inbox again."
        )
        progress(found)
        tell(home, settings, found)
    return bool(back)


def _ingest(
    home: Home,
    due: Sequence[str],
    do: Runner,
    result: NightlyResult,
    progress: Callable[[str], None],
) -> None:
    for name in due:
        progress(f"{name}: reading what is new")
        earlier = last_pass(home, name)
        if wrong := do.ingest(name):
            result.failed[name] = wrong
        done = last_pass(home, name)
        # What was landed before it went wrong is landed.
        if done is not None and (not wrong or done != earlier):
            result.ingested[name] = done
        failpoint("night.connector_read")


def _inboxes(home: Home) -> dict[str, dict[str, str]]:
    return {name: files for name, files in inbox_files(home).items() if files}


def _due(
    connectors: Sequence[str],
    inboxes: Mapping[str, Mapping[str, str]],
    inputs: Mapping[str, str],
    before: Mapping[str, Any],
) -> list[str]:
    """The connectors whose inbox is not as the last good pass left it, or whose files other code
    or settings may read in another way."""
    last = before.get("inputs", {})
    same = all(last.get(part) == inputs[part] for part in ("code", "settings"))
    known = before.get("inboxes", {})
    return [
        name
        for name in connectors
        if name in inboxes and not (same and known.get(name) == inbox_hash({name: inboxes[name]}))
    ]


def _after(home: Home, name: str, inboxes: Mapping[str, Mapping[str, str]]) -> str:
    """The inbox as a pass left it, without files that came while it ran: those are still new."""
    offered = inboxes[name].items()
    left = _inboxes(home).get(name, {})
    return inbox_hash({name: dict(left.items() & offered)})


def _is_built(home: Home, inputs: Mapping[str, str], before: Mapping[str, Any]) -> bool:
    """Whether the publication and the warehouse there are were built from these inputs."""
    with contextlib.suppress(PublicationError):
        published = current(home) is not None and home.warehouse.exists()
        return before.get("inputs") == inputs and published
    return False


def _record(home: Home, inputs: Mapping[str, str], inboxes: Mapping[str, str]) -> None:
    records.write(
        records.last_build(home),
        {
            "at": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
            "inputs": dict(inputs),
            "inboxes": dict(inboxes),
            "loads": newest_loads(home),
        },
    )
