"""The matrix of faults is complete, and its page is current."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.table import (
    PAGE,
    Marked,
    Matrix,
    all_tests,
    outcomes,
    page,
    read_matrix,
    read_results,
    wrong,
)

SOURCE = """
import pytest

night = pytest.mark.fault("A2")
pytestmark = [pytest.mark.fault("G3")]

@night
@pytest.mark.soak
def test_one(): ...

@pytest.mark.parametrize("x", [pytest.param(1, marks=pytest.mark.fault("A1", "B2")), 2])
def test_two(x): ...

class TestThree:
    @pytest.mark.fault("C3")
    def test_it(self): ...

def helper(): ...
"""


def test_every_row_has_a_test_or_a_reason_and_every_mark_a_row() -> None:
    assert wrong(read_matrix(), all_tests()) == []


def test_the_page_is_current() -> None:
    """`python -m tests.faults.table > docs/faults.md` renews it."""
    assert PAGE.read_text(encoding="utf-8") == page(read_matrix(), all_tests(), read_results())


def test_marks_are_found_wherever_pytest_takes_them(tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_x.py").write_text(SOURCE)
    assert all_tests(tmp_path) == [
        Marked("tests/test_x.py::test_one", frozenset({"A2", "G3"}), True),
        Marked("tests/test_x.py::test_two", frozenset({"A1", "B2", "G3"}), False),
        Marked("tests/test_x.py::TestThree::test_it", frozenset({"C3", "G3"}), False),
    ]


def test_rows_that_are_not_written_out_are_told_with_their_place(tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_x.py").write_text("@pytest.mark.fault(ROW)\ndef test_x(): ...\n")
    with pytest.raises(ValueError, match=r"tests/test_x\.py:1: write the rows"):
        all_tests(tmp_path)


def test_what_is_missing_or_of_nothing_is_told() -> None:
    rows = {name: {"fault": f"f{name}", "koers": "k"} for name in ("A1", "A2", "A3", "A4")}
    rows["A3"]["does_not_apply"] = "there is no such thing"
    promises = {"P1": {"promise": "p", "rows": ["A9"], "tests": ["tests/y.py::*"]}}
    matrix = Matrix({"A": "a"}, rows, promises, frozenset({"A4", "B7"}))
    tests = [
        Marked("tests/x.py::test_x", frozenset({"A1", "Z9", "P1"}), False),
        Marked("tests/x.py::test_y", frozenset({"A4"}), False),
    ]
    assert wrong(matrix, tests) == [
        "tests/x.py::test_x is marked with Z9, which is no row of matrix.yaml",
        "A2 has no test: fA2",
        "A4 has what it needs: take it off not_yet in matrix.yaml",
        "not_yet: B7 is no row",
        "P1: A9 is no row",
        "P1: tests/y.py::* is no test",
    ]


def test_outcomes_are_those_of_the_worst_case(tmp_path: Path) -> None:
    cases = [
        ("tests.api.test_x", "test_a[1]", ""),
        ("tests.api.test_x", "test_a[2]", "<failure/>"),
        ("tests.api.test_x", "test_b[1]", "<skipped/>"),
        ("tests.api.test_x", "test_b[2]", ""),
        ("tests.api.test_x.TestC", "test_c", "<skipped/>"),
    ]
    text = "".join(f'<testcase classname="{c}" name="{n}">{k}</testcase>' for c, n, k in cases)
    junit = tmp_path / "junit.xml"
    junit.write_text(f"<testsuites><testsuite>{text}</testsuite></testsuites>")
    assert outcomes(junit) == {
        "tests/api/test_x.py::test_a": "failed",
        "tests/api/test_x.py::test_b": "passed",
        "tests/api/test_x.py::TestC::test_c": "skipped",
    }
