"""`koers doctor`: all checks, one after another. A check that cannot be made is a finding too."""

from __future__ import annotations

import datetime as dt
import os
import sqlite3
from collections.abc import Iterator

import duckdb

from pipelines.operations.checks import (
    configuration,
    credentials,
    flow,
    folders,
    machine,
    processes,
    schedule,
)
from pipelines.operations.checks.backups import backups
from pipelines.operations.checks.look import Check, Look
from pipelines.operations.finding import Finding
from pipelines.publication import Clock, utc_now
from pipelines.settings import Home, Settings, SettingsError, settings

CHECKS: tuple[Check, ...] = (
    configuration.files,
    configuration.unknown_variables,
    configuration.engine,
    configuration.channels,
    configuration.keys,
    credentials.credentials,
    folders.folders,
    machine.disk,
    machine.versions,
    machine.clock,
    processes.locks,
    processes.open_databases,
    processes.exposure,
    schedule.last_good,
    schedule.schedule,
    flow.messages,
    flow.refused,
    flow.put_aside,
    backups,
)
_ERRORS = (OSError, ValueError, RuntimeError, LookupError, sqlite3.Error, duckdb.Error)


def examine(home: Home, *, ask: bool = False, clock: Clock = utc_now) -> Iterator[Finding]:
    """Everything that is found, in the order of the checks. Changes nothing. `ask`: asks vendors
    too, as `koers connect` does."""
    chosen: Settings | None = None
    try:
        chosen = settings(home)
    except (SettingsError, OSError, ValueError):
        chosen = None  # `configuration.files` tells it
    look = Look(home, chosen, dict(os.environ), clock().astimezone(dt.UTC), ask)
    for check in CHECKS:
        try:
            yield from check(look)
        except _ERRORS as error:
            yield Finding(
                "error", check.__name__, f"could not be looked at: {type(error).__name__}: {error}",
                str(home.root), "See what it names; koers status may say more.",
            )  # fmt: skip
