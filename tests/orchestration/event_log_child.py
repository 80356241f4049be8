"""A child process whose run is killed in its step: `main([DAGSTER_HOME])`."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence

import dagster as dg


@dg.asset
def one() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def main(arguments: Sequence[str]) -> None:
    defs = dg.Definitions(assets=[one], jobs=[dg.define_asset_job("job", "*")])
    with dg.DagsterInstance.from_config(arguments[0]) as instance:
        defs.resolve_job_def("job").execute_in_process(instance=instance)
