"""dbt on Spark: `koers-spark-dbt`, which is dbt with two things added.

dbt-spark sends Python models to Databricks only. Here they run in the session that dbt has: the
same process, so nothing is started for them. And what Koers reads is copied into the DuckDB file
while that session is there, so that publication, watch and report find it where they always do.
"""

from __future__ import annotations

import os
import shutil
import sys
import warnings
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from pipelines.spark.needs import MASTER_VARIABLE, connect_server

BUILDS = frozenset({"build", "run"})
CHOOSE = frozenset({"--select", "-s", "--models", "-m", "--exclude", "--selector"})
ONLY_WHOLE = (
    "Spark on this machine builds everything or nothing: it knows no table of the build before. "
    "Use `koers run --full-refresh`; or set KOERS_SPARK_WAREHOUSE, with a metastore "
    "(docs/spark.md)."
)
QUICK_JAVA = "-XX:TieredStopAtLevel=1"
"""A local build plans and compiles hundreds of queries over a few rows each: what Java's second
compiler gains later is not earned back. Five typical models took half of the processor without."""
FAILED, BROKEN = 1, 2
"""Exit codes, as dbt's own: a model or test failed; dbt itself could not go on."""


class SessionJob:
    """Runs a Python model in this process. See dbt's PythonJobHelper."""

    def __init__(self, model: dict[str, Any], credentials: Any) -> None:
        self._name = str(model["alias"])

    def submit(self, compiled_code: str) -> None:
        """Raises what the model raises, which dbt tells as its error."""
        code = compile(compiled_code, f"{self._name}.py", "exec")
        exec(code, {"__name__": self._name, "spark": session()})  # noqa: S102 # nosec B102 - our own model


def session() -> Any:
    """The session that dbt-spark made with the settings of the profile."""
    from pyspark.sql import SparkSession

    return SparkSession.builder.getOrCreate()


def choose_server() -> None:
    """Have every session be one of the server of Spark Connect, where one is named."""
    if (server := connect_server(os.environ)) is not None:
        os.environ["SPARK_REMOTE"] = server
        # dbt-spark asks each session for Hive; whether there is a metastore is the server's to say.
        warnings.filterwarnings("ignore", message="Failed to set spark.sql.catalogImplementation")
    # Of pandas we only use what works: rows travel as Arrow.
    warnings.filterwarnings("ignore", message="PySpark does not yet fully support pandas")


def choose_java() -> None:
    """Where this machine does the work: a Java that starts quickly, unless JDK_JAVA_OPTIONS says
    otherwise (nothing is otherwise too)."""
    if (os.environ.get(MASTER_VARIABLE) or "local").startswith("local"):
        os.environ.setdefault("JDK_JAVA_OPTIONS", QUICK_JAVA)


def add_python_models() -> None:
    """Let dbt-spark run Python models in its own session."""
    from dbt.adapters.spark.impl import SparkAdapter

    adapter: Any = SparkAdapter
    adapter.default_python_submission_method = property(lambda _: "session")
    adapter.python_submission_helpers = property(lambda _: {"session": SessionJob})


def models_failed(results: Iterable[Any]) -> bool:
    """Whether a model (not a test) could not be built: then nothing is copied, and what was copied
    before stands."""
    return any(
        str(result.status) in ("error", "skipped", "runtime error")
        for result in results
        if result.node.resource_type == "model"
    )


def main() -> None:
    """Run dbt with the arguments of this process, then copy."""
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    from dbt.cli.main import dbtRunner

    choose_server()
    choose_java()
    add_python_models()
    arguments = sys.argv[1:]
    if BUILDS & set(arguments) and not keeps_tables():
        if not is_whole(arguments):
            print(ONLY_WHOLE, file=sys.stderr)
            sys.exit(BROKEN)
        clear(Path(os.environ["KOERS_HOME"]) / "warehouse" / "spark")
    done: Any = dbtRunner().invoke(arguments)
    if done.exception is not None:
        print(done.exception, file=sys.stderr)
        sys.exit(BROKEN)
    if BUILDS & set(arguments) and not models_failed(done.result or ()):
        from pipelines.spark.copying import NotBuiltError, copy_warehouse

        try:
            copy_warehouse(session(), Path(os.environ["KOERS_WAREHOUSE"]), manifest())
        except NotBuiltError as error:
            print(error, file=sys.stderr)
            sys.exit(BROKEN)
    sys.exit(0 if done.success else FAILED)


def keeps_tables() -> bool:
    """Whether Spark knows the tables of the build before: by its metastore, or because its server
    goes on."""
    return bool(os.environ.get("KOERS_SPARK_WAREHOUSE")) or connect_server(os.environ) is not None


def is_whole(arguments: Sequence[str]) -> bool:
    """Whether everything is to be built; Dagster says so too, as `fqn:*`."""
    chosen = [value for name, value in pairwise(arguments) if name in CHOOSE]
    return all(value == "fqn:*" for value in chosen)


def clear(tables: Path) -> None:
    """Remove the tables of the build before. Spark knows nothing of them (its catalog is in
    memory), and makes no table where files are."""
    if tables.exists():
        shutil.rmtree(tables)


def manifest() -> Path:
    """Of the project that dbt just built."""
    return Path(os.environ["DBT_TARGET_PATH"]) / "manifest.json"
