"""Polars on the Parquet. `parquet` is a link: followed once, both tables are of one publication."""

from pathlib import Path

import polars
from trial import main


class Parquet:
    def __init__(self, file: str) -> None:
        self._folder = (Path(file).parent / "parquet").resolve()

    def look(self) -> set[float]:
        tables = ("fct_kpi_status", "fct_kpi_values")
        return {
            value
            for table in tables
            for value in polars.scan_parquet(self._folder / f"{table}.parquet")
            .select(polars.col("kpi_value").unique())
            .collect()["kpi_value"]
        }

    def close(self) -> None:
        pass


if __name__ == "__main__":
    main(Parquet, f"none; polars {polars.__version__}")
