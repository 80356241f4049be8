"""Microsoft's own library reads the model, and writes back the same bytes (opt-in: see
`object_model`)."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.powerbi import tmdl
from tests.powerbi.object_model import ObjectModel, why_not
from tests.powerbi.test_project import model

pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not() or "it can be asked")


def _written(folder: Path, files: dict[str, str]) -> Path:
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    return folder


def _read(folder: Path) -> dict[str, str]:
    return {
        str(file.relative_to(folder)): file.read_text(encoding="utf-8-sig").replace("\r\n", "\n")
        for file in folder.rglob("*.tmdl")
    }


def test_it_reads_the_model_and_writes_the_same_bytes(tmp_path: Path) -> None:
    made = model()
    files = tmdl.files(made)
    folder, again = _written(tmp_path / "definition", files), tmp_path / "again"
    again.mkdir()
    with ObjectModel() as library:
        loaded = library.ask(
            "connection_operations", operation="ConnectFolder", folderPath=str(folder)
        )["data"]
        library.ask(
            "database_operations", operation="ExportToTmdlFolder", tmdlFolderPath=str(again)
        )
    assert loaded["tablesLoaded"] == len(made.tables)
    assert loaded["measuresLoaded"] == sum(len(table.measures) for table in made.tables)
    assert loaded["relationshipsLoaded"] == len(made.relationships)
    assert _read(again) == files


def test_it_refuses_a_model_that_is_wrong(tmp_path: Path) -> None:
    """So that the test above can fail: a relationship to a column that is not there."""
    files = tmdl.files(model())
    files["relationships.tmdl"] = files["relationships.tmdl"].replace(
        "toColumn: KPI.'KPI key'", "toColumn: KPI.Nowhere"
    )
    folder = _written(tmp_path / "definition", files)
    with ObjectModel() as library, pytest.raises(AssertionError, match="ToColumn of object"):
        library.ask("connection_operations", operation="ConnectFolder", folderPath=str(folder))
