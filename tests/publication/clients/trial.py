"""What every BI client is asked, in a Python of its own: `client.py hold|reopen FILE STOP`.

While publications are made, each with one number in every row of both facts: is a half ever seen,
does anything fail, and when does the new one come? It says `looking` once it has looked, and at the
end its answer as one line of JSON.
"""

from __future__ import annotations

import functools
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

LOOK = (
    "select distinct kpi_value from fct_kpi_status union select distinct kpi_value "
    "from fct_kpi_values"
)
PAUSE = 0.02


class Client(Protocol):
    def look(self) -> set[float]: ...

    def close(self) -> None: ...


@functools.cache
def say_once() -> None:
    print("looking", flush=True)


def reopen(opened: Callable[[str], Client], file: str, stop: Path) -> dict[str, object]:
    """Open, look twice, close, until `stop` exists."""
    seen: set[float] = set()
    reads = torn = 0
    errors = set()
    while not stop.exists():
        try:
            client = opened(file)
            for _ in range(2):
                found = client.look()
                reads += 1
                torn += len(found) != 1
                seen |= found
                say_once()
                time.sleep(PAUSE)
            client.close()
        except Exception as error:  # noqa: BLE001 (what a client raises is what is asked)
            errors.add(f"{type(error).__name__}: {error}"[:300])
            say_once()
    return {"reads": reads, "torn": torn, "errors": sorted(errors), "seen": len(seen)}


def hold(opened: Callable[[str], Client], file: str, stop: Path) -> dict[str, object]:
    """Open once and look until `stop` exists; then open anew, with the old one open and without."""
    client = opened(file)
    first = client.look()
    say_once()
    reads = torn = 0
    errors = set()
    while not stop.exists():
        try:
            found = client.look()
            reads += 1
            torn += found != first
        except Exception as error:  # noqa: BLE001
            errors.add(f"{type(error).__name__}: {error}"[:300])
        time.sleep(PAUSE)
    second = opened(file)
    beside = second.look() != first
    second.close()
    client.close()
    third = opened(file)
    after = third.look() != first
    third.close()
    return {
        "reads": reads,
        "torn": torn,
        "errors": sorted(errors),
        "new_beside_the_old": beside,
        "new_after_closing": after,
    }


def main(opened: Callable[[str], Client], version: str) -> None:
    way, file, stop = sys.argv[1:4]
    ask = {"hold": hold, "reopen": reopen}[way]
    print(json.dumps({"duckdb": version, **ask(opened, file, Path(stop))}))
