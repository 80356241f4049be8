"""The matrix of faults with the tests that show each row, as a page.

    python -m tests.faults.table > docs/faults.md
    python -m pytest --junitxml=junit.xml && python -m tests.faults.table --record junit.xml

Which test shows what is read from the marks in the sources, without importing or running anything:
`@pytest.mark.fault("A1", "B2")` on a test, on a class, in a parameter of a test, as `pytestmark` of
a module, or as a name of the module that one of these uses. `--record` keeps the outcome of those
tests, from a JUnit file that pytest wrote, in `results.json`; the page shows it.
"""

from __future__ import annotations

import argparse
import ast
import datetime as dt
import fnmatch
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

import yaml

ROOT = Path(__file__).resolve().parents[2]
MATRIX = Path(__file__).with_name("matrix.yaml")
RESULTS = Path(__file__).with_name("results.json")
PAGE = ROOT / "docs" / "faults.md"
_ID = re.compile(r"([A-HP])(\d+)")


@dataclass(frozen=True)
class Marked:
    """A test and the marks that matter here. `test` is its pytest id without parameters."""

    test: str
    rows: frozenset[str]
    is_soak: bool


@dataclass(frozen=True)
class Matrix:
    """`matrix.yaml`: titles by letter, rows and promises by id."""

    sections: Mapping[str, str]
    rows: Mapping[str, Mapping[str, str]]
    promises: Mapping[str, Mapping[str, object]]
    not_yet: frozenset[str]


@dataclass
class _Marks:
    rows: set[str] = field(default_factory=set)
    is_soak: bool = False

    def __ior__(self, other: _Marks) -> _Marks:
        self.rows |= other.rows
        self.is_soak |= other.is_soak
        return self


def read_matrix(file: Path = MATRIX) -> Matrix:
    content = yaml.safe_load(file.read_text(encoding="utf-8"))
    return Matrix(
        content["sections"],
        content["rows"],
        content["promises"],
        frozenset(content["not_yet"] or ()),
    )


def all_tests(root: Path = ROOT) -> list[Marked]:
    """Every test function under `tests/`, marked or not. Raises ValueError for a mark whose rows
    are not written out, with its place."""
    found: list[Marked] = []
    for file in sorted((root / "tests").rglob("*.py")):
        name = file.relative_to(root).as_posix()
        found += _of_module(name, ast.parse(file.read_text(encoding="utf-8"), name))
    return found


def _of_module(name: str, module: ast.Module) -> Iterator[Marked]:
    named: dict[str, _Marks] = {}
    whole = _Marks()
    for node in module.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            marks = _marks(name, node.value, named)
            if node.targets[0].id == "pytestmark":
                whole |= marks
            elif marks.rows or marks.is_soak:
                named[node.targets[0].id] = marks
    yield from _of_body(name, name, module.body, whole, named)


def _of_body(
    file: str, prefix: str, body: Iterable[ast.stmt], above: _Marks, named: Mapping[str, _Marks]
) -> Iterator[Marked]:
    for node in body:
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        marks = _Marks(set(above.rows), above.is_soak)
        for decorator in node.decorator_list:
            marks |= _marks(file, decorator, named)
        test = f"{prefix}::{node.name}"
        if isinstance(node, ast.ClassDef):
            if node.name.startswith("Test"):
                yield from _of_body(file, test, node.body, marks, named)
        elif node.name.startswith("test"):
            yield Marked(test, frozenset(marks.rows), marks.is_soak)


def _marks(file: str, tree: ast.AST, named: Mapping[str, _Marks]) -> _Marks:
    found = _Marks()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in named:
            found |= named[node.id]
        elif isinstance(node, ast.Attribute) and node.attr == "soak" and _is_mark(node):
            found.is_soak = True
        elif isinstance(node, ast.Call) and _is_fault(node.func):
            for argument in node.args:
                if not isinstance(argument, ast.Constant) or not isinstance(argument.value, str):
                    raise ValueError(f"{file}:{node.lineno}: write the rows of a fault mark out")
                found.rows.add(argument.value)
    return found


def _is_mark(node: ast.Attribute) -> bool:
    return isinstance(node.value, ast.Attribute) and node.value.attr == "mark"


