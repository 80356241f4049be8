"""How a command tells what went wrong: in a sentence, where a person can do something about it."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperGroup

from pipelines.stopping import EXIT_CODE, Stopped


class ToldGroup(TyperGroup):
    """A group of commands that all tell so."""

    def invoke(self, ctx: Any) -> Any:
        with in_words():
            return super().invoke(ctx)


@contextlib.contextmanager
def in_words() -> Iterator[None]:
    """What a person can do something about is said in a sentence, and the exit code is 1."""
    try:
        yield
    except Stopped as stopped:
        typer.echo(
            "Stopped. What was done is kept, what was published before still stands; the same "
            "command goes on from here.",
            err=True,
        )
        raise typer.Exit(EXIT_CODE) from stopped
    except Exception as error:
        from connectors.core.disk import is_of_disk, refused
        from pipelines.lock import BusyError
        from pipelines.operations.logs import say

        if isinstance(error, BusyError):
            say(f"Already running: {error}", "warning", to=sys.stdout)
            raise typer.Exit(0) from error
        if isinstance(error, _for_people()):
            say(str(error), "error")
            raise typer.Exit(1) from error
        if isinstance(error, OSError) and is_of_disk(error):
            where = Path(str(error.filename or "the disk"))
            typer.echo(f"{refused(where, error)} What was there before stands.", err=True)
            raise typer.Exit(1) from error
        raise


def _for_people() -> tuple[type[Exception], ...]:
    """The errors that say all there is to say. Imported when there is one: all of Koers takes
    seconds to import, and a command needs a part."""
    from connectors.core.landing import LandingError
    from pipelines.dagster_home import StorageError
    from pipelines.dbt import DbtError
    from pipelines.kpis import KpiError
    from pipelines.link_server import LinkServerError
    from pipelines.machine import MachineError
    from pipelines.nightly import RunFailedError
    from pipelines.operations.backup.errors import BackupError
    from pipelines.privacy.access import FolderThereError
    from pipelines.privacy.in_sqlite import SqliteBusyError
    from pipelines.privacy.person import PersonError
    from pipelines.publication import PublicationError
    from pipelines.recovery.folders import FolderError
    from pipelines.recovery.versions import NewerStateError
    from pipelines.report.making import ReportError
    from pipelines.said.recording import SaidError
    from pipelines.settings import SettingsError
    from pipelines.spark.needs import SparkMissingError
    from pipelines.up import UpError
    from pipelines.warehouse import WarehouseBusyError
    from pipelines.watch.ledger import LedgerError
    from pipelines.watch.machine import ActError

    return (
        ActError,
        BackupError,
        DbtError,
        FolderError,
        FolderThereError,
        KpiError,
        LandingError,
        LedgerError,
        LinkServerError,
        MachineError,
        NewerStateError,
        PersonError,
        PublicationError,
        ReportError,
        RunFailedError,
        SaidError,
        SettingsError,
        SparkMissingError,
        SqliteBusyError,
        StorageError,
        UpError,
        WarehouseBusyError,
    )
