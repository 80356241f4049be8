"""`koers kpi history`: what was said when, as people and programs read it."""

from __future__ import annotations

import json

import pytest
import typer

from pipelines.governing import kpi_history
from pipelines.said.recording import record_all
from pipelines.settings import Home
from tests.governance.test_said import say, value


@pytest.fixture
def said(koers_home: Home, capsys: pytest.CaptureFixture[str]) -> pytest.CaptureFixture[str]:
    """The first night 100, later 110; a second KPI value, and a definition that changes."""
    say(koers_home, [value(100), value(50, at=2, closed=False)])
    record_all(koers_home)
    say(
        koers_home,
        [value(110), value(70, at=2)],
        "update dim_kpi set direction = 'lower' where kpi = 'revenue'",
    )
    record_all(koers_home)
    capsys.readouterr()
    return capsys


def test_every_change_with_its_reason(said: pytest.CaptureFixture[str]) -> None:
    kpi_history("revenue", unit="org", grain="month")
    out = said.readouterr().out
    first, second = out.split("2025-09")
    assert "said for the first time" in first
    assert "100" in first
    assert ": new" in first
    [late] = [
        line for line in second.splitlines() if line.endswith(": restatement, corrected data")
    ]
    assert "100" in late.split(" -> ")[0]
    assert "110" in late.split(" -> ")[1]
    [open_then] = [line for line in out.splitlines() if "not over yet ->" in line]
    assert open_then.endswith("open period")
    assert "direction: higher -> lower" in out


def test_as_it_was_said_on_a_day_beside_now(said: pytest.CaptureFixture[str]) -> None:
    kpi_history("revenue", unit="org", grain="month", on="2025-06-02")
    then = said.readouterr().out.splitlines()
    assert len(then) == 2
    assert "100" in then[0].split("; now ")[0]
    assert "110" in then[0].split("; now ")[1]
    kpi_history("revenue", unit="org", grain="month", on="2025-06-02", as_json=True)
    assert [each["kpi_value"] for each in json.loads(said.readouterr().out)] == [100.0, 50.0]
    kpi_history("revenue", unit="org", grain="month", on="2025-05-31")
    assert said.readouterr().out == "Nothing was said of revenue of org by month on 2025-05-31.\n"


def test_what_is_not_there_is_said_in_words(said: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit):
        kpi_history("revenu")
    assert "There is no KPI 'revenu'" in said.readouterr().err
    with pytest.raises(typer.BadParameter, match="no day"):
        kpi_history("revenue", on="yesterday")
