"""JSON: arrays of objects, strictly, with numbers as written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.core.files import FileRefused, Limits
from tests.files.making import DUTCH, SMALL, Read, read, reason, value


def read_json(folder: Path, text: str, limits: Limits = SMALL) -> Read:
    path = folder / "x.json"
    path.write_bytes(text.encode())
    # The declared encoding and decimal mark are of text files: JSON has its own.
    return read(path, DUTCH, limits=limits)


def test_an_array_of_objects(tmp_path: Path) -> None:
    got = read_json(tmp_path, '[{"id": "é1", "n": 1.50}, {"n": 2, "new": true}, {"id": null}]')
    assert (got.headings, got.heading_row) == (["id", "n", "new"], 0)
    assert got.cells == [["é1", "1.50", None], [None, "2", True], [None, None, None]]
    assert [row.number for row in got.rows] == [1, 2, 3]


def test_an_object_with_one_array(tmp_path: Path) -> None:
    got = read_json(tmp_path, '{"total": 1, "results": [{"id": 7}], "next": null}')
    assert got.cells == [["7"]]
    assert got.notes == ["only 'results' is read, not total, next"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"a": [], "b": []}', "holds 2 arrays"),
        ('{"a": 1}', "holds 0 arrays"),
        ("7", "not an array"),
        ("null", "not an array"),
        ('[{"a": 1, "b": 2, "a": 3}]', "key 'a' twice"),
        ('[{"a": NaN}]', "NaN is not a JSON number"),
        ('[{"a": -Infinity}]', "-Infinity is not"),
        ('[{"a": 1},]', r"line 1, column \d+: broken JSON"),
        ('[{"a": 1}', "broken JSON"),
        ('[{"a": 1}] x', "broken JSON"),
        ('[{"a": "x\ny"}]', "broken JSON"),
        ("[" * 100_000, "broken JSON|too deep|larger"),
        ('[{"a": ' * 4 + "1" + "}]" * 4, "deeper than 5"),
        ('[{"a": "' + "x" * 20_000 + '"}]', "larger than"),
        ("<html>no</html>", "a web page"),
        ("", "0 bytes"),
        ("  ", "white space"),
    ],
)
def test_what_is_not_strictly_records_is_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(FileRefused, match=said):
        read_json(tmp_path, text)


def test_a_hundred_thousand_brackets_do_not_end_the_process(tmp_path: Path) -> None:
    for text in ("[" * 100_000, '[{"a":' * 100_000, "[" * 100_000 + "]" * 100_000):
        with pytest.raises(FileRefused):
            read_json(tmp_path, text, Limits())


@pytest.mark.fault("C16")
def test_numbers_are_exact_and_ids_stay_as_written(tmp_path: Path) -> None:
    numbers = ["9007199254740993", "1e5", "0.1000000000000000055511151231257827", "1e400", "12.50"]
    got = read_json(tmp_path, "[" + ",".join(f'{{"n": {n}}}' for n in numbers) + "]")
    cells = [row[0] for row in got.cells]
    assert [value(cell, "text") for cell in cells] == numbers
    assert value(cells[0], "integer") == "9007199254740993"
    assert value(cells[1], "decimal") == "100000"
    assert value(cells[2], "decimal") == numbers[2]
    assert "too large" in reason(cells[3], "decimal")
    assert value(cells[4], "decimal") == "12.5"


@pytest.mark.fault("C15")
def test_a_number_of_5000_digits_is_a_bad_cell(tmp_path: Path) -> None:
    (row,) = read_json(tmp_path, '[{"n": ' + "9" * 5_000 + "}]", Limits()).rows
    assert reason(row.cells[0], "integer")
    assert reason(row.cells[0], "decimal")


def test_text_in_json_follows_the_declaration(tmp_path: Path) -> None:
    (row,) = read_json(tmp_path, '[{"n": "1.234,56", "d": "03-04-2026"}]').rows
    assert value(row.cells[0], "decimal") == "1234.56"
    assert value(row.cells[1], "date") == "2026-04-03"


def test_rows_that_cannot_be_kept_are_problems(tmp_path: Path) -> None:
    text = '[{"a": "ok"}, 3, "x", {"a": "\\u0000"}, {"a": "\\ud800"}, {"a": "\\ud83d\\ude00"}]'
    got = read_json(tmp_path, text)
    assert {n: p.split()[0] for n, p in got.problems.items()} == {
        2: "not", 3: "not", 4: "a", 5: "half",
    }  # fmt: skip
    assert got.cells == [["ok"], ["😀"]]


def test_nested_values_are_no_values(tmp_path: Path) -> None:
    (row,) = read_json(tmp_path, '[{"a": {"b": [1]}, "c": 2}]').rows
    assert "nested" in reason(row.cells[0], "text")
    assert value(row.cells[1], "integer") == "2"


def test_an_empty_array_has_no_headings_and_no_rows(tmp_path: Path) -> None:
    got = read_json(tmp_path, "[]")
    assert (got.headings, got.rows) == ([], [])


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_a_mark_wins(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "x.json"
    path.write_bytes('[{"naam": "René"}]'.encode(encoding))
    assert read(path).cells == [["René"]]


def test_bytes_that_are_not_utf8_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_bytes('[{"naam": "René"}]'.encode("cp1252"))
    with pytest.raises(FileRefused, match="byte 14"):
        read(path, DUTCH)


TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)


@given(st.lists(st.fixed_dictionaries({"a": TEXT, "b": st.integers(), "c": st.booleans()})))
def test_whatever_json_holds_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, records: list[dict[str, object]]
) -> None:
    got = read_json(tmp_path_factory.mktemp("any"), json.dumps(records), Limits())
    found = [dict(zip(got.headings, cells, strict=True)) for cells in got.cells]
    assert found == [{"a": r["a"], "b": str(r["b"]), "c": r["c"]} for r in records]
