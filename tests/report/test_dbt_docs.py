"""dbt's documentation in the report: made once for each state of the project, closed to the net."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.dbt import DbtError
from pipelines.report import dbt_docs
from pipelines.report.making import make_reports, out_of_date
from pipelines.settings import Home, Settings
from tests.report.example import publish_example


@pytest.mark.nightly
def test_it_is_made_once_and_names_the_models(
    koers_home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    page = dbt_docs.make(koers_home, Settings(), said.append)
    assert page is not None, said
    text = page.read_text(encoding="utf-8")
    assert "model.koers.fct_kpi_values" in text
    assert text.index("default-src 'none'") < text.index("<script")
    monkeypatch.setattr("pipelines.report.dbt_docs.run_dbt", None)
    assert dbt_docs.make(koers_home, Settings()) == page


def test_without_it_there_is_a_report(koers_home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object, **__: object) -> str:
        raise DbtError("no disk")

    monkeypatch.setattr("pipelines.report.dbt_docs.prepare_manifest", fails)
    said: list[str] = []
    assert dbt_docs.make(koers_home, Settings(), said.append) is None
    assert "no disk" in said[-1]


def test_it_is_in_the_report_of_management_alone(
    koers_home: Home, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    vega = tmp_path / "vega.js"
    vega.write_text("window.vegaEmbed = null;", encoding="utf-8")
    monkeypatch.setattr("pipelines.report.making._vega", lambda folder: vega)
    publish_example(koers_home)
    page = tmp_path / "dbt-docs-1.html"
    page.write_text("<html></html>", encoding="utf-8")
    monkeypatch.setattr("pipelines.report.dbt_docs.there", lambda home: page)
    made = make_reports(koers_home, models=page).made
    assert out_of_date(koers_home) == ""
    place = f"../{dbt_docs.PLACE}"
    for name, report in made.items():
        has = name == "management"
        assert (report.folder / dbt_docs.PLACE).exists() is has
        for language in ("nl", "en"):
            text = (report.folder / language / "sources.html").read_text(encoding="utf-8")
            assert (f'href="{place}"' in text) is has
