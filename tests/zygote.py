"""Child processes without the seconds that their imports cost: one process imports a module once,
and forks a child for each call of its `main`. The children are processes of their own, to be
killed like any other.

    done = forked("tests.landing.child", str(home), KOERS_FAILPOINT="landing.before_commit")

Run as `python -m tests.zygote` it is that process: it reads a call per line, as JSON, and answers
with the child's exit status. It holds no connection and starts no thread, so a fork of it is clean.
"""

from __future__ import annotations

import atexit
import contextlib
import importlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path
from typing import Any

from pipelines.settings import PROJECT_DIR


class Zygote:
    """The process, from the side of the tests. Started by the first call."""

    def __init__(self, **environment: str) -> None:
        """environment: of the process and of every child, beside what a call gives."""
        self.environment = environment
        self._process: subprocess.Popen[str] | None = None
        atexit.register(self.end)

    def ask(self, call: dict[str, Any]) -> int:
        """The exit status of the child, as `os.waitpid` gives it."""
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.zygote"],
                cwd=PROJECT_DIR,
                env={
                    **os.environ,
                    "OPENBLAS_NUM_THREADS": "1",
                    "OMP_NUM_THREADS": "1",
                    **self.environment,
                },
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                start_new_session=True,
            )
        process = self._process
        try:
            process.stdin.write(json.dumps(call) + "\n")  # type: ignore[union-attr]
            process.stdin.flush()  # type: ignore[union-attr]
            return int(process.stdout.readline())  # type: ignore[union-attr]
        except BaseException:
            self.end()  # with the child that it may be waiting for
            raise

    def end(self) -> None:
        if self._process is None:
            return
        process, self._process = self._process, None
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


_zygote = Zygote()


def forked(
    module: str,
    *arguments: str,
    without: tuple[str, ...] = (),
    zygote: Zygote = _zygote,
    **environment: str,
) -> subprocess.CompletedProcess[bytes]:
    """`main(arguments)` of a module in a process of its own, in the environment of this one, less
    `without` and with `environment`; as `subprocess.run` tells it."""
    with tempfile.TemporaryDirectory(prefix="koers-forked-") as folder:
        said = [Path(folder) / name for name in ("stdout", "stderr")]
        kept = {name: text for name, text in os.environ.items() if name not in without}
        status = zygote.ask(
            {
                "module": module,
                "arguments": arguments,
                "environment": {**kept, **zygote.environment, **environment},
                "said": [str(file) for file in said],
            }
        )
        code = os.waitstatus_to_exitcode(status)
        out, err = (file.read_bytes() for file in said)
    return subprocess.CompletedProcess([module, *arguments], code, out, err)


def _be_the_child(call: dict[str, Any]) -> int:
    for number, file in enumerate(call["said"], 1):
        opened = os.open(file, os.O_WRONLY | os.O_CREAT, 0o600)
        os.dup2(opened, number)
    os.environ.clear()
    os.environ.update(call["environment"])
    try:
        sys.modules[call["module"]].main(call["arguments"])
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 1
    except Exception:  # noqa: BLE001 - a child tells any error, as the interpreter would
        traceback.print_exc()
        return 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    return 0


def _serve() -> None:
    importlib.import_module("pandas")  # which is imported only where rows are written
    for line in sys.stdin:
        call = json.loads(line)
        for file in call["said"]:
            Path(file).touch()
        importlib.import_module(call["module"])
        child = os.fork()
        if child == 0:
            os._exit(_be_the_child(call))
        _, status = os.waitpid(child, 0)
        print(status, flush=True)


if __name__ == "__main__":
    _serve()
