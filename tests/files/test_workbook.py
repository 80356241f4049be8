"""XLSX: stored values by the type of the cell, and nothing that Excel hides."""

from __future__ import annotations

import datetime as dt
import warnings
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from connectors.core.contract import FieldType
from connectors.core.files import FileRefused, cell_text
from tests.files.making import (
    DUTCH,
    PLAIN,
    SHEET,
    SMALL,
    read,
    reason,
    replace_part,
    value,
    with_shared_strings,
    workbook,
)


def at(*parts: int) -> dt.datetime:
    """A date-time of a workbook, which knows no time zones."""
    return dt.datetime(*parts)  # type: ignore[arg-type]  # noqa: DTZ001


@pytest.mark.fault("C13", "C16")
def test_numbers_and_dates_come_from_the_cell_and_text_from_the_declaration(tmp_path: Path) -> None:
    rows: list[list[Any]] = [
        ["id", "amount", "closed", "text amount", "won"],
        ["00123", 1234.5, at(2026, 4, 3), "1.234,56", True],
        ["1e5", 3.0, dt.date(2026, 4, 3), "€ 5,-", False],
        [7, 9007199254740992, at(2026, 7, 1, 12, 30), None, None],
    ]
    got = read(workbook(tmp_path / "x.xlsx", rows), DUTCH)
    kinds: list[FieldType] = ["text", "decimal", "date", "decimal", "boolean"]
    typed = [[value(c, kind) for c, kind in zip(r, kinds, strict=True)] for r in got.cells]
    assert typed == [
        ["00123", "1234.5", "2026-04-03", "1234.56", "true"],
        ["1e5", "3", "2026-04-03", "5", "false"],
        ["7", "9007199254740992", "2026-07-01", None, None],
    ]
    assert value(got.cells[2][2], "datetime") == "2026-07-01T10:30:00Z"
    assert value(got.cells[2][2], "text") == "2026-07-01 12:30:00"
    assert cell_text(got.cells[0][2]) == "2026-04-03 00:00:00"


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e15, max_value=1e15))
def test_a_float_is_the_shortest_decimal_that_gives_it_back(
    tmp_path_factory: pytest.TempPathFactory, number: float
) -> None:
    path = workbook(tmp_path_factory.mktemp("float") / "x.xlsx", [["n"], [number]])
    ((cell,),) = read(path).cells
    text = value(cell, "text")
    assert text is not None
    assert float(text) == float(f"{number:.16g}")  # all that openpyxl writes of it
    assert "e" not in text
    assert not text.endswith(".0")


@pytest.mark.parametrize("hour", range(24))
def test_a_time_kept_as_a_float_is_read_to_the_second(tmp_path: Path, hour: int) -> None:
    moments = [at(2026, 1, 15, hour, minute, 59) for minute in range(0, 60, 7)]
    got = read(workbook(tmp_path / "x.xlsx", [["at"], *([m] for m in moments)]))
    utc = [f"{m - dt.timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}" for m in moments]
    assert [value(row[0], "datetime") for row in got.cells] == utc


@pytest.mark.fault("C13")
def test_both_epochs(tmp_path: Path) -> None:
    def mac(book: Any) -> None:
        book.epoch = CALENDAR_MAC_1904

    day = at(2026, 4, 3)
    for name, change in (("win.xlsx", None), ("mac.xlsx", mac)):
        path = workbook(tmp_path / name, [["d"], [day]], change)
        assert value(read(path).cells[0][0], "date") == "2026-04-03"
    # The same serial number is another day under the other epoch: the file's own is honoured.
    path = replace_part(
        tmp_path / "mac.xlsx", "xl/workbook.xml", lambda x: x.replace('date1904="1"', "")
    )
    assert value(read(path).cells[0][0], "date") == "2022-04-02"


def test_a_percentage_is_known_by_its_format(tmp_path: Path) -> None:
    def percent(book: Any) -> None:
        book.active["A2"].number_format = "0.0%"
        book.active["A3"].number_format = '0" % of plan"'

    got = read(workbook(tmp_path / "x.xlsx", [["p"], [0.125], [12.5]], percent))
    assert value(got.cells[0][0], "percent") == "0.125"
    assert "0.125" in reason(got.cells[0][0], "decimal")
    assert "no percent sign" in reason(got.cells[1][0], "percent")


