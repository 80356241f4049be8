"""dbt in a process of its own that does not import it anew: `main(ARGUMENTS)`, in the environment
of `pipelines.dbt.dbt_env`. It writes no manifest, which takes as long as a small model's run."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import dbt.adapters.duckdb  # noqa: F401 - so that no child has to
from dbt.cli.main import dbtRunner
from dbt.contracts.graph.manifest import Manifest

from pipelines.settings import DBT_PROJECT_DIR

# The code that reads what was parsed is made when it is first called.
Manifest.from_msgpack(Manifest().to_msgpack())  # type: ignore[attr-defined]


def main(arguments: Sequence[str]) -> None:
    os.chdir(os.environ.get("DBT_PROJECT_DIR", DBT_PROJECT_DIR))
    done = dbtRunner().invoke(["--no-use-colors", "--no-write-json", *arguments])
    if done.exception is not None:
        raise done.exception
    sys.exit(0 if done.success else 1)
