"""What `koers powerbi` says where it cannot make a project, and what it remembers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipelines.cli import app
from pipelines.powerbi import making
from pipelines.powerbi.making import make
from pipelines.powerbi.writing import ProjectChangedError
from pipelines.publication import publish
from pipelines.settings import Home, Settings
from tests.powerbi.company import KPIS, columns, manifest
from tests.publication.tiny import warehouse


def test_without_a_publication_it_says_what_to_do(koers_home: Home) -> None:
    said = CliRunner().invoke(app, ["powerbi"])
    assert said.exit_code == 1
    assert "no publication for management yet: run `koers run`" in said.output


def test_a_publication_that_lacks_a_table_is_named(koers_home: Home) -> None:
    publish(warehouse(koers_home.warehouse), koers_home, run_id="r", keep=2)
    said = CliRunner().invoke(app, ["powerbi"])
    assert said.exit_code == 1
    assert "has no dim_date" in said.output
    assert "Run `koers publish`." in said.output


@pytest.fixture
def small(koers_home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A home whose publication and definitions are the small company's."""
    file = tmp_path / "manifest.json"
    file.write_text(json.dumps(manifest()))
    there = making.Published(columns(), {}, frozenset((*KPIS, "gone")) - {"book"}, 2025)
    monkeypatch.setattr(making, "prepare_manifest", lambda home, settings: file)
    monkeypatch.setattr(making, "published", lambda home, audience: there)
    return koers_home


def test_choices_that_are_not_given_stay_as_they_were(small: Home, tmp_path: Path) -> None:
    to = tmp_path / "project"
    first = make(small, Settings(), "management", to, source="duckdb", data_folder="C:\\koers")
    assert first.choices["language"] == "nl"
    again = make(small, Settings(), "management", to)
    assert again.choices == first.choices
    assert again.written.written == ()
    other = make(small, Settings(), "management", to, language="en")
    assert other.choices["source"] == "duckdb"
    assert any(path.endswith("page.json") for path in other.written.written)


def test_only_kpis_of_the_publication_are_in_it(small: Home, tmp_path: Path) -> None:
    made = make(small, Settings(), "management", tmp_path / "project")
    assert made.unknown == ("gone",)
    text = "".join(file.read_text() for file in made.folder.rglob("*.tmdl"))
    assert '"revenue"' in text
    assert '"book"' not in text


def test_a_folder_is_of_one_audience(small: Home, tmp_path: Path) -> None:
    make(small, Settings(), "management", tmp_path / "project")
    with pytest.raises(ProjectChangedError, match="project of management"):
        make(small, Settings(), "organisation", tmp_path / "project")
