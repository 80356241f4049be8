"""The process bands on Spark: the same judgement as on DuckDB, each kind of figure at each grain by
itself, where its rows are."""

from __future__ import annotations

from typing import Any

import pandas as pd

from pipelines.bands.table import BAND_COLUMNS, judge_rows

SCHEMA = ", ".join(
    f"{name} {'string' if kind == 'varchar' else kind}" for name, kind in BAND_COLUMNS.items()
)


def judged(series: Any) -> Any:
    """The bands of `int_band_series`, both as data frames of Spark. A judgement looks at all series
    of one kind and grain together (they share a calendar), so that is what one task is given."""
    return series.groupBy("kind", "grain").applyInPandas(judge_group, schema=SCHEMA)


def judge_group(rows: pd.DataFrame) -> pd.DataFrame:
    """`judge_rows` of one group, with dates as Spark takes them."""
    found = judge_rows({str(name): rows[name] for name in rows})
    found["period_start"] = pd.to_datetime(found["period_start"]).dt.date
    return found[list(BAND_COLUMNS)]