def _is_fault(node: ast.expr) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == "fault" and _is_mark(node)


def wrong(matrix: Matrix, tests: Iterable[Marked]) -> list[str]:
    """What does not fit: rows that no test shows, marks and names of nothing."""
    tests = list(tests)
    shown = {row for each in tests for row in each.rows}
    told = [
        f"{each.test} is marked with {row}, which is no row of {MATRIX.name}"
        for each in tests
        for row in sorted(each.rows - matrix.rows.keys() - matrix.promises.keys())
    ]
    for row, said in matrix.rows.items():
        excused = "does_not_apply" in said
        if row in matrix.not_yet:
            if row in shown or excused:
                told.append(f"{row} has what it needs: take it off not_yet in {MATRIX.name}")
        elif not excused and row not in shown:
            told.append(f"{row} has no test: {said['fault']}")
    told += [f"not_yet: {row} is no row" for row in sorted(matrix.not_yet - matrix.rows.keys())]
    for promise in matrix.promises:
        told += _wrong_promise(matrix, promise, tests)
    return told


def _wrong_promise(matrix: Matrix, promise: str, tests: list[Marked]) -> Iterator[str]:
    said = matrix.promises[promise]
    rows, names = _texts(said.get("rows")), _texts(said.get("tests"))
    yield from (f"{promise}: {row} is no row" for row in rows if row not in matrix.rows)
    for name in names:
        if not fnmatch.filter([each.test for each in tests], name):
            yield f"{promise}: {name} is no test"


def _texts(value: object) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list) else []


def page(matrix: Matrix, tests: Iterable[Marked], results: Mapping[str, Mapping[str, str]]) -> str:
    """`docs/faults.md`."""
    tests = list(tests)
    lines = [_HEAD.format(rows=len(matrix.rows), summary=_summary(matrix, tests, results))]
    for letter, title in matrix.sections.items():
        lines += [f"## {letter}. {title}", "", *_COLUMNS]
        for row, said in matrix.rows.items():
            if row.startswith(letter):
                lines.append(_line(row, said, _showing(row, tests), results))
        lines.append("")
    lines += ["## Promises", "", "| | Promise | Rows above | Tests beside |", "|---|---|---|---|"]
    for promise, what in matrix.promises.items():
        named = _texts(what.get("tests"))
        beside = [
            each
            for each in tests
            if promise in each.rows or any(fnmatch.fnmatch(each.test, name) for name in named)
        ]
        rows = ", ".join(_texts(what.get("rows")))
        links = _links(beside)
        lines.append(f"| {promise} | {_cell(str(what['promise']))} | {rows} | {links} |")
    return "\n".join(lines) + "\n"


_HEAD = """# Faults, and what Koers does then

{rows} things that may go wrong or be tried, what Koers does about each, and the tests that show it.
Made by `python -m tests.faults.table` from the marks of the tests. {summary}
"""
_COLUMNS = ["| | Fault | Koers | Tests | Last run |", "|---|---|---|---|---|"]


def _summary(matrix: Matrix, tests: list[Marked], results: Mapping[str, Mapping[str, str]]) -> str:
    marked = sum(bool(each.rows) for each in tests)
    excused = sum("does_not_apply" in said for said in matrix.rows.values())
    days = sorted({said["date"] for said in results.values()})
    told = f"{marked} tests are marked; {excused} rows do not apply, with the reason."
    if days:
        span = days[0] if days[0] == days[-1] else f"{days[0]} to {days[-1]}"
        told += f" Outcomes are of {span}, on one Linux machine."
    if missing := sorted(matrix.not_yet, key=_order):
        told += f" Not shown yet: {', '.join(missing)}."
    return told


def _order(row: str) -> tuple[str, int]:
    matched = _ID.fullmatch(row)
    return (matched[1], int(matched[2])) if matched else (row, 0)


def _showing(row: str, tests: list[Marked]) -> list[Marked]:
    return [each for each in tests if row in each.rows]


