"""ADBC: the driver that DuckDB's Python wheel holds, through the driver manager."""

import adbc_driver_duckdb
import duckdb
from adbc_driver_manager import dbapi
from trial import LOOK, main


class Adbc:
    def __init__(self, file: str) -> None:
        # Not adbc_driver_duckdb.dbapi.connect: that can only open for writing.
        self._db = dbapi.connect(
            driver=adbc_driver_duckdb.driver_path(),
            entrypoint="duckdb_adbc_init",
            db_kwargs={"path": file, "access_mode": "READ_ONLY"},
        )

    def look(self) -> set[float]:
        with self._db.cursor() as cursor:
            cursor.execute(LOOK)
            return {value for (value,) in cursor.fetchall()}

    def close(self) -> None:
        self._db.close()


if __name__ == "__main__":
    main(Adbc, duckdb.__version__)
