"""Whole lines at once give what the csv module gives, row by row."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import connectors.core.files.delimited as delimited
from connectors.core.contract import FieldType, FileFormat
from connectors.core.files import (
    Block,
    CellError,
    FileRefused,
    Limits,
    Row,
    Table,
    cell_reader,
    column_reader,
    open_table,
)
from connectors.core.files.quick import columns_of

ENDS = st.sampled_from(["\n", "\n", "\n", "\r\n", "\r"])
CELLS = st.one_of(
    st.sampled_from(
        ["", "", "a", "12", " ", "\t", " x ", "\xa0", "é", "\u2028", "\x0b", "\x1c", "\x85", "|",
         "a,b", ";", '"', '"a"', '"a;b"', '"a""b"', '"a\nb"', '"a\r\nb"', '"\n', 'a"b', "\0",
         "\\", "x" * 40, "\ufeff", "'"]
    ),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n"), max_size=6),
)  # fmt: skip
LINES = st.one_of(
    st.lists(CELLS, min_size=3, max_size=3).map(";".join),
    st.lists(CELLS, min_size=3, max_size=3).map(";".join),
    st.lists(CELLS, max_size=5).map(";".join),
    st.sampled_from(["", " ", ";;", " ;;", "; ;", ";;;;"]),
)
INSIDE = st.one_of(
    st.sampled_from(["", "a", "12", ";", " ", "é", ";;", ","]),
    st.sampled_from(["", "a", ";", "\n", "a\nb", "\r\n", '""', '"";""', ';""', "\x00"]),
)
QUOTED = st.lists(INSIDE, min_size=3, max_size=3).map(lambda cells: '"' + '";"'.join(cells) + '"')
ODD = st.lists(INSIDE, min_size=1, max_size=7).map(lambda cells: '"' + '";"'.join(cells) + '"')


@st.composite
def texts(draw: st.DrawFn) -> str:
    """Mostly of one kind of line end, as files are, but not always."""
    end = draw(ENDS)
    ends = st.just(end) if draw(st.booleans()) else st.one_of(st.just(end), ENDS)
    kind = draw(st.sampled_from([LINES, QUOTED, st.one_of(QUOTED, QUOTED, ODD)]))
    lines = draw(st.lists(kind, max_size=30))
    return f"a;b;c{end}" + "".join(line + draw(ends) for line in lines)


def told(rows: Iterator[Row]) -> list[tuple[int, list[object], str | None]]:
    return [(row.number, list(row.cells), row.problem) for row in rows]


def by_the_row(table: Table) -> Iterator[Row]:
    return iter(table)


def by_the_block(table: Table) -> Iterator[Row]:
    for some in table.blocks():
        if isinstance(some, Row):
            yield some
        else:
            if some.is_trimmed:
                assert all(cell == cell.strip() for row in some.cells for cell in row)
            yield from some.rows()


@pytest.mark.fault("C9", "C10", "C16")
@given(
    texts(),
    st.booleans(),
    st.sampled_from(["utf-8", "cp1252", "utf-16-le"]),
    st.integers(1, 300),
    st.integers(1, 5),
    st.sampled_from([20, 60, 1_000_000]),
)
def test_blocks_hold_the_rows_that_the_csv_module_reads(
    tmp_path_factory: pytest.TempPathFactory,
    text: str,
    marked: bool,
    encoding: str,
    piece: int,
    block: int,
    longest: int,
) -> None:
    file = tmp_path_factory.mktemp("law") / "x.csv"
    written = ("\ufeff" if marked and encoding != "cp1252" else "") + text
    file.write_bytes(written.encode(encoding, "replace"))
    fmt = FileFormat(encoding=encoding, delimiter=";")
    found = []
    for way in (by_the_row, by_the_block):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(delimited, "PIECE", piece)
            patch.setattr(delimited, "BLOCK", block)
            try:
                with open_table(
                    file,
                    fmt,
                    limits=Limits(cell_characters=longest, record_characters=500),
                    last_line_may_be_open=True,
                ) as table:
                    found.append((table.headings, told(way(table)), table.notes))
            except FileRefused as error:
                found.append(error.reason)  # type: ignore[arg-type]
    assert found[0] == found[1]


@pytest.mark.parametrize("row", ["1,2\n", '"1","2"\n', "1,2\r\n"])
def test_the_csv_module_is_given_only_what_is_not_plain(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, row: str
) -> None:
    file = tmp_path / "x.csv"
    file.write_bytes(("a,b\n" + row * 10 + '"3",4\n' + row * 10).encode())
    monkeypatch.setattr(delimited, "PIECE", 8)
    given_to_it = []
    lines = delimited._Reader._lines

    def watched(self: delimited._Reader) -> Iterator[str]:
        for line in lines(self):
            given_to_it.append(line)
            yield line

    monkeypatch.setattr(delimited._Reader, "_lines", watched)
    with open_table(file, FileFormat()) as table:
        rows = sum(len(each.cells) for each in table.blocks() if isinstance(each, Block))
    assert rows == 21
    assert len(given_to_it) <= 4, "the headings, and what is read together with the odd row"


@given(st.lists(st.lists(st.sampled_from(["", "a", ";", "\n", "b"]), min_size=1, max_size=4)))
def test_cells_that_are_all_quoted_are_split_as_the_csv_module_does(rows: list[list[str]]) -> None:
    lines = "\n".join('"' + '";"'.join(row) + '"' for row in rows)
    found = columns_of(lines, ";", 2)
    if found is not None:
        assert list(zip(*found, strict=True)) == [tuple(row) for row in rows]
    elif rows and all(len(row) == 2 and row[0] and "\n" not in "".join(row) for row in rows):
        raise AssertionError("this is as plain as it gets")


FORMATS = st.builds(
    FileFormat,
    decimal=st.sampled_from([",", "."]),
    date=st.sampled_from(["dd-mm-yyyy", "mm/dd/yyyy", "yyyy-mm-dd"]),
    compact=st.booleans(),
    blanks=st.sampled_from([(), ("-", "N/A")]),
    percent=st.sampled_from(["sign", "points"]),
    date_numbers=st.sampled_from(["refused", "1900"]),
)
TYPES: list[FieldType] = [
    "text", "integer", "decimal", "percent", "score", "date", "datetime", "boolean"
]  # fmt: skip
NUMBERS = st.builds(
    "{}{}{}{}{}".format,
    st.sampled_from(["", "", "", "-", "+", "(", "€ ", " "]),
    st.sampled_from(["", "0", "00", "7", "12", "123", "1234", "01", "1.234", "1,234", "12.34",
                     "1.234.567", "1,234,567", "9" * 16, "9" * 17, "٣"]),
    st.sampled_from(["", "", ".", ","]),
    st.sampled_from(["", "0", "00", "5", "50", "05", "500", "125", "1" * 20, "1" * 21]),
    st.sampled_from(["", "", "", "", "%", "K", "-", " ", "\n"]),
)  # fmt: skip
DATES = st.sampled_from(
    ["2026-02-03", "03-02-2026", "02/03/2026", "31-02-2026", "2026-02-30", "2026-02-03 10:00",
     "03-02-2026 10:00:59", "29-03-2026 02:30", "2026-02-03T10:00:00Z", " 2026-02-03", "45000",
     "2026-02-03T10:00:00+02:00", "0001-01-01", "9999-12-31"]
)  # fmt: skip
WORDS = st.sampled_from(["", " ", "-", "n/a", "ja", "NO", "x", " x ", "\xa0", "9 - good", "x\ny"])


@given(st.sampled_from(TYPES), FORMATS, st.lists(st.one_of(NUMBERS, DATES, WORDS), max_size=8))
def test_a_column_is_read_as_its_cells_are(
    kind: FieldType, fmt: FileFormat, cells: list[str]
) -> None:
    one = cell_reader(kind, fmt)
    many = column_reader(kind, fmt)
    try:
        wanted = [one(cell) for cell in cells]
    except CellError:
        with pytest.raises(CellError):
            many(cells)
        return
    assert list(many(cells)) == wanted


@given(st.lists(NUMBERS, min_size=1, max_size=3), st.sampled_from([",", "."]))
def test_numbers_are_read_together_as_they_are_alone(numbers: list[str], mark: str) -> None:
    fmt = FileFormat(decimal=mark)  # type: ignore[arg-type]
    for kind in ("decimal", "integer"):
        test_a_column_is_read_as_its_cells_are.hypothesis.inner_test(kind, fmt, numbers)  # type: ignore[attr-defined]
