"""DuckDB's own Python client, read-only."""

import duckdb
from trial import LOOK, main


class Plain:
    def __init__(self, file: str) -> None:
        self._db = duckdb.connect(file, read_only=True)

    def look(self) -> set[float]:
        return {value for (value,) in self._db.execute(LOOK).fetchall()}

    def close(self) -> None:
        self._db.close()


if __name__ == "__main__":
    main(Plain, duckdb.__version__)
