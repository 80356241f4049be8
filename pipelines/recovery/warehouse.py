"""Whether a warehouse file that opens is broken further on. Every block is read, in a process of
its own: what DuckDB makes of a broken block may end the process.

    python -m pipelines.recovery.warehouse FILE
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import duckdb

from pipelines.marts import quoted


def damage(file: Path) -> str | None:
    """What is wrong with a warehouse, or None. Takes as long as reading it does: to be asked when
    something failed."""
    if not file.exists():
        return None
    done = subprocess.run(  # noqa: S603 # nosec B603 - our own interpreter
        [sys.executable, "-m", "pipelines.recovery.warehouse", str(file)],
        capture_output=True,
        text=True,
        check=False,
    )
    if not done.returncode:
        return None
    said = (done.stdout.strip() or done.stderr.strip()).splitlines()
    return said[-1][:400] if said else f"reading it ended with exit code {done.returncode}"


def read_all(file: Path) -> None:
    """Raises duckdb.Error where anything cannot be read."""
    with duckdb.connect(str(file), read_only=True) as connection:
        tables = connection.execute(
            "select schema_name, table_name from duckdb_tables() where not internal"
        ).fetchall()
        for schema, table in tables:
            name = f"{quoted(schema)}.{quoted(table)}"
            connection.execute(f"select bit_xor(hash(each)) from {name} as each").fetchone()


if __name__ == "__main__":
    try:
        read_all(Path(sys.argv[1]))
    except duckdb.Error as error:
        print(f"{type(error).__name__}: {' '.join(str(error).split())}")
        sys.exit(1)
