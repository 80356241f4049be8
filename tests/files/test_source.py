"""What may lie in an inbox without being a file to read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from connectors.core.contract import FileFormat
from connectors.core.files import FileRefused
from tests.files.making import PLAIN, read


@pytest.mark.fault("C19")
def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "real.csv").write_bytes(b"a\n1\n")
    (tmp_path / "x.csv").symlink_to(tmp_path / "real.csv")
    with pytest.raises(FileRefused, match="symbolic link"):
        read(tmp_path / "x.csv")


@pytest.mark.fault("C19")
@pytest.mark.timeout(10)
def test_a_pipe_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "x.csv")
    with pytest.raises(FileRefused, match="not a regular file"):
        read(tmp_path / "x.csv")


def test_a_folder_or_nothing_at_all(tmp_path: Path) -> None:
    (tmp_path / "x.csv").mkdir()
    for name, said in (("x.csv", "not a regular file"), ("none.csv", "cannot be opened")):
        with pytest.raises(FileRefused, match=said):
            read(tmp_path / name)


@pytest.mark.parametrize(
    ("name", "said"),
    [("x.xls", "old Excel"), ("x.xlsb", "binary"), ("x.csv.gz", "gzip"), ("x.pdf", "is not a .csv"),
     ("x", "is not a .csv")],
)  # fmt: skip
def test_other_kinds_are_refused_with_what_to_do(tmp_path: Path, name: str, said: str) -> None:
    (tmp_path / name).write_bytes(b"a\n1\n")
    with pytest.raises(FileRefused, match=said):
        read(tmp_path / name)


def test_a_wrong_declaration_refuses_the_file(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_bytes(b"a\n1\n")
    with pytest.raises(FileRefused, match="declared format is wrong: date format 'dd-mm'"):
        read(tmp_path / "x.csv", FileFormat(date="dd-mm"))


@pytest.mark.fault("C18")
def test_messages_are_one_harmless_line(tmp_path: Path) -> None:
    path = tmp_path / "a\nb\x1b[31m.csv"
    path.write_bytes(b"")
    with pytest.raises(FileRefused) as caught:
        read(path, PLAIN)
    assert str(caught.value).isprintable()
    assert caught.value.path == path
