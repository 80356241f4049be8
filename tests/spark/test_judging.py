"""The bands group by group, as Spark has them judged, are those of all rows at once."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from pipelines.bands.table import BAND_COLUMNS, judge_rows
from pipelines.spark.judging import SCHEMA, judge_group


def rows() -> pd.DataFrame:
    """Two years of weeks of two counts, and months of an amount that jumps."""
    chance = np.random.default_rng(7)
    monday, found = dt.date(2024, 1, 1), []
    for kpi, kind, grain, days, number in (
        ("calls", "count", "week", 7, 104),
        ("mails", "count", "week", 7, 90),
        ("revenue", "amount", "month", 31, 24),
    ):
        values = chance.poisson(40, number).astype(float)
        if kind == "amount":
            values[-4:] += 400
        for index, value in enumerate(values):
            start = monday + dt.timedelta(days=days * index)
            found.append(
                {
                    "kpi": kpi,
                    "org_unit_id": "organisation/one",
                    "grain": grain,
                    "period_start": start.replace(day=1) if grain == "month" else start,
                    "kpi_value": value,
                    "denominator": np.nan,
                    "kind": kind,
                    "budget": 1.0,
                    "known_event": "strike" if index == 30 else None,
                }
            )
    return pd.DataFrame(found)


def test_group_by_group_is_all_at_once() -> None:
    arrow = pytest.importorskip("pyarrow")
    given = rows()
    whole = judge_rows({name: given[name].to_numpy() for name in given})
    groups = [each for _, each in given.groupby(["kind", "grain"])]
    parts = pd.concat(
        judge_group(arrow.Table.from_pandas(each, preserve_index=False)).to_pandas()
        for each in groups
    )
    assert set(whole["process_status"]) >= {"stable", "drifting"}
    assert all(isinstance(day, dt.date) for day in parts["period_start"])
    parts["period_start"] = pd.to_datetime(parts["period_start"])
    keys = ["kpi", "period_start"]
    left, right = (
        each[list(BAND_COLUMNS)].sort_values(keys).reset_index(drop=True) for each in (whole, parts)
    )
    pd.testing.assert_frame_equal(left, right, check_dtype=False, check_exact=True)


def test_the_schema_is_that_of_the_bands() -> None:
    assert [each.split()[0] for each in SCHEMA.split(", ")] == list(BAND_COLUMNS)
    assert "varchar" not in SCHEMA
