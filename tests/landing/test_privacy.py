"""What is personal is gone before anything is written, and the key is one and elsewhere."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from connectors.core.errors import UnusableKeyError
from tests.landing.making import TOOL, csv, ingest, landed, put, rejects

ADDRESS = "j.jansen@klant.example"


def row(number: object, amount: str = "1,00", address: str = ADDRESS) -> list[object]:
    return [number, amount, "03-02-2026", address, None]


@pytest.mark.fault("H4", "H6")
def test_no_byte_of_an_address_is_in_the_landing(tmp_path: Path) -> None:
    put(tmp_path, TOOL, "a.csv", csv([row(1), row(2, "x"), row(3, ADDRESS), [4, "1,00", ADDRESS]]))
    ingest(tmp_path)
    assert len(rejects(tmp_path)) == 3
    for reject in rejects(tmp_path):
        assert ADDRESS not in str(reject)
        assert "jansen" not in str(reject)
    for file in (tmp_path / "landing").rglob("*"):
        if file.is_file():
            assert b"jansen" not in file.read_bytes(), file


@pytest.mark.fault("H4")
def test_the_same_contact_has_the_same_name_everywhere(tmp_path: Path) -> None:
    put(tmp_path, TOOL, "a.csv", csv([row(1), row(2, address=f" {ADDRESS.upper()} ")]))
    ingest(tmp_path)
    first, second = (json.loads(record)["contact"] for record in landed(tmp_path).values())
    assert first == second
    assert len(first) == 64


@pytest.mark.fault("H4")
def test_another_key_is_refused_before_anything_is_landed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path, TOOL, "a.csv", csv([row(1)]))
    ingest(tmp_path)
    monkeypatch.setenv("KOERS_PSEUDONYM_KEY", "quite another key of the tests")
    put(tmp_path, TOOL, "b.csv", csv([row(2)]))
    with pytest.raises(UnusableKeyError):
        ingest(tmp_path)
    assert set(landed(tmp_path)) == {"1"}


@pytest.mark.fault("H4")
@pytest.mark.parametrize("key", ["short", " "])
def test_a_key_that_can_be_guessed_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    monkeypatch.setenv("KOERS_PSEUDONYM_KEY", key)
    put(tmp_path, TOOL, "a.csv", csv([row(1)]))
    with pytest.raises(UnusableKeyError) as raised:
        ingest(tmp_path)
    assert "short" not in str(raised.value).replace("shorter", "").replace("too short", "")


@pytest.mark.fault("G15", "H4")
def test_a_key_is_made_once_readable_by_its_owner_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "elsewhere" / "key"
    monkeypatch.delenv("KOERS_PSEUDONYM_KEY")
    monkeypatch.setenv("KOERS_PSEUDONYM_KEY_FILE", str(file))
    home = tmp_path / "home"
    put(home, TOOL, "a.csv", csv([row(1)]))
    ingest(home)
    made = file.read_bytes()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    put(home, TOOL, "b.csv", csv([row(2)]))
    ingest(home)
    assert file.read_bytes() == made
    file.unlink()
    put(home, TOOL, "c.csv", csv([row(3)]))
    with pytest.raises(UnusableKeyError):
        ingest(home)
    assert not file.exists(), "a new key would part every contact from its history"


@pytest.mark.fault("G15", "H4")
def test_a_key_inside_the_home_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KOERS_PSEUDONYM_KEY")
    monkeypatch.setenv("KOERS_PSEUDONYM_KEY_FILE", str(tmp_path / "state" / "key"))
    put(tmp_path, TOOL, "a.csv", csv([row(1)]))
    with pytest.raises(UnusableKeyError, match="copy of the key"):
        ingest(tmp_path)
    assert os.environ["KOERS_PSEUDONYM_KEY_FILE"]