@pytest.mark.fault("C13")
def test_a_formula_gives_its_stored_value_or_is_refused(tmp_path: Path) -> None:
    path = workbook(tmp_path / "x.xlsx", [["n"], ["=1+1"], ["=2+2"], ['=""'], ["=1/0"]])

    def calculated(xml: str) -> str:
        empty, done = "</f><v /></c>", iter(["<v>2</v>", "", "<v></v>", "<v>#DIV/0!</v>"])
        parts = xml.replace("</f><v></v></c>", empty).split(empty)
        xml = parts[0] + "".join(f"</f>{next(done)}</c>{part}" for part in parts[1:])
        xml = xml.replace('r="A4"', 'r="A4" t="str"')
        return xml.replace('r="A5"', 'r="A5" t="e"')

    got = read(replace_part(path, SHEET, calculated))
    assert value(got.rows[0].cells[0], "integer") == "2"
    assert "never calculated" in reason(got.rows[1].cells[0], "integer")
    assert "an error in the workbook" in reason(got.rows[2].cells[0], "text")
    assert [row.number for row in got.rows] == [2, 3, 5]


@pytest.mark.fault("C13")
def test_a_formula_that_was_never_calculated_is_not_empty(tmp_path: Path) -> None:
    got = read(workbook(tmp_path / "x.xlsx", [["a", "b"], ["x", "=1+1"]]))
    assert "open the file in Excel" in reason(got.rows[0].cells[1], "decimal")


@pytest.mark.fault("C13")
def test_the_first_visible_sheet_is_read_and_the_others_are_named(tmp_path: Path) -> None:
    def sheets(book: Any) -> None:
        hidden = book.create_sheet("Hidden", 0)
        hidden.append(["secret"])
        hidden.sheet_state = "hidden"
        book.create_sheet("Totals").append(["sum"])

    got = read(workbook(tmp_path / "x.xlsx", [["a"], [1]], sheets))
    assert got.headings == ["a"]
    assert got.notes == ["only sheet 'Sheet' is read, not Totals"]


def test_a_wrong_dimension_cuts_nothing_off(tmp_path: Path) -> None:
    path = workbook(tmp_path / "x.xlsx", [["a", "b"], [1, 2], [3, 4]])
    replace_part(path, SHEET, lambda xml: xml.replace('ref="A1:B3"', 'ref="A1"'))
    assert read(path).cells == [["1", "2"], ["3", "4"]]


def test_rows_out_of_order_or_twice_are_refused(tmp_path: Path) -> None:
    for swapped in ('<row r="1"', '<row r="9999999999"'):
        path = workbook(tmp_path / "x.xlsx", [["a"], [1], [2]])

        def edit(xml: str, to: str = swapped) -> str:
            return xml.replace('<row r="3"', to)

        with pytest.raises(FileRefused, match="out of order"):
            read(replace_part(path, SHEET, edit))


@pytest.mark.fault("C13")
def test_merged_cells_are_refused_with_their_place(tmp_path: Path) -> None:
    path = workbook(
        tmp_path / "x.xlsx", [["a", "b"], [1, 2], [3, 4]], lambda b: b.active.merge_cells("A2:A3")
    )
    with pytest.raises(FileRefused, match="A2:A3 are merged"):
        read(path)


def test_gaps_short_rows_and_values_beside_the_table(tmp_path: Path) -> None:
    def far(book: Any) -> None:
        book.active["A6"] = "x"
        book.active["E7"] = "stray"

    got = read(workbook(tmp_path / "x.xlsx", [[], ["a", "b", "c"], [1], [None, None, None]], far))
    assert got.heading_row == 2
    assert got.cells == [["1", None, None], ["x", None, None]]
    assert "column E, which has no heading" in got.problems[7]
    assert [row.number for row in got.rows] == [3, 6, 7]


@pytest.mark.fault("C11")
def test_too_long_and_too_many(tmp_path: Path) -> None:
    got = read(workbook(tmp_path / "x.xlsx", [["a"], ["y" * 101]]), limits=SMALL)
    assert "longer than 100" in got.problems[2]
    with pytest.raises(FileRefused, match="has 11 columns"):
        read(workbook(tmp_path / "w.xlsx", [list("abcdefghijk")]), limits=SMALL)


