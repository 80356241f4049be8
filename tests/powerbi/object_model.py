"""Microsoft's tabular object model, as a program that speaks the Model Context Protocol over stdio.

It is npm's `@microsoft/powerbi-modeling-mcp-linux-x64`, dist/powerbi-modeling-mcp. Its licence lets
you install and use it to develop and test; not to use it in production, nor to hand it on. So it is
no part of Koers: who accepts the licence names the program in POWERBI_MODELING_MCP. It runs without
a network (in a network namespace of its own), so that it sends nothing.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import threading
from pathlib import Path
from types import TracebackType
from typing import Any, Self

PROGRAM = os.environ.get("POWERBI_MODELING_MCP", "")
SECONDS = 50


def no_network() -> list[str] | None:
    """What to put before a command so that it has no network; None where that cannot be done."""
    if shutil.which("unshare") is None:
        return None
    for options in (["--net"], ["--net", "--map-root-user"]):
        command = ["unshare", *options]
        if subprocess.run([*command, "true"], capture_output=True, check=False).returncode == 0:
            return command
    return None


def why_not() -> str:
    """Why it cannot be asked here; empty where it can."""
    if not PROGRAM:
        return "POWERBI_MODELING_MCP does not name the program"
    if not Path(PROGRAM).is_file():
        return f"{PROGRAM} is not there"
    return "" if no_network() else "a program cannot be run without a network here"


class ObjectModel:
    """One run of the program; `ask` raises AssertionError with what it said when it refuses."""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [*(no_network() or []), PROGRAM, "--start"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={"PATH": os.environ["PATH"], "DO_NOT_TRACK": "1", "HOME": "/nonexistent"},
            text=True,
        )
        self._timer = threading.Timer(SECONDS, self._process.kill)
        self._timer.start()
        self._number = 0
        self._call(
            "initialize",
            {
                "protocolVersion": "2025-06-18",
                "capabilities": {},
                "clientInfo": {"name": "koers-tests", "version": "1"},
            },
        )
        self._send({"jsonrpc": "2.0", "method": "notifications/initialized"})
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(10)
        self._process.stdout.close()
        self._timer.cancel()
        self._timer.join()

    def ask(self, tool: str, **request: Any) -> dict[str, Any]:
        answer = self._call("tools/call", {"name": tool, "arguments": {"request": request}})
        said = answer["content"][0]["text"]
        assert not answer.get("isError"), said
        found: dict[str, Any] = json.loads(said)
        return found

    def _send(self, message: dict[str, Any]) -> None:
        assert self._process.stdin
        self._process.stdin.write(json.dumps(message) + "\n")
        self._process.stdin.flush()

    def _call(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        self._number += 1
        self._send({"jsonrpc": "2.0", "id": self._number, "method": method, "params": params})
        assert self._process.stdout
        for line in self._process.stdout:
            message = json.loads(line)
            if message.get("id") == self._number:
                result: dict[str, Any] = message.get("result") or {}
                assert "error" not in message, message
                return result
        raise AssertionError(f"it ended, or said nothing for {SECONDS} seconds")
