"""What has to be there before anything is built on Spark: told before a run begins, not by a stack
trace of the JVM half-way."""

from __future__ import annotations

import functools
import importlib.util
import os
import re
import shutil
import socket
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

MODULES = {"pyspark": "pyspark", "pyarrow": "pyarrow", "dbt-spark": "dbt.adapters.spark"}
OF_CONNECT = {
    "grpcio-status": "grpc_status",
    "googleapis-common-protos": "google.rpc",
    "zstandard": "zstandard",
}
LEAST_JAVA = 17
MASTER_VARIABLE = "KOERS_SPARK_MASTER"
CONNECT_PORT = 15002
ANSWERS_WITHIN_SECONDS = 10.0

_VERSION = re.compile(r'version "(?:1\.)?(\d+)')


class SparkMissingError(RuntimeError):
    """Something that Spark needs is not here; the text says what and how to get it."""


def check(
    *,
    has: Callable[[str], bool] | None = None,
    environment: Mapping[str, str] = os.environ,
) -> None:
    """Raises SparkMissingError where a package or Java is missing, or Java is too old; over Spark
    Connect, where no Java is needed here, if no server answers."""
    has = has or _is_installed
    server = connect_server(environment)
    modules = MODULES | (OF_CONNECT if server else {})
    if missing := [name for name, module in modules.items() if not has(module)]:
        raise SparkMissingError(
            f"The engine is Spark, and {', '.join(missing)} is not installed. Run "
            "`make run TARGET=spark`, or `pip install 'koers[spark]'`; or choose `engine: duckdb` "
            "in koers.yaml."
        )
    if server:
        _answers(server)
        return
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


def connect_server(environment: Mapping[str, str]) -> str | None:
    """The address of the server of Spark Connect that is to do the work, such as `sc://host:15002`;
    None where the driver is on this machine."""
    master = environment.get(MASTER_VARIABLE, "").strip()
    return master if master.startswith("sc://") else None


def _answers(server: str) -> None:
    """Raises SparkMissingError where nothing listens there: Spark itself would try for minutes."""
    wrong = f"{MASTER_VARIABLE} is no address of Spark Connect such as sc://HOST:{CONNECT_PORT}."
    if "token=" in server:
        raise SparkMissingError(
            f"{MASTER_VARIABLE} holds a token, and the address of a server is shown in logs. Set "
            "the address without it; who may reach the server is for its network (docs/spark.md)."
        )
    try:
        parts = urlsplit(server)
        host, port = parts.hostname, parts.port or CONNECT_PORT
    except ValueError:
        raise SparkMissingError(wrong) from None
    if not host or "@" in parts.netloc:
        raise SparkMissingError(wrong)
    try:
        socket.create_connection((host, port), ANSWERS_WITHIN_SECONDS).close()
    except OSError as error:
        raise SparkMissingError(
            f"The engine is Spark, and no server of Spark Connect answers at {host}:{port} "
            f"({error.strerror or type(error).__name__}; {MASTER_VARIABLE}). Start it, or choose "
            "`engine: duckdb` in koers.yaml."
        ) from None


def java_command(environment: Mapping[str, str]) -> str | None:
    """The Java that Spark would start, as Spark looks for it; None where there is none."""
    if home := environment.get("JAVA_HOME"):
        return shutil.which(str(Path(home) / "bin" / "java"))
    return shutil.which("java", path=environment.get("PATH", ""))


@functools.cache  # a run asks before it begins and before dbt starts
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
