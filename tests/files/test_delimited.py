"""Delimited text: quoting, delimiters, rows of the wrong width, and how much is too much."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.core.contract import FileFormat
from connectors.core.files import Block, FileRefused, Limits, check_format, open_table
from tests.files.making import DUTCH, PLAIN, SMALL, read_bytes


@pytest.mark.fault("C9")
def test_line_ends_inside_quotes_are_kept_and_rows_are_numbered_by_line(tmp_path: Path) -> None:
    got = read_bytes(tmp_path, b'a,b\r\n1,"x\r\ny\nz"\r\n2,"say ""hi"", ok"\r\n')
    assert got.cells == [["1", "x\r\ny\nz"], ["2", 'say "hi", ok']]
    assert [row.number for row in got.rows] == [2, 5]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_kind_of_line_end(tmp_path: Path, end: str) -> None:
    got = read_bytes(tmp_path, f"a,b{end}1,2{end}3,4{end}".encode())
    assert got.cells == [["1", "2"], ["3", "4"]]


def test_other_unicode_separators_do_not_end_a_line(tmp_path: Path) -> None:
    text = "x\u2028y\x0bz\x85w\x1c"
    assert read_bytes(tmp_path, f"a,b\n1,{text}\n".encode()).cells == [["1", text]]


@pytest.mark.fault("C9")
def test_a_quote_that_never_closes_is_refused_with_the_line_it_began_on(tmp_path: Path) -> None:
    with pytest.raises(FileRefused, match=r"begins on line 3: a quote is opened and never closed"):
        read_bytes(tmp_path, b'a,b\n1,2\n3,"oops\n5,6\n')


@pytest.mark.fault("C9")
def test_a_quote_that_never_closes_does_not_swallow_a_large_file(tmp_path: Path) -> None:
    data = b'a,b\n1,"oops\n' + b"5,6\n" * 1_000
    with pytest.raises(FileRefused, match=r"begins on line 2 runs on"):
        read_bytes(tmp_path, data, limits=SMALL)


@pytest.mark.fault("C9")
def test_text_after_a_closing_quote_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileRefused, match=r"line 2: text follows a closing quote"):
        read_bytes(tmp_path, b'a,b\n1,"5" tall"\n')


@pytest.mark.fault("C9")
@pytest.mark.parametrize(
    ("fmt", "heading", "said"),
    [
        (PLAIN, "naam;bedrag;datum", r"only one heading.*';' is seen 2 times.*delimiter: \";\""),
        (DUTCH, "name,amount", r"delimiter ';', but ',' is seen 1 times"),
        (DUTCH, "name\tamount", r"a tab is seen 1 times.*delimiter: \"\\t\""),
    ],
)
def test_a_wrong_delimiter_is_named(
    tmp_path: Path, fmt: FileFormat, heading: str, said: str
) -> None:
    with pytest.raises(FileRefused, match=said):
        read_bytes(tmp_path, f"{heading}\n1\n".encode(), fmt)


def test_one_column_is_a_table_too(tmp_path: Path) -> None:
    assert read_bytes(tmp_path, b"id\n7\n").cells == [["7"]]


@pytest.mark.parametrize(
    "first", [b"sep=;\r\n", b'"sep=;"\r\n', b"SEP=;\n", b"\xef\xbb\xbfsep=;\n"]
)
def test_a_sep_line_goes_before_the_declaration(tmp_path: Path, first: bytes) -> None:
    got = read_bytes(tmp_path, first + b"a;b\n1;2\n")
    assert (got.headings, got.heading_row) == (["a", "b"], 2)
    assert (got.rows[0].number, got.cells) == (3, [["1", "2"]])


def test_a_sep_line_of_nonsense_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileRefused, match="not one character"):
        read_bytes(tmp_path, b"sep=;;\na;b\n1;2\n")


@pytest.mark.fault("C4")
def test_rows_of_the_wrong_width_are_problems_and_keep_their_number(tmp_path: Path) -> None:
    got = read_bytes(tmp_path, b"a,b,c\n1,2\n1,2,3,\n\n,,\n4,5,6\n")
    assert "too few columns: 2" in got.problems[2]
    assert "too many columns: 4" in got.problems[3]
    assert [row.number for row in got.rows] == [2, 3, 6]
    assert got.notes == ["2 empty rows skipped"]


def test_messages_about_rows_quote_no_cell(tmp_path: Path) -> None:
    got = read_bytes(tmp_path, b"name,mail\njan@example.nl\nx,jan@example.nl,y\nz,jan@\x00e\n")
    assert len(got.problems) == 3
    assert not any("jan" in problem for problem in got.problems.values())


@pytest.mark.fault("C3")
def test_headings_are_trimmed_and_of_one_spelling(tmp_path: Path) -> None:
    decomposed = "Cafe\u0301"
    data = f'\ufeff Deal  ID ,"Close\n date",\u00a0{decomposed}\n1,2,3\n'.encode()
    assert read_bytes(tmp_path, data).headings == ["Deal ID", "Close date", "Café"]


@pytest.mark.fault("C11")
def test_too_many_columns_or_too_long_cells(tmp_path: Path) -> None:
    with pytest.raises(FileRefused, match="has 10,000 columns; at most 1,000"):
        read_bytes(tmp_path, b"x" + b",x" * 9_999 + b"\n")
    got = read_bytes(tmp_path, b"a,b\n1," + b"y" * 101 + b"\n2,z\n", limits=SMALL)
    assert "longer than 100 characters" in got.problems[2]
    assert got.cells == [["2", "z"]]


@pytest.mark.fault("C10")
def test_a_cell_of_a_megabyte_is_read(tmp_path: Path) -> None:
    long = "y" * 1_000_000
    assert read_bytes(tmp_path, f"a,b\n1,{long}\n".encode()).cells == [["1", long]]


@pytest.mark.fault("C11")
def test_a_line_without_end_is_refused_before_it_is_held_in_memory(tmp_path: Path) -> None:
    with pytest.raises(FileRefused, match="has a line of over"):
        read_bytes(tmp_path, b"a,b\n" + b"z" * 2_200_000 + b"\n", limits=SMALL)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"PK\x03\x04rest", "a zip or an XLSX"),
        (b"\xd0\xcf\x11\xe0rest", "an old Excel"),
        (b"<!DOCTYPE html><html>\n", "a web page"),
        (b"%PDF-1.7\n", "a PDF"),
    ],
)
def test_what_is_no_text_is_named(tmp_path: Path, data: bytes, kind: str) -> None:
    with pytest.raises(FileRefused, match=kind):
        read_bytes(tmp_path, data)


def test_a_table_is_read_once(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(b"a\n1\n")
    with open_table(path, PLAIN) as table:
        list(table)
        with pytest.raises(RuntimeError, match="open it again"):
            list(table)


@pytest.mark.parametrize("delimiter", ["", ";;", '"', "\n", " "])
def test_a_delimiter_is_one_character(delimiter: str) -> None:
    with pytest.raises(ValueError, match="delimiter"):
        check_format(FileFormat(delimiter=delimiter))


# NUL has its own test; half surrogates cannot be written as UTF-8.
ANY_TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=30)


@pytest.mark.fault("C9", "C10")
@given(st.lists(st.lists(ANY_TEXT, min_size=3, max_size=3), max_size=8))
def test_whatever_a_csv_writer_writes_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]]
) -> None:
    out = io.StringIO(newline="")
    writer = csv.writer(out, quoting=csv.QUOTE_ALL)
    writer.writerows([["a", "b", "c"], *rows])
    got = read_bytes(tmp_path_factory.mktemp("any"), out.getvalue().encode(), limits=Limits())
    assert got.problems == {}
    # A row is empty when no cell has anything but white space: there is nothing in it to lose.
    assert got.cells == [row for row in rows if row[0] or any(cell.strip() for cell in row)]


@pytest.mark.fault("C11")
def test_of_long_rows_fewer_make_a_block(tmp_path: Path) -> None:
    file = tmp_path / "x.csv"
    file.write_text("a,b\n" + "".join(f"{n},{'x' * 90}\n" for n in range(50)))
    with open_table(file, PLAIN, limits=Limits(cell_characters=200)) as table:
        sizes = [len(block.cells) for block in table.blocks() if isinstance(block, Block)]
    assert sum(sizes) == 50
    assert max(sizes) == 3, "the third row takes it over the length of the longest cell"
