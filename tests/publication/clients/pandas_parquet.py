"""pandas on the Parquet. `parquet` is a link: followed once, both tables are of one publication."""

from pathlib import Path

import pandas
from trial import main


class Parquet:
    def __init__(self, file: str) -> None:
        self._folder = (Path(file).parent / "parquet").resolve()

    def look(self) -> set[float]:
        tables = ("fct_kpi_status", "fct_kpi_values")
        return {
            value
            for table in tables
            for value in pandas.read_parquet(self._folder / f"{table}.parquet")["kpi_value"]
        }

    def close(self) -> None:
        pass


if __name__ == "__main__":
    main(Parquet, f"none; pandas {pandas.__version__}")
