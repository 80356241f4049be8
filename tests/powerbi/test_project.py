"""The files of a project: what they name is there, they are the same each time, and what people
changed is left alone."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.powerbi import tmdl
from pipelines.powerbi.model import Model, Text
from pipelines.powerbi.pages import fitting, pages
from pipelines.powerbi.power_query import Source
from pipelines.powerbi.project import project
from pipelines.powerbi.rules import rules
from pipelines.powerbi.semantic_model import semantic_model
from pipelines.powerbi.writing import STATE, ProjectChangedError, state_of, write
from tests.powerbi.company import columns, manifest


def model(source: Source = "parquet", language: str = "nl") -> Model:
    return semantic_model(
        rules(manifest()),
        columns(),
        {"dim_kpi": ("", {"owner": "Who answers for it."})},
        folder='C:\\koers\\a "b"',
        source=source,
        language=language,
        currency="EUR",
        first_year=2025,
    )


MODEL = model()
FILES = project(MODEL, "management", "nl")


def measures() -> dict[str, str]:
    return {each.name.en: each.expression for table in MODEL.tables for each in table.measures}


def test_every_name_in_dax_is_in_the_model() -> None:
    there = {(table.name.en, column.name.en) for table in MODEL.tables for column in table.columns}
    known = {name.replace("]", "]]") for name in measures()}
    token = re.compile(r"'([^']+)'\[((?:[^\]]|\]\])+)\]|\[((?:[^\]]|\]\])+)\]|\"(?:[^\"]|\"\")*\"")
    named = 0
    for name, expression in measures().items():
        for table, column, measure in token.findall(expression):
            assert not table or (table, column) in there, (name, table, column)
            assert not measure or measure in known, (name, measure)
            named += bool(table or measure)
    assert named > 500


def test_no_two_things_have_the_same_tag() -> None:
    text = "\n".join(FILES.values())
    tags = re.findall(r"lineageTag: (\S+)", text) + re.findall(r'"logicalId": "([^"]+)"', text)
    assert len(tags) > 100
    assert len(tags) == len(set(tags))


def test_the_same_input_gives_the_same_bytes() -> None:
    assert project(model(), "management", "nl") == FILES
    other = project(model(), "organisation", "nl")
    assert set(other).isdisjoint(FILES)


def test_a_new_kpi_changes_no_other_tag() -> None:
    less = manifest()
    less["metrics"].pop("metric.koers.orders")
    less["metrics"].pop("metric.koers.average_order")
    less["metrics"].pop("metric.koers.per_person")
    smaller = semantic_model(
        rules(less), columns(), {}, folder="C:\\x", source="parquet", language="nl",
        currency="EUR", first_year=2025,
    )  # fmt: skip
    tags = [
        set(re.findall(r"lineageTag: (\S+)", "".join(tmdl.files(each).values())))
        for each in (MODEL, smaller)
    ]
    assert tags[1] < tags[0]


def test_the_date_table_is_marked_as_such() -> None:
    said = FILES["Koers-management.SemanticModel/definition/tables/Date.tmdl"]
    assert "\n\tdataCategory: Time\n\n" in said
    assert re.search(r"column Date\n\t\tdataType: dateTime\n\t\tisKey\n", said)


def test_only_one_source_is_named() -> None:
    for source, named, other in (
        ("parquet", "Parquet.Document", "DuckDB.Contents"),
        ("duckdb", "DuckDB.Contents", "Parquet.Document"),
    ):
        said = "\n".join(tmdl.files(model(source)).values())  # type: ignore[arg-type]
        assert named in said
        assert other not in said


def test_every_visible_thing_has_a_dutch_caption() -> None:
    said = FILES["Koers-management.SemanticModel/definition/cultures/nl-NL.tmdl"]
    for table in MODEL.tables:
        assert f"table {tmdl.quoted(table.name.en)}\n\t\t\t\tcaption: {table.name.nl}\n" in said
        for each in (*table.measures, *table.columns):
            if not each.is_hidden:
                assert f"{tmdl.quoted(each.name.en)}\n\t\t\t\t\tcaption: " in said, each.name


def test_what_is_not_published_is_left_out() -> None:
    fewer = {
        name: found
        for name, found in columns().items()
        if name not in ("fct_alert_events", "fct_kpi_contributions", "fct_source_freshness")
    }
    smaller = semantic_model(
        rules(manifest()), fewer, {}, folder="C:\\x", source="parquet", language="nl",
        currency="EUR", first_year=2025,
    )  # fmt: skip
    names = {table.name.en for table in smaller.tables}
    assert names.isdisjoint({"Alerts", "Contributions", "Source freshness"})
    said = "\n".join(project(smaller, "management", "nl").values())
    for name in ("Alerts", "Contributions", "Source freshness"):
        assert f"'{name}'[" not in said
        assert f'"Entity": "{name}"' not in said
        assert f"fromColumn: '{name}'" not in said


def test_a_contribution_is_of_the_last_period_of_the_change() -> None:
    said = measures()["Contribution"]
    assert said.index("REMOVEFILTERS ( 'Contributions'[Comparison]") < said.index("RETURN")


@pytest.mark.parametrize("language", ["nl", "en"])
def test_visuals_name_what_the_model_has(language: str) -> None:
    shown = fitting(pages(language), MODEL)
    assert [page.name for page in shown] == ["scorecard", "kpi", "layers", "alerts"]
    there = {
        (table.name.en, each.name.en)
        for table in MODEL.tables
        for each in (*table.columns, *table.measures)
    }
    for page in shown:
        assert len(page.visuals) >= 2, page.name
        for visual in page.visuals:
            x, y, width, height = visual.place
            assert x + width <= 1280
            assert y + height <= 720
            assert all((each.table, each.name) in there for each in visual.fields())


def test_json_is_json_and_names_its_schema() -> None:
    for path, text in FILES.items():
        if not path.endswith(".tmdl"):
            assert json.loads(text)["$schema"].startswith("https://developer.microsoft.com/")


@pytest.mark.fault("G12")
@given(st.text(alphabet="ab'\" =:]\\é\n`", max_size=8))
def test_any_text_stays_on_its_line(words: str) -> None:
    assert "\n" not in tmdl._value(words.replace("\n", " "))
    assert tmdl._about(words, 1) == [] or len(tmdl._about(words, 1)) == 1
    assert tmdl.quoted(words).count("'") % 2 == 0


def test_writing_twice_writes_nothing_the_second_time(tmp_path: Path) -> None:
    first = write(tmp_path, FILES, {"source": "parquet"})
    assert len(first.written) == len(FILES)
    times = {file: file.stat().st_mtime_ns for file in tmp_path.rglob("*") if file.is_file()}
    again = write(tmp_path, FILES, {"source": "parquet"})
    assert (again.written, again.unchanged) == ((), len(FILES))
    assert times == {
        file: file.stat().st_mtime_ns for file in tmp_path.rglob("*") if file.is_file()
    }
    assert state_of(tmp_path).choices == {"source": "parquet"}


@pytest.mark.parametrize("is_gone", [False, True])
def test_a_file_that_was_changed_is_not_overwritten(tmp_path: Path, is_gone: bool) -> None:
    files: dict[str, str] = {"a/one.txt": "1", "two.txt": "2"}
    write(tmp_path, files, {})
    (tmp_path / "a/one.txt").write_text("mine")
    new = {"two.txt": "new"} if is_gone else {"a/one.txt": "new", "two.txt": "new"}
    with pytest.raises(ProjectChangedError, match=r"a/one\.txt"):
        write(tmp_path, new, {})
    assert (tmp_path / "two.txt").read_text() == "2", "all or nothing"
    done = write(tmp_path, new, {}, overwrite=True)
    assert done.overwritten == ("a/one.txt",)
    assert (tmp_path / "a").exists() != is_gone


def test_files_that_koers_did_not_make_are_left_alone(tmp_path: Path) -> None:
    write(tmp_path, {"a/one.txt": "1"}, {})
    (tmp_path / "a/mine.txt").write_text("mine")
    write(tmp_path, {"two.txt": "2"}, {})
    assert (tmp_path / "a/mine.txt").read_text() == "mine"
    assert not (tmp_path / "a/one.txt").exists()
    with pytest.raises(ProjectChangedError):
        write(tmp_path, {"a/mine.txt": "theirs"}, {})


@pytest.mark.parametrize("content", ["", "{}", "[]", "nonsense", '{"files": 3, "choices": 4}'])
def test_a_broken_memory_counts_as_none(tmp_path: Path, content: str) -> None:
    (tmp_path / STATE).write_text(content)
    assert not state_of(tmp_path).files
    write(tmp_path, {"one.txt": "1"}, {})
    assert (tmp_path / "one.txt").read_text() == "1"


def _said(path: str) -> Any:
    return json.loads(FILES[path])


def test_the_report_reads_the_model_beside_it() -> None:
    pbir = _said("Koers-management.Report/definition.pbir")
    assert pbir["datasetReference"]["byPath"]["path"] == "../Koers-management.SemanticModel"
    assert _said("Koers-management.pbip")["artifacts"] == [
        {"report": {"path": "Koers-management.Report"}}
    ]


def test_text_of_a_language() -> None:
    assert (Text("a", "b").of("nl"), Text("a", "b").of("en")) == ("b", "a")
