"""Everything about one person, and nothing about another."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from pipelines.privacy.access import FolderThereError, access
from pipelines.privacy.person import find
from pipelines.settings import Home, Settings
from tests.privacy.making import CONTACT, CONTACT_NAME, EMPLOYEE, PSEUDONYM, UNIT


def told(home: Home, word: str, folder: Path) -> dict[str, dict[str, object]]:
    access(home, Settings(), find(home, [word]), folder)
    return {file.name: json.loads(file.read_text()) for file in folder.glob("*.json")}


@pytest.mark.fault("H3")
def test_a_contact_is_told_everything_in_every_room(home: Home, tmp_path: Path) -> None:
    files = told(home, CONTACT, tmp_path / "answer")

    rooms = {content["room"] for name, content in files.items() if name != "about.json"}
    assert rooms == {"landing", "files", "warehouse", "dagster"}
    contacts = files["landing.hubspot.contacts.json"]
    assert [row["record"]["email"] for row in contacts["rows"]] == [PSEUDONYM] * 2  # type: ignore[index, attr-defined]
    assert contacts["kept"]
    assert contacts["purpose"]
    assert contacts["source"] == "HubSpot"
    raw = [file for name, file in files.items() if name.startswith("files.")]
    assert sum(CONTACT_NAME in json.dumps(file["rows"]) for file in raw) == 3
    assert "piet@werk.example" not in json.dumps(files)  # of a row beside it


@pytest.mark.fault("H3")
def test_an_employee_is_told_what_is_published_and_alerted(home: Home, tmp_path: Path) -> None:
    folder = tmp_path / "answer"
    files = told(home, EMPLOYEE, folder)

    rooms = {content["room"] for name, content in files.items() if name != "about.json"}
    assert rooms == {"landing", "files", "warehouse", "publications", "said", "ledger", "dagster"}
    figures = files["publications.fct_kpi_status.json"]["rows"]
    assert {row["org_unit_id"] for row in figures} == {UNIT}  # type: ignore[attr-defined]
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == {0o600}


def test_an_answer_is_not_mixed_with_another(home: Home, tmp_path: Path) -> None:
    with pytest.raises(FolderThereError, match="name another folder"):
        access(home, Settings(), find(home, [UNIT]), tmp_path)
