"""A stand-in for dbt: puts a warehouse in place that dbt made before of the same landing, and says
that everything was built. With it a night costs seconds, so that what comes behind dbt can be
killed many times; what dbt itself does when it is killed, nights with dbt show."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import dagster as dg

import pipelines.defs.models
from pipelines.settings import home


def instead_of_dbt(made: Path) -> None:
    """From now on, this process builds nothing: it takes the warehouse that is in a file."""

    class StandIn:
        def __init__(self, **_: Any) -> None:
            pass

        def cli(
            self, arguments: Sequence[str], *, context: dg.AssetExecutionContext, **_: Any
        ) -> _Invocation:
            return _Invocation(made, context)

    pipelines.defs.models.Dbt = StandIn  # type: ignore[assignment, misc]


class _Invocation:
    """As dagster-dbt has it: a process, and a stream of what it does."""

    termination_timeout_seconds = 0.0

    def __init__(self, made: Path, context: dg.AssetExecutionContext) -> None:
        self._context = context
        warehouse = home().warehouse
        new = warehouse.with_name(".stand-in.duckdb")
        shutil.copyfile(made, new)
        new.replace(warehouse)
        self.process = subprocess.Popen([sys.executable, "-c", ""])

    def stream(self) -> Iterator[dg.MaterializeResult[None]]:
        chosen = self._context.selected_asset_keys
        above = self._context.assets_def.asset_deps
        order = TopologicalSorter({key: above[key] & chosen for key in sorted(chosen)})
        for key in order.static_order():
            yield dg.MaterializeResult(asset_key=key)
        self.process.wait()


def other_program(program: str) -> None:
    """From now on, this process runs another program than dbt."""
    real = pipelines.defs.models.Dbt

    def other(**options: Any) -> Any:
        return real(**{**options, "dbt_executable": program})

    pipelines.defs.models.Dbt = other  # type: ignore[assignment, misc]
