"""What has to be there before anything is built on Spark: told before a run begins, not by a stack
trace of the JVM half-way."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

MODULES = {"pyspark": "pyspark", "pyarrow": "pyarrow", "dbt-spark": "dbt.adapters.spark"}
LEAST_JAVA = 17

_VERSION = re.compile(r'version "(?:1\.)?(\d+)')


class SparkMissingError(RuntimeError):
    """Something that Spark needs is not here; the text says what and how to get it."""


def check(
    *,
    has: Callable[[str], bool] | None = None,
    environment: Mapping[str, str] = os.environ,
) -> None:
    """Raises SparkMissingError where a package or Java is missing, or Java is too old."""
    has = has or _is_installed
    if missing := [name for name, module in MODULES.items() if not has(module)]:
        raise SparkMissingError(
            f"The engine is Spark, and {', '.join(missing)} is not installed. Run "
            "`make run TARGET=spark`, or `pip install 'koers[spark]'`; or choose `engine: duckdb` "
            "in koers.yaml."
        )
    java = java_command(environment)
    if java is None:
        raise SparkMissingError(
            "The engine is Spark, and no Java was found: neither JAVA_HOME nor the PATH has one. "
            f"Install Java {LEAST_JAVA} (Debian: `apt install openjdk-{LEAST_JAVA}-jre-headless`); "
            "or choose `engine: duckdb` in koers.yaml."
        )
    version = java_version(java)
    if version is not None and version < LEAST_JAVA:
        raise SparkMissingError(
            f"The engine is Spark, and {java} is Java {version}: Spark 4 needs {LEAST_JAVA} or "
            "newer. Set JAVA_HOME to a newer one."
        )


def java_command(environment: Mapping[str, str]) -> str | None:
    """The Java that Spark would start, as Spark looks for it; None where there is none."""
    if home := environment.get("JAVA_HOME"):
        return shutil.which(str(Path(home) / "bin" / "java"))
    return shutil.which("java", path=environment.get("PATH", ""))


def java_version(java: str) -> int | None:
    """Its major version; None where it does not say."""
    done = subprocess.run(  # noqa: S603 # nosec B603 - the Java of this machine, no shell
        [java, "-version"], capture_output=True, text=True, check=False, timeout=60
    )
    found = _VERSION.search(done.stderr + done.stdout)
    return int(found[1]) if found else None


def _is_installed(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False
