"""Which bytes are which characters: a mark, or the declaration, strictly."""

from __future__ import annotations

import codecs
from pathlib import Path

import pytest

from connectors.core.contract import FileFormat
from connectors.core.files import FileRefused, check_format
from tests.files.making import read_bytes

TEXT = "naam,bedrag\nRené,€ 5\n"


@pytest.mark.fault("C2")
@pytest.mark.parametrize(
    ("declared", "data"),
    [
        ("utf-8", TEXT.encode()),
        ("cp1252", codecs.BOM_UTF8 + TEXT.encode()),
        ("utf-8", codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le")),
        ("utf-8", codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be")),
        ("utf-16-le", TEXT.encode("utf-16-le")),
        ("utf-8", codecs.BOM_UTF32_LE + TEXT.encode("utf-32-le")),
        ("cp1252", TEXT.encode("cp1252")),
        ("iso-8859-15", TEXT.encode("iso-8859-15")),
    ],
)
def test_one_name_in_eight_encodings(tmp_path: Path, declared: str, data: bytes) -> None:
    got = read_bytes(tmp_path, data, FileFormat(encoding=declared))
    assert got.headings == ["naam", "bedrag"]
    assert got.cells == [["René", "€ 5"]]


@pytest.mark.fault("C2")
def test_a_byte_that_does_not_decode_refuses_the_file_with_its_place(tmp_path: Path) -> None:
    mixed = "naam\nRené\n".encode() + "Zoë\n".encode("cp1252")
    with pytest.raises(FileRefused, match=r"line 3, byte 13 \(0xeb\) is not utf-8"):
        read_bytes(tmp_path, mixed)


def test_the_place_is_right_far_into_a_file(tmp_path: Path) -> None:
    before = b"naam\n" + "Zoë Visser\n".encode() * 200_000
    with pytest.raises(FileRefused, match=rf"line 200002, byte {len(before) + 1} "):
        read_bytes(tmp_path, before + b"x\xe9\n")


@pytest.mark.fault("C2")
def test_half_a_character_at_the_end_is_refused(tmp_path: Path) -> None:
    for data in (b"naam\nRen\xc3", codecs.BOM_UTF16_LE + "naam\nx\n".encode("utf-16-le")[:-1]):
        with pytest.raises(FileRefused, match="byte"):
            read_bytes(tmp_path, data)


@pytest.mark.fault("C2")
@pytest.mark.parametrize("declared", ["cp1252", "iso-8859-1", "iso-8859-15", "cp850", "ascii"])
def test_utf8_declared_as_something_else_is_not_read_as_gibberish(
    tmp_path: Path, declared: str
) -> None:
    with pytest.raises(FileRefused, match=r"line 2 has 'é' read as UTF-8.*encoding: utf-8"):
        read_bytes(tmp_path, TEXT.encode(), FileFormat(encoding=declared))


@pytest.mark.fault("C2")
def test_cp1252_declared_as_latin1_is_refused_with_both_readings(tmp_path: Path) -> None:
    with pytest.raises(FileRefused, match=r"line 2 .*0x80.*'€' in cp1252"):
        read_bytes(tmp_path, TEXT.encode("cp1252"), FileFormat(encoding="latin-1"))


@pytest.mark.fault("C2")
def test_utf16_without_a_mark_says_so(tmp_path: Path) -> None:
    with pytest.raises(FileRefused, match="UTF-16 without a byte-order mark"):
        read_bytes(tmp_path, TEXT.encode("utf-16-le"))


@pytest.mark.parametrize("declared", ["rot13", "idna", "utf-7", "base64", "unicode_escape", "nope"])
def test_only_encodings_of_text_files_can_be_declared(declared: str) -> None:
    with pytest.raises(ValueError, match="known are utf-8"):
        check_format(FileFormat(encoding=declared))


def test_one_byte_encodings_without_accents_need_no_second_thought(tmp_path: Path) -> None:
    got = read_bytes(tmp_path, b"naam\nJan\n", FileFormat(encoding="cp1252"))
    assert got.cells == [["Jan"]]