def _line(
    row: str,
    said: Mapping[str, str],
    tests: list[Marked],
    results: Mapping[str, Mapping[str, str]],
) -> str:
    does = said["koers"]
    if "does_not_apply" in said:
        does = f"Does not apply: {said['does_not_apply']}"
    return f"| {row} | {_cell(said['fault'])} | {_cell(does)} | {_links(tests)} | " + (
        f"{_outcome(tests, results)} |"
    )


def _links(tests: Iterable[Marked]) -> str:
    shown = []
    for each in tests:
        file, _, name = each.test.partition("::")
        shown.append(f"[{file.removeprefix('tests/')}::{name}](../{file})")
    return "<br>".join(shown)


def _outcome(tests: list[Marked], results: Mapping[str, Mapping[str, str]]) -> str:
    said = [results[each.test] for each in tests if each.test in results]
    soak = [each for each in tests if each.is_soak and each.test not in results]
    parts = []
    for outcome in ("failed", "passed", "skipped"):
        of_it = [each for each in said if each["outcome"] == outcome]
        if of_it:
            newest = max(of_it, key=lambda each: each["date"])
            parts.append(f"{len(of_it)} {outcome}, {newest['date']}, {newest['version']}")
    if soak:
        parts.append(f"{len(soak)} in the soak tier")
    return "; ".join(parts)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def outcomes(junit: Path) -> dict[str, str]:
    """From a JUnit file of pytest, by test without parameters: `failed` if any case of it did,
    `skipped` if all were, else `passed`."""
    # Our own pytest wrote the file a moment ago.
    cases = ElementTree.parse(junit).getroot().iter("testcase")  # noqa: S314
    found: dict[str, set[str]] = {}
    for case in cases:
        kinds = {child.tag for child in case}
        outcome = "passed"
        if kinds & {"failure", "error"}:
            outcome = "failed"
        elif "skipped" in kinds:
            outcome = "skipped"
        name = case.get("name", "").partition("[")[0]
        found.setdefault(_test_id(case.get("classname", ""), name), set()).add(outcome)
    return {
        test: "failed" if "failed" in each else "passed" if "passed" in each else "skipped"
        for test, each in found.items()
    }


def _test_id(dotted: str, name: str) -> str:
    """`tests.api.test_x.TestY` and `test_z` as `tests/api/test_x.py::TestY::test_z`."""
    parts = dotted.split(".")
    at = next((i for i, part in enumerate(parts) if part.startswith("test_")), len(parts) - 1)
    return "::".join(["/".join(parts[: at + 1]) + ".py", *parts[at + 1 :], name])


def record(junit: Path, tests: Iterable[Marked], results: Path = RESULTS) -> None:
    """Keep the outcomes of the marked tests that a JUnit file tells, beside those kept before."""
    kept = read_results(results)
    named = {name for each in read_matrix().promises.values() for name in _texts(each.get("tests"))}
    wanted = {
        each.test
        for each in tests
        if each.rows or any(fnmatch.fnmatch(each.test, name) for name in named)
    }
    today = dt.datetime.now(dt.UTC).date().isoformat()
    for test, outcome in outcomes(junit).items():
        if test in wanted:
            kept[test] = {"outcome": outcome, "date": today, "version": _version()}
    still = {test: said for test, said in sorted(kept.items()) if test in wanted}
    results.write_text(json.dumps(still, indent=1) + "\n", encoding="utf-8")


def read_results(file: Path = RESULTS) -> dict[str, dict[str, str]]:
    """The outcomes that were kept, by test: outcome, date (UTC), version."""
    if not file.exists():
        return {}
    found: dict[str, dict[str, str]] = json.loads(file.read_text(encoding="utf-8"))
    return found


def _version() -> str:
    """The version of Koers, with the commit where this is a clone."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True
    )
    commit = asked.stdout.strip() if asked.returncode == 0 else ""
    return f"{project['version']} ({commit})" if commit else str(project["version"])


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.table")
    parser.add_argument("--record", type=Path, metavar="JUNIT.XML", help="keep these outcomes")
    given = parser.parse_args(arguments)
    matrix, tests = read_matrix(), all_tests()
    if given.record:
        record(given.record, tests)
        return 0
    sys.stdout.write(page(matrix, tests, read_results()))
    told = wrong(matrix, tests)
    sys.stderr.write("".join(f"{line}\n" for line in told))
    return 1 if told else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
