"""What is not for an audience is not in its file."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from pipelines.audiences import WHOLE, audiences
from pipelines.inputs import build_inputs, needs_full_refresh
from pipelines.people import Group, People, PeopleError, people_of
from pipelines.publication import PublicationError, current
from pipelines.publishing import publish_all, roll_back_all, verify, wrong_files
from pipelines.settings import DBT_PROJECT_DIR, Home, Settings, SettingsError
from pipelines.watch.ledger import published_events
from pipelines.watch.watching import watch
from tests.publication.tiny import fact, month, warehouse

FACTS = [
    fact("nps", unit, month(number), 10.0, "on_course")
    for unit in ("org", "sales", "north", "south", "p1")
    for number in (4, 5)
] + [fact("revenue", "sales", month(number), 95.0, "on_course") for number in (4, 5)]
ANSWERS = {"north": {4: 2, 5: 6}, "south": {4: 30, 5: 7}}
"""In April north is too small; south protects it."""


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path)
    warehouse(home.warehouse, FACTS)
    with duckdb.connect(str(home.warehouse)) as db:
        db.execute(
            "create table int_org_chains (org_unit_id varchar, layer varchar, parent_id varchar, "
            "valid_from date, valid_to date, path varchar[])"
        )
        db.execute(
            "create table int_measure_days (measure varchar, measure_date date, attributed_on date,"
            " org_unit_id varchar, team_id varchar, project_id varchar, row_count decimal(28, 4))"
        )
        for team in ANSWERS:
            path = ["org", "sales", team]
            for depth, layer in enumerate(("organisation", "department", "team")):
                db.execute(
                    "insert into int_org_chains values (?, ?, ?, '1900-01-01', '9999-12-31', ?)",
                    [path[depth], layer, (None, *path)[depth], path[: depth + 1]],
                )
            db.execute(
                "insert into int_org_chains values (?, 'individual', ?, '1900-01-01', '9999-12-31',"
                " ?)",
                [f"{team}-somebody", team, [*path, f"{team}-somebody"]],
            )
            for number, rows in ANSWERS[team].items():
                day = month(number)
                db.execute(
                    "insert into int_measure_days values ('nps_answers', ?, ?, ?, ?, 'none', ?)",
                    [day, day, f"{team}-somebody", team, rows],
                )
        db.execute(
            "create table dim_org_unit_history as select org_unit_id, parent_id from dim_org_unit"
        )
        db.execute("alter table dim_kpi add column drivers varchar default ''")
        db.execute("alter table dim_kpi add column sources varchar default ''")
    home.manifest.parent.mkdir(parents=True)
    home.manifest.write_text(json.dumps(MANIFEST), encoding="utf-8")
    return home


MANIFEST: dict[str, Any] = {
    "semantic_models": {
        "answers": {
            "name": "survey",
            "config": {"meta": {"people": "answers"}},
            "measures": [{"name": "nps_answers"}],
        }
    },
    "metrics": {
        "nps": {
            "name": "nps",
            "type": "simple",
            "type_params": {"input_measures": [{"name": "nps_answers"}]},
            "config": {"meta": {"kpi": {}}},
        }
    },
}

Rows = list[tuple[Any, ...]]


def read(file: Path, query: str) -> Rows:
    with duckdb.connect(str(file), read_only=True) as db:
        return db.execute(query).fetchall()


@pytest.mark.fault("H7", "H8")
def test_the_small_group_and_what_protects_it_are_told_to_be_too_small(home: Home) -> None:
    publish_all(home, run_id="r")
    found = read(
        home.publication("organisation"),
        "select org_unit_id, kpi_value, sample_size, status, suppression from fct_kpi_status "
        "where is_suppressed order by org_unit_id",
    )
    assert found == [
        ("north", None, None, None, "small_group"),
        ("south", None, None, None, "small_group"),
    ]
    starts = read(
        home.publication("organisation"),
        "select distinct period_start from fct_kpi_values where is_suppressed",
    )
    assert starts == [(month(4),)]


@pytest.mark.fault("H10")
def test_individuals_are_only_in_the_file_of_management(home: Home) -> None:
    publish_all(home, run_id="r")
    people = "select count(*) from dim_org_unit where layer = 'individual'"
    assert read(home.publication(), people) == [(1,)]
    assert read(home.publication("organisation"), people) == [(0,)]
    for file in home.publication("organisation").parent.rglob("*.*"):
        if file.is_file():
            assert b"Piet Jansen" not in file.read_bytes(), file
    assert b"Piet Jansen" in home.publication().read_bytes()


@pytest.mark.fault("H10")
def test_an_audience_of_one_department_and_one_kpi(home: Home) -> None:
    home.audiences_file.write_text(
        "audiences:\n  management:\n"
        "    individuals: {kpis: all, purpose: guidance, legal_basis: contract}\n"
        "  north: {units: [north], kpis: [nps], layers: [team]}\n",
        encoding="utf-8",
    )
    publish_all(home, run_id="r")
    file = home.publication("north")
    assert read(file, "select distinct org_unit_id, kpi from fct_kpi_values") == [("north", "nps")]
    assert read(file, "select kpi from dim_kpi") == [("nps",)]
    assert read(file, "select org_unit_id from dim_org_unit") == [("north",)]


def test_an_unknown_unit_is_told_and_management_is_published(home: Home) -> None:
    home.audiences_file.write_text(
        "audiences:\n  management:\n"
        "    individuals: {kpis: all, purpose: guidance, legal_basis: contract}\n"
        "  west: {units: [west]}\n",
        encoding="utf-8",
    )
    done = publish_all(home, run_id="r")
    assert list(done.made) == ["management"]
    assert "there is no unit west" in done.refused["west"]


def test_without_knowing_whom_a_kpi_is_about_only_management_is_published(home: Home) -> None:
    home.manifest.unlink()
    done = publish_all(home, run_id="r")
    assert list(done.made) == ["management"]
    assert "Whom the KPIs are about" in done.refused["organisation"]


@pytest.mark.fault("H6")
@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("audiences: {sales: {}}", "there has to be an audience `management`"),
        ("audiences: {management: {layer: [team]}}", "management.layer"),
        ("audiences: {management: {individuals: {kpis: all}}}", "individuals.purpose"),
        (
            "audiences: {management: {individuals: {kpis: all, purpose: p}}}",
            "individuals.legal_basis",
        ),
        ("audiences: {management: {min_group_size: 0}}", "min_group_size"),
        ("audiences: {management: {layers: [individual]}}", "layers"),
        ("audiences: [", "is not valid YAML"),
    ],
)
def test_a_wrong_file_is_told_by_field(home: Home, text: str, says: str) -> None:
    home.audiences_file.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match=says):
        audiences(home)


def test_another_audience_is_something_new_for_the_next_night(home: Home) -> None:
    before = build_inputs(home, Settings())
    home.audiences_file.write_text("audiences: {management: {}}", encoding="utf-8")
    after = build_inputs(home, Settings())
    assert [part for part in before if before[part] != after[part]] == ["audiences"]
    assert not needs_full_refresh(before, after)


def test_without_a_file_there_are_two(home: Home) -> None:
    found = audiences(home)
    assert list(found) == ["management", "organisation"]
    assert found["management"] == WHOLE
    assert found["organisation"].min_group_size == 5


def test_what_says_nothing_of_people_is_about_employees() -> None:
    model = {"name": "calls", "measures": [{"name": "call_count"}]}
    people = people_of({"semantic_models": {"calls": model}})
    assert people == People(
        {"calls/employees": Group("calls/employees", "employees", ("call_count",))}
    )
    wrong = {**model, "config": {"meta": {"people": "everyone"}}}
    with pytest.raises(PeopleError, match="call_count: people is 'everyone'"):
        people_of({"semantic_models": {"calls": wrong}})


def test_every_semantic_model_of_the_project_says_whom_it_is_about() -> None:
    said = {}
    for file in (DBT_PROJECT_DIR / "models" / "measures").glob("measure_*.yml"):
        for model in yaml.safe_load(file.read_text(encoding="utf-8"))["semantic_models"]:
            said[model["name"]] = model.get("config", {}).get("meta", {}).get("people")
    assert set(said.values()) == {"answers", "employees", "nobody"}
    assert said["survey_responses"] == said["survey_invitations_sent"] == "answers"
    assert said["trainings_followed"] == said["goals"] == said["activities"] == "employees"


def test_a_rollback_brings_back_every_audience_and_the_next_publish_goes_on(home: Home) -> None:
    first = publish_all(home, run_id="one").made
    second = publish_all(home, run_id="two").made
    assert roll_back_all(home) == first
    assert current(home) == first["management"]
    assert current(home, "organisation") == first["organisation"]
    with pytest.raises(PublicationError, match="before the current one"):
        roll_back_all(home)
    assert roll_back_all(home, second["management"].publication_id) == second
    roll_back_all(home)
    third = publish_all(home, run_id="three").made
    assert current(home) == third["management"]
    assert third["management"].publication_id > second["management"].publication_id


def test_a_rollback_tells_no_alert_twice_and_loses_none(home: Home) -> None:
    def off(value: float) -> None:
        with duckdb.connect(str(home.warehouse)) as db:
            db.execute(
                "update fct_kpi_status set kpi_value = ?, status = 'off_course', "
                "deviation = ? - 90 where kpi = 'revenue' and org_unit_id = 'sales' "
                "and period_start = '2025-05-01'",
                [value, value],
            )

    def told() -> list[tuple[Any, ...]]:
        return [row[:5] for row in published_events(home.ledger)]

    first = publish_all(home, run_id="one").made["management"]
    off(5.0)
    second = publish_all(home, run_id="two").made["management"]
    watch(second, home.ledger)
    said = told()
    assert "sales" in {row[2] for row in said}
    roll_back_all(home)
    assert not watch(first, home.ledger).evaluated, "what was passed by is not judged any more"
    assert told() == said
    third = publish_all(home, run_id="three").made["management"]
    assert watch(third, home.ledger).evaluated
    assert told() == said


def test_a_changed_file_is_found_and_not_rolled_back_to(home: Home) -> None:
    first = publish_all(home, run_id="one").made["management"]
    publish_all(home, run_id="two")
    assert list(verify(home)) == []
    parquet = first.file.parent / "parquet" / "dim_kpi.parquet"
    parquet.write_bytes(b"other")
    assert list(wrong_files(first)) == [f"{parquet} was changed after it was made"]
    assert len(list(verify(home))) == 1
    with pytest.raises(PublicationError, match="Nothing was rolled back"):
        roll_back_all(home)


def test_people_in_bi_tools_read_names(home: Home) -> None:
    publish_all(home, run_id="r")
    found = read(
        home.publication(),
        'select "KPI", "Eenheid", "Waarde" from kpi_overzicht '
        "where org_unit_id = 'north' and \"Periode vanaf\" = date '2025-04-01'",
    )
    assert found == [("NPS", "Team Noord", 10.0)]
    comments = read(
        home.publication(),
        "select column_name, comment from duckdb_columns() where table_name = 'kpi_overview' "
        "and column_name in ('KPI', 'Unit', 'kpi_id') order by column_index",
    )
    assert comments == [
        ("KPI", "Name of the KPI."),
        ("Unit", "Name of the unit."),
        ("kpi_id", "Key of dim_kpi."),
    ]
    about = read(
        home.publication("organisation"),
        "select comment from duckdb_columns() where table_name = 'fct_kpi_values' "
        "and column_name = 'is_suppressed'",
    )
    assert "hidden from this audience" in about[0][0]


@pytest.mark.fault("H7", "H8")
def test_a_late_answer_does_not_show_what_was_hidden(home: Home) -> None:
    """South was hidden in April to protect north; north grows to 4, still too small."""
    publish_all(home, run_id="one")
    with duckdb.connect(str(home.warehouse)) as db:
        db.execute(
            "insert into int_measure_days values ('nps_answers', ?, ?, 'north-somebody', 'north', "
            "'none', 2)",
            [month(4), month(4)],
        )
    publish_all(home, run_id="two")
    hidden = read(
        home.publication("organisation"),
        "select org_unit_id from fct_kpi_values where is_suppressed order by 1",
    )
    assert hidden == [("north",), ("south",)]
    shown = json.loads(home.shown_groups.read_text())["5"]["survey/answers"]
    assert shown[dt.date(2025, 4, 1).isoformat()] == ["none", "org", "sales"]
