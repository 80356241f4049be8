"""A BI tool: `python -m tests.faults.bi_reader FOLDER STOP` opens the published file of an audience
again and again until STOP exists, and holds one connection all the time. Prints as JSON how often
it looked, how often that failed, how often what it saw was no publication, and how many it saw.

What a look counts in every table has to be what the manifest of one publication says, and of a
publication that it sees for the first time the hash of the facts too.
"""

from __future__ import annotations

import contextlib
import json
import sys
import time
from pathlib import Path
from typing import Any

import duckdb

from pipelines.marts import facts_hash

PAUSE_SECONDS = 0.1


def counts(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    names = connection.execute(
        "select table_name from duckdb_tables() where schema_name = 'main' order by table_name"
    ).fetchall()
    both = " union all ".join(f"select '{n}', count(*) from main.\"{n}\"" for (n,) in names)
    return dict(connection.execute(both).fetchall()) if names else {}


class Reader:
    """What a BI tool saw so far. looks, errors, torn: how often; seen: facts hashes."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.file = folder, folder / "koers.duckdb"
        self.looks = self.errors = self.torn = 0
        self.seen: set[str] = set()
        self._manifests: dict[str, dict[str, Any]] = {}
        self._inode = 0

    def look(self) -> None:
        try:
            inode = self.file.stat().st_ino
            with duckdb.connect(str(self.file), read_only=True) as connection:
                found = counts(connection)
                hashed = facts_hash(connection) if inode != self._inode else None
        except (duckdb.Error, OSError) as error:
            self.errors += 1
            print(error, file=sys.stderr)
            return
        self.looks += 1
        self._inode = inode
        self._read_manifests()
        known = self._manifests.values()
        whole = [each for each in known if each["tables"] == found]
        if hashed is not None:
            self.seen.add(hashed)
            whole = [each for each in whole if each["facts_hash"] == hashed]
        if not whole:
            self.torn += 1
            print(f"no publication has {hashed} and {found}", file=sys.stderr)

    def _read_manifests(self) -> None:
        for file in self.folder.glob("snapshots/*/manifest.json"):
            name = file.parent.name
            if name not in self._manifests and not name.startswith("."):
                with contextlib.suppress(OSError, ValueError):
                    self._manifests[name] = json.loads(file.read_text())


def main(folder: Path, stop: Path) -> None:
    reader = Reader(folder)
    while not reader.file.exists() and not stop.exists():
        time.sleep(PAUSE_SECONDS)
    held = first = None
    if reader.file.exists():
        # By the path of its own: DuckDB keeps one database by path in a process.
        held = duckdb.connect(str(min(folder.glob("snapshots/2*/koers.duckdb"))), read_only=True)
        first = counts(held)
    while not stop.exists():
        reader.look()
        if held is not None and counts(held) != first:
            reader.torn += 1
        time.sleep(PAUSE_SECONDS)
    said = {
        "looks": reader.looks,
        "errors": reader.errors,
        "torn": reader.torn,
        "publications": len(reader.seen),
    }
    print(json.dumps(said))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