def test_an_impossible_date_is_a_bad_cell_and_no_warning(tmp_path: Path) -> None:
    path = workbook(tmp_path / "x.xlsx", [["d"], [at(2026, 1, 1)]])
    replace_part(path, SHEET, lambda xml: xml.replace("<v>46023</v>", "<v>99999999</v>"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        (row,) = read(path).rows
    assert "an error in the workbook" in reason(row.cells[0], "date")


def test_a_number_that_is_not_formatted_as_a_date_is_none(tmp_path: Path) -> None:
    (row,) = read(workbook(tmp_path / "x.xlsx", [["d"], [46023]])).rows
    assert "format the column as a date" in reason(row.cells[0], "date")


@pytest.mark.fault("C13")
def test_macros_are_refused_by_name_and_by_content(tmp_path: Path) -> None:
    path = workbook(tmp_path / "x.xlsx", [["a"], [1]])
    with pytest.raises(FileRefused, match="holds macros"):
        read(replace_part(path, "xl/vbaProject.bin", lambda _: "x"))
    renamed = path.rename(tmp_path / "x.xlsm")
    with pytest.raises(FileRefused, match="may hold macros"):
        read(renamed)


@pytest.mark.fault("C13")
def test_links_to_other_files_are_not_followed(tmp_path: Path) -> None:
    path = workbook(tmp_path / "x.xlsx", [["a", "b"], ["x", "='[/etc/passwd]Sheet1'!A1"]])
    assert "never calculated" in reason(read(path).rows[0].cells[1], "text")


LAUGHS = """<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;">
<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;"><!ENTITY x SYSTEM "file:///etc/passwd">]>"""


@pytest.mark.fault("C14")
@pytest.mark.parametrize(
    "part", [SHEET, "xl/sharedStrings.xml", "xl/workbook.xml", "xl/styles.xml", "docProps/core.xml"]
)
def test_entities_are_refused_in_every_part(tmp_path: Path, part: str) -> None:
    assert openpyxl.DEFUSEDXML

    def attack(xml: str) -> str:
        body = xml[xml.index("?>") + 2 :] if xml.startswith("<?xml") else xml
        return LAUGHS + body

    path = replace_part(with_shared_strings(tmp_path / "x.xlsx"), part, attack)
    with pytest.raises(FileRefused, match="damaged workbook"):
        read(path)


@pytest.mark.fault("C14")
def test_without_defusedxml_nothing_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = workbook(tmp_path / "x.xlsx", [["a"], [1]])
    monkeypatch.setattr(openpyxl, "DEFUSEDXML", False)
    with pytest.raises(RuntimeError, match="defusedxml"):
        read(path)


@pytest.mark.fault("C7")
def test_a_workbook_that_was_cut_or_changed_is_refused(tmp_path: Path) -> None:
    path = workbook(tmp_path / "x.xlsx", [["a", "b"], *([n, f"text {n}"] for n in range(200))])
    whole = path.read_bytes()
    for end in range(1, len(whole), 97):
        path.write_bytes(whole[:end])
        with pytest.raises(FileRefused):
            read(path)
    for at in range(0, len(whole), 53):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :])
        try:
            got = read(path)
        except FileRefused:
            continue
        assert len(got.rows) == 200  # the byte was of no consequence, such as a time stamp


@pytest.mark.parametrize("part", [SHEET, "xl/workbook.xml", "xl/sharedStrings.xml"])
@pytest.mark.parametrize("bad", ["", "<", "<a/>", "not xml", "<worksheet/>"])
def test_nonsense_in_a_part_is_refused(tmp_path: Path, part: str, bad: str) -> None:
    path = replace_part(with_shared_strings(tmp_path / "x.xlsx"), part, lambda _: bad)
    with pytest.raises(FileRefused):
        read(path)


def test_what_is_no_workbook_is_named(tmp_path: Path) -> None:
    path = tmp_path / "x.xlsx"
    for data, said in (
        (b"\xd0\xcf\x11\xe0" + b"x" * 600, "an old Excel workbook"),
        (b"a;b\n1;2\n", "something else"),
        (b"<html></html>", "a web page"),
    ):
        path.write_bytes(data)
        with pytest.raises(FileRefused, match=said):
            read(path, PLAIN)
