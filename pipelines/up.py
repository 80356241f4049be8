"""`koers up`: the Dagster UI and the daemon that runs schedules and sensors, until Ctrl-C."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from pipelines import dagster_home
from pipelines.dbt import prepare_manifest
from pipelines.operations.logs import is_json
from pipelines.settings import PROJECT_DIR, Home, Settings

HOST = "127.0.0.1"
"""The UI has no passwords, so nobody else may reach it; put a proxy that asks for one before it."""

_STOP_SECONDS = 20.0


class UpError(RuntimeError):
    """The UI or the daemon cannot run; the text says why."""


def up(home: Home, settings: Settings, *, port: int, say: Callable[[str], None]) -> None:
    """Runs until SIGINT or SIGTERM, or until one of the two ends by itself: then raises UpError."""
    _refuse_taken(port)
    say("preparing (a few seconds the first time) ...")
    prepare_manifest(home, settings)
    dagster_home.prepare(home)
    environment = dagster_home.environment(home, settings)
    _end_dead_runs(environment)
    workspace = ["-w", str(PROJECT_DIR / "workspace.yaml")]
    scripts = Path(sys.executable).parent
    commands = {
        "UI": [
            sys.executable,
            "-m",
            "pipelines.security.ui",
            "-h",
            HOST,
            "-p",
            str(port),
            *workspace,
        ],
        "daemon": [str(scripts / "dagster-daemon"), "run", *workspace],
    }
    if is_json():
        for name in ("UI", "daemon"):
            commands[name] += ["--log-format", "json"]
    if settings.alerts.links_url is not None:
        commands["links"] = [sys.executable, "-m", "pipelines.cli", "alerts", "serve"]
    with _children(commands, environment) as children, _stop_on_signals() as stopped:
        say(f"Dagster UI: http://{HOST}:{port}   (Ctrl-C stops it)")
        while not stopped:
            for name, child in children.items():
                if child.poll() is not None:
                    raise UpError(f"the {name} ended with exit code {child.returncode}; see above")
            time.sleep(0.2)
        say("stopping ...")


@contextlib.contextmanager
def _children(
    commands: dict[str, list[str]], environment: dict[str, str]
) -> Iterator[dict[str, subprocess.Popen[bytes]]]:
    children: dict[str, subprocess.Popen[bytes]] = {}
    try:
        for name, command in commands.items():
            # Each in a session of its own: Ctrl-C is ours to pass on, once.
            children[name] = subprocess.Popen(  # noqa: S603 # nosec B603 - our own, a list
                command, env=environment, start_new_session=True
            )
        yield children
    finally:
        for child in children.values():
            if child.poll() is None:
                child.send_signal(signal.SIGINT)
        deadline = time.monotonic() + _STOP_SECONDS
        for child in children.values():
            try:
                child.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()


@contextlib.contextmanager
def _stop_on_signals() -> Iterator[list[int]]:
    stopped: list[int] = []
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {n: signal.signal(n, lambda number, _: stopped.append(number)) for n in numbers}
    try:
        yield stopped
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _end_dead_runs(environment: dict[str, str]) -> None:
    """Runs of a UI that was killed would keep the warehouse's pool for ever."""
    import dagster as dg

    from pipelines.defs.dead_runs import end_dead_runs

    os.environ.update(environment)
    with dg.DagsterInstance.get() as instance:
        end_dead_runs(instance)


def _refuse_taken(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise UpError(
                f"port {port} is in use: by another `koers up`, or by what is left of one that was "
                f"killed (`ss -ltnp sport = :{port}` shows it). End that, or choose another --port."
            ) from error
