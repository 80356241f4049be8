"""The traps that a sniffing CSV reader falls into without a word, one test each."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors.core.files import FileRefused
from tests.files.making import DUTCH, PLAIN, is_read, read_bytes, reason, value


@pytest.mark.fault("C1")
def test_a_dutch_thousand_stays_a_thousand() -> None:
    assert value("1.234", "decimal") == "1234"


@pytest.mark.fault("C4")
def test_one_row_with_an_extra_column_costs_that_row_only(tmp_path: Path) -> None:
    got = read_bytes(tmp_path, b"a,b\n1,2\n3,4,5\n6,7\n")
    assert got.headings == ["a", "b"]
    assert got.cells == [["1", "2"], ["6", "7"]]
    assert list(got.problems) == [3]
    assert "too many columns: 3 where the headings have 2" in got.problems[3]


@pytest.mark.fault("C7")
def test_a_cut_last_line_is_refused_at_every_byte(tmp_path: Path) -> None:
    whole = b'id,amount,note\n1,2500,x\n2,2500,"a ""b"" c"\n'
    last = whole.index(b"\n2,") + 1
    assert len(read_bytes(tmp_path, whole).cells) == 2
    for end in range(last + 1, len(whole)):
        with pytest.raises(FileRefused):
            read_bytes(tmp_path, whole[:end])


def test_an_open_last_line_is_accepted_where_its_owner_says_so(tmp_path: Path) -> None:
    with pytest.raises(FileRefused, match=r"no line end.*last_line_may_be_open"):
        read_bytes(tmp_path, b"a,b\n1,2")
    assert read_bytes(tmp_path, b"a,b\n1,2", last_line_may_be_open=True).cells == [["1", "2"]]


@pytest.mark.fault("C6")
@pytest.mark.parametrize("data", [b"", b"\xef\xbb\xbf", b"  \r\n \t\n", b"\xff\xfe \0\n\0"])
def test_a_file_without_content_is_refused(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(FileRefused, match="export it again"):
        read_bytes(tmp_path, data)


@pytest.mark.fault("C6")
def test_headings_alone_are_a_table_of_no_rows(tmp_path: Path) -> None:
    got = read_bytes(tmp_path, b"a,b\r\n")
    assert (got.headings, got.rows) == (["a", "b"], [])


@pytest.mark.fault("C5")
def test_a_bad_row_among_many_is_the_only_one_lost(tmp_path: Path) -> None:
    lines = ["id,amount"] + [f"{n},{n}.50" for n in range(30_000)]
    lines[20_482] = "20481,none"
    got = read_bytes(tmp_path, "\n".join([*lines, ""]).encode())
    bad = [row.number for row in got.rows if not is_read(row.cells[1], "decimal", PLAIN)]
    assert (len(got.rows), bad) == (30_000, [20_483])


@pytest.mark.fault("C15")
@pytest.mark.parametrize("text", ["1e400", "inf", "-Infinity", "NaN", "nan", "1,5E+05", "1e5"])
def test_what_a_float_would_swallow_is_refused(text: str) -> None:
    for kind in ("decimal", "integer", "percent"):
        assert text in reason(text, kind)


@pytest.mark.fault("C16")
@pytest.mark.parametrize("text", ["00123", "1e5", "9007199254740993", "1.234", "TRUE", "03-04-26"])
def test_ids_stay_text(text: str) -> None:
    assert value(text, "text") == text


@pytest.mark.fault("C10")
def test_a_nul_character_rejects_its_row_only(tmp_path: Path) -> None:
    got = read_bytes(tmp_path, b"a,b\n1,2\n3,\x00\n5,6\n")
    assert got.cells == [["1", "2"], ["5", "6"]]
    assert "NUL" in got.problems[3]


@pytest.mark.fault("C2")
def test_cp1252_reads_the_euro_sign_that_latin1_has_not(tmp_path: Path) -> None:
    data = "naam;bedrag\r\nRené;€ 5,00\r\n".encode("cp1252")
    (row,) = read_bytes(tmp_path, data, DUTCH).rows
    assert row.cells == ["René", "€ 5,00"]
    assert value(row.cells[1], "decimal") == "5"
