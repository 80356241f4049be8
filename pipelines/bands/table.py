"""From rows, one per series and period, to the bands of all of them, and back to rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipelines.bands.robust import Array
from pipelines.bands.walk import SEASONS, STATUSES, Bands, judge

BAND_COLUMNS = {
    "kpi": "varchar",
    "org_unit_id": "varchar",
    "grain": "varchar",
    "period_start": "date",
    "process_band_lower": "double",
    "process_band_centre": "double",
    "process_band_upper": "double",
    "process_status": "varchar",
    "process_score": "double",
    "known_event": "varchar",
}
"""What `judge_rows` gives, with SQL types."""


def judge_rows(columns: Mapping[str, Any]) -> pd.DataFrame:
    """Judge rows of `kpi, org_unit_id, grain, period_start, kpi_value, denominator, kind, budget,
    known_event` (arrays of equal length, masked or NaN where unknown, in any order). A row of a
    known event is judged, but is no part of what is normal later."""
    rows = pd.DataFrame({name: _plain(values) for name, values in columns.items()})
    rows["period_start"] = pd.to_datetime(rows["period_start"])
    found = [
        _judge(of_kind, str(kind), str(grain))
        for (kind, grain), of_kind in rows.groupby(["kind", "grain"], sort=True)
    ]
    if not found:
        return pd.DataFrame({name: pd.Series(dtype="object") for name in BAND_COLUMNS})
    return pd.concat(found, ignore_index=True)


def _plain(values: Any) -> Any:
    """Masked arrays as pandas takes them."""
    if not isinstance(values, np.ma.MaskedArray):
        return values
    if values.dtype.kind == "f":
        return values.filled(np.nan)
    plain = np.asarray(values.data, dtype=object)
    plain[np.ma.getmaskarray(values)] = None
    return plain


def _judge(rows: pd.DataFrame, kind: Any, grain: str) -> pd.DataFrame:
    series = rows.groupby(["kpi", "org_unit_id"], sort=True).ngroup().to_numpy()
    starts, period = np.unique(rows["period_start"].to_numpy(), return_inverse=True)
    shape = (int(series.max()) + 1, len(starts))

    def pivot(values: Any, empty: Any) -> Any:
        made = np.full(shape, empty)
        made[series, period] = values
        return made

    sizes = pivot(rows["denominator"].to_numpy(dtype=float), np.nan)
    budget = np.ones(shape[0])
    budget[series] = rows["budget"].to_numpy(dtype=float)
    bands = judge(
        pivot(rows["kpi_value"].to_numpy(dtype=float), np.nan),
        kind=kind,
        grain=grain,
        budget=budget,
        sizes=sizes if np.isfinite(sizes).any() else None,
        left_out=pivot(rows["known_event"].notna().to_numpy(), False),
        seasons=seasons(starts, grain),
    )
    return _rows(rows, bands, series, period)


def _rows(
    rows: pd.DataFrame, bands: Bands, series: NDArray[Any], period: NDArray[Any]
) -> pd.DataFrame:
    made = rows[["kpi", "org_unit_id", "grain", "period_start"]].copy()

    def taken(values: Array) -> Array:
        return np.asarray(values[series, period])

    made["process_band_lower"] = taken(bands.lower)
    made["process_band_centre"] = taken(bands.centre)
    made["process_band_upper"] = taken(bands.upper)
    made["process_status"] = np.asarray(STATUSES, dtype=object)[bands.status[series, period]]
    made["process_score"] = taken(bands.score)
    made["known_event"] = rows["known_event"]
    return made


def seasons(starts: NDArray[Any], grain: str) -> NDArray[np.intp] | None:
    """The season of each period by its first day: the weekday of a day, the month of a week (that
    of its Thursday) or a month; None for longer ones."""
    if grain not in SEASONS:
        return None
    days = pd.DatetimeIndex(starts)
    if grain == "day":
        return np.asarray(days.day_of_week, dtype=np.intp)
    if grain == "week":
        days = days + pd.Timedelta(days=3)
    return np.asarray(days.month, dtype=np.intp) - 1
