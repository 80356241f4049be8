"""From the rows of the warehouse to bands and back; the settings behind them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from pipelines.bands.table import BAND_COLUMNS, judge_rows, seasons
from pipelines.inputs import build_inputs
from pipelines.kpis.kpi import Band
from pipelines.settings import Home, Settings, SettingsError, settings


def rows(months: int = 20) -> dict[str, Any]:
    """Two series: one goes on without a value in its fifth month, one is a share."""
    random = np.random.default_rng(1)
    starts = np.datetime64("2024-01", "M") + np.arange(months)
    value = np.concatenate([100 + random.standard_normal(months), random.random(months)])
    gap = np.zeros(2 * months, dtype=bool)
    gap[4] = True
    known = np.ma.masked_array(np.full(2 * months, "Outage", dtype=object), mask=True)
    known[7] = "Outage"
    return {
        "kpi": np.repeat(["revenue", "win_rate"], months).astype(object),
        "org_unit_id": np.full(2 * months, "org", dtype=object),
        "grain": np.full(2 * months, "month", dtype=object),
        "period_start": np.tile(starts, 2).astype("datetime64[us]"),
        "kpi_value": np.ma.masked_array(value, mask=gap),
        "denominator": np.ma.masked_array(
            np.full(2 * months, 50.0), mask=np.arange(2 * months) < months
        ),
        "kind": np.repeat(["amount", "rate"], months).astype(object),
        "budget": np.full(2 * months, 1.0),
        "known_event": known,
    }


def test_every_row_comes_back_once_whatever_their_order() -> None:
    given = rows()
    keys = ["kpi", "org_unit_id", "grain", "period_start"]
    found = judge_rows(given).sort_values(keys, ignore_index=True)
    assert list(found.columns) == list(BAND_COLUMNS)
    assert len(found) == 40
    assert found["process_status"][4] == "no_data"
    assert set(found["process_status"][:4]) == {"insufficient_data"}
    assert set(found["process_status"][10:20]) <= {"stable", "drifting"}
    assert found["known_event"].dropna().to_dict() == {7: "Outage"}
    order = np.random.default_rng(2).permutation(40)
    turned = judge_rows({name: column[order] for name, column in given.items()})
    turned = turned.sort_values(keys, ignore_index=True)
    assert found["process_status"].equals(turned["process_status"])
    assert found["process_band_upper"].to_numpy() == pytest.approx(
        turned["process_band_upper"].to_numpy(), nan_ok=True
    )


def test_without_rows_there_are_none() -> None:
    none = {name: column[:0] for name, column in rows().items()}
    assert list(judge_rows(none).columns) == list(BAND_COLUMNS)


def test_seasons_are_weekdays_and_months_of_the_year() -> None:
    days = np.array(["2026-01-05", "2026-01-11", "2026-02-01"], dtype="datetime64[us]")
    for grain, wanted in (("day", [0, 6, 6]), ("month", [0, 0, 1]), ("week", [0, 0, 1])):
        found = seasons(days, grain)
        assert found is not None
        assert found.tolist() == wanted
    assert seasons(days, "year") is None


def test_the_budget_is_checked_and_makes_a_build_stale(koers_home: Home) -> None:
    before = build_inputs(koers_home, Settings())
    assert build_inputs(koers_home, Settings(false_alarm_budget=2.0)) != before
    koers_home.root.mkdir(parents=True)
    for wrong in ("0", "-1", "veel", ".nan", "1000"):
        koers_home.settings_file.write_text(f"false_alarm_budget: {wrong}\n", encoding="utf-8")
        with pytest.raises(SettingsError, match="false_alarm_budget"):
            settings(koers_home)
    with pytest.raises(ValidationError):
        Band(budget=0)
