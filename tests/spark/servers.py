"""Sparks of a test alone, on ports of loopback: a standalone cluster of one worker, and a server of
Spark Connect. Both are in the PySpark package."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from pipelines.spark.needs import SparkMissingError, check

PATIENCE_SECONDS = 240.0
DEPLOY = "org.apache.spark.deploy"


def why_not() -> str:
    """Why no Spark can be started here; empty where it can."""
    try:
        check()
    except SparkMissingError as error:
        return str(error)
    return ""


def environment() -> dict[str, str]:
    """Of a process of Spark: on loopback, and on the Python of the tests."""
    return {**os.environ, "SPARK_LOCAL_IP": "127.0.0.1", "PYSPARK_PYTHON": sys.executable}


@contextlib.contextmanager
def standalone(folder: Path) -> Iterator[str]:
    """The master of a cluster with one worker, which is a process of its own."""
    port, worker = free_port(), free_port()
    master = f"spark://127.0.0.1:{port}"
    at = ("--host", "127.0.0.1", "--webui-port", "0")
    with contextlib.ExitStack() as stack:
        process = started("spark-class", f"{DEPLOY}.master.Master", *at, "--port", str(port),
                          said=folder / "master.log")  # fmt: skip
        stack.enter_context(process)
        answers(port, folder / "master.log")
        process = started("spark-class", f"{DEPLOY}.worker.Worker", *at, "--port", str(worker),
                          "--cores", "1", "--memory", "1g", "--work-dir", str(folder / "work"),
                          master, said=folder / "worker.log")  # fmt: skip
        stack.enter_context(process)
        answers(worker, folder / "worker.log")
        yield master


@contextlib.contextmanager
def connect(folder: Path) -> Iterator[str]:
    """The address of a server of Spark Connect."""
    port = free_port()
    settings = {
        "spark.connect.grpc.binding.address": "127.0.0.1",
        "spark.connect.grpc.binding.port": port,
        "spark.sql.warehouse.dir": folder / "tables",
        "spark.ui.enabled": "false",
    }
    given = [word for name, value in settings.items() for word in ("--conf", f"{name}={value}")]
    service = "org.apache.spark.sql.connect.service.SparkConnectServer"
    with started("spark-submit", "--class", service, "--master", "local[1]", *given,
                 "spark-internal", said=folder / "connect.log"):  # fmt: skip
        answers(port, folder / "connect.log")
        yield f"sc://127.0.0.1:{port}"


@contextlib.contextmanager
def started(program: str, *arguments: str, said: Path) -> Iterator[None]:
    """A program of Spark, which is the JVM itself once it runs, until the block ends."""
    import pyspark

    command = [str(Path(pyspark.__file__).with_name("bin") / program), *arguments]
    with said.open("w") as log:
        process = subprocess.Popen(
            command, cwd=said.parent, env=environment(), stdout=log, stderr=log
        )
    try:
        yield
    finally:
        process.kill()
        process.wait()


def answers(port: int, said: Path) -> None:
    """Wait until something listens. Raises TimeoutError with what it said."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            if time.monotonic() > deadline:
                raise TimeoutError(said.read_text()[-4000:]) from None
            time.sleep(0.2)
        else:
            return


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
