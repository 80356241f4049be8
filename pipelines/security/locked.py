"""DuckDB that reads and writes no file but the one it was opened on, and loads nothing.

A connection that only asks a publication has no use for files, the network or extensions; locked,
no statement can get them back.
"""

from __future__ import annotations

import duckdb

from pipelines.machine import memory_limit

LOCKED = {
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
    "lock_configuration": "true",
}

QUIET = {
    "autoinstall_known_extensions": "false",
    "allow_community_extensions": "false",
}
"""For those that do read and write files: nothing is downloaded."""


def locked(file: str = ":memory:", *, read_only: bool = False) -> duckdb.DuckDBPyConnection:
    """A connection to a file (or to nothing but memory), locked, with the memory that this machine
    lets it have. Raises duckdb.Error."""
    return duckdb.connect(
        file, read_only=read_only, config={**LOCKED, "memory_limit": memory_limit()}
    )
