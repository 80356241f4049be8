"""The process bands on Spark: the same judgement as on DuckDB, each kind of figure at each grain by
itself, where its rows are."""

from __future__ import annotations

from typing import Any

from pipelines.bands.table import BAND_COLUMNS, judge_rows

SCHEMA = ", ".join(
    f"{name} {'string' if kind == 'varchar' else kind}" for name, kind in BAND_COLUMNS.items()
)


def judged(series: Any) -> Any:
    """The bands of `int_band_series`, both as data frames of Spark. A judgement looks at all series
    of one kind and grain together (they share a calendar), so that is what one task is given. As
    Arrow: of pandas, PySpark supports no version that Koers has."""
    return series.groupBy("kind", "grain").applyInArrow(judge_group, schema=SCHEMA)


def judge_group(rows: Any) -> Any:
    """`judge_rows` of one group, from an Arrow table to an Arrow table."""
    import pyarrow as arrow

    types = {"varchar": arrow.string(), "date": arrow.date32(), "double": arrow.float64()}
    found = judge_rows(
        {name: rows.column(name).to_numpy(zero_copy_only=False) for name in rows.column_names}
    )
    found["period_start"] = found["period_start"].dt.date
    schema = arrow.schema([(name, types[kind]) for name, kind in BAND_COLUMNS.items()])
    return arrow.Table.from_pandas(found[list(BAND_COLUMNS)], schema=schema, preserve_index=False)
