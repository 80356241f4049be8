"""`koers rebuild`: makes the warehouse again from the landing, in a file beside it, and takes it
into use. The facts must be the same; if they are not, that is said, and the old file is kept."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb

from connectors.core.durable import sync
from pipelines.dbt import run_dbt
from pipelines.marts import MARTS, VOLATILE_TABLES, facts_hash
from pipelines.publication_build import sidecars
from pipelines.settings import Home, Settings
from pipelines.warehouse import quarantine, writing


@dataclass(frozen=True)
class Rebuilt:
    """`different`: the public tables that are not as they were; None when there was no warehouse
    to compare with. `aside`: where the old file was kept, if it was."""

    different: tuple[str, ...] | None
    aside: Path | None


def rebuild(home: Home, settings: Settings, say: Callable[[str], None]) -> Rebuilt:
    """Raises DbtError when the build fails (the old warehouse then stands), and BusyError."""
    new = home.warehouse.with_name(f"{home.warehouse.stem}.rebuilt.duckdb")
    with writing(home, "koers rebuild", say):
        for leftover in (new, *sidecars(new)):
            leftover.unlink(missing_ok=True)
        say("dbt: building everything from the landing")
        run_dbt(["build", "--full-refresh"], home, settings, warehouse=new)
        different = None
        if home.warehouse.exists():
            old_hashes, new_hashes = _hashes(home.warehouse), _hashes(new)
            different = tuple(t for t in new_hashes if old_hashes.get(t) != new_hashes[t])
        if left := sidecars(new):
            raise RuntimeError(f"{new} was not closed cleanly: {', '.join(map(str, left))}")
        sync(new)
        aside = quarantine(home.warehouse) if different or sidecars(home.warehouse) else None
        new.replace(home.warehouse)
        sync(home.warehouse.parent)
    return Rebuilt(different, aside)


def _hashes(file: Path) -> dict[str, str]:
    """A hash of each public table."""
    with _reading(file) as warehouse:
        return {
            mart.name: facts_hash(warehouse, tables=[mart.name])
            for mart in MARTS
            if mart.name not in VOLATILE_TABLES
        }


@contextlib.contextmanager
def _reading(file: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(file), read_only=True) as connection:
        yield connection
