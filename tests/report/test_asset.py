"""The report in Dagster: an asset with the scorecard, made again when the ledger moves."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest

from pipelines.defs.publication import WATCH
from pipelines.defs.report import report_asset, report_sensor
from pipelines.reporting import renew
from pipelines.settings import Home
from pipelines.watch.acts import acknowledge
from tests.report.example import publish_example


@pytest.fixture(autouse=True)
def no_vega(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "vega.js"
    file.write_text("window.vegaEmbed = null;", encoding="utf-8")
    monkeypatch.setattr("pipelines.report.making._vega", lambda folder: file)
    monkeypatch.setattr("pipelines.report.dbt_docs.make", lambda *_: None)


def test_the_asset_shows_the_scorecard_and_the_sensor_waits_for_news(koers_home: Home) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        context = dg.build_sensor_context(instance)
        assert isinstance(report_sensor(context), dg.SkipReason)
        publish_example(koers_home)
        done = dg.materialize([report_asset(WATCH)], instance=instance)
        (event,) = done.get_asset_materialization_events()
        metadata = event.materialization.metadata
        assert metadata["pages"].value > 20
        assert metadata["made_again"].value == ["management", "organisation"]
        assert str(metadata["scorecard"].value).startswith("![scorecard](data:image/png;base64,")
        assert isinstance(report_sensor(context), dg.SkipReason)
        acknowledge(koers_home.ledger, "revenue/sales/tolerance/2025-06-01", "eva", "")
        asked = report_sensor(context)
        assert isinstance(asked, dg.SensorResult)
        assert len(asked.run_requests or ()) == 1
        again = dg.build_sensor_context(instance, cursor=asked.cursor)
        assert isinstance(report_sensor(again), dg.SkipReason)


def test_a_run_fails_not_for_its_report(
    koers_home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    renew(koers_home)
    assert capsys.readouterr().err == ""
    publish_example(koers_home)
    koers_home.report.write_text("in the way", encoding="utf-8")
    renew(koers_home)
    assert "report: management: " in capsys.readouterr().err
    assert koers_home.report.is_file()
