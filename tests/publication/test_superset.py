"""The import folder of Superset names what is in a publication, and adds up as it should."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any

import duckdb
import pytest
import yaml

from pipelines.publication import publish
from pipelines.settings import DBT_PROJECT_DIR, PROJECT_DIR, Home
from tests.publication.tiny import fact, month, warehouse

FOLDER = PROJECT_DIR / "docs" / "bi" / "superset"
RATIO = 'case when sum("Denominator") > 0 then sum("Numerator") / sum("Denominator") end'


def read(kind: str) -> list[dict[str, Any]]:
    files = sorted((FOLDER / kind).rglob("*.yaml"))
    assert files
    return [yaml.safe_load(file.read_text(encoding="utf-8")) for file in files]


DATASETS = {each["uuid"]: each for each in read("datasets")}


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """A publication with every column of the marts' contracts, and a few figures."""
    home = Home(tmp_path_factory.mktemp("home"))
    facts = [
        fact("win_rate", "north", month(4), 0.5, "on_course"),
        fact("win_rate", "south", month(4), 0.1, "off_course"),
        fact("revenue", "north", month(4), 300.0, "on_course"),
        fact("revenue", "south", month(4), 100.0, "off_course"),
        fact("revenue", "north", month(5), 50.0, "off_course"),
        fact("revenue", "sales", month(4), 400.0, "on_course"),
        fact("nps", "north", month(4), 10.0, "on_course"),
        fact("nps", "south", month(4), 20.0, "on_course"),
    ]
    warehouse(home.warehouse, facts)
    with duckdb.connect(str(home.warehouse)) as db:
        for file in (DBT_PROJECT_DIR / "models" / "marts").glob("*.yml"):
            for model in yaml.safe_load(file.read_text(encoding="utf-8")).get("models", []):
                for column in model["columns"] if model["name"] == "dim_kpi" else ():
                    db.execute(
                        f"alter table dim_kpi add column if not exists {column['name']} "
                        f"{column['data_type']}"
                    )
        db.execute("update dim_kpi set adds_up_over_units = kpi = 'revenue'")
        db.execute("update dim_kpi set adds_up_over_periods = kpi = 'revenue'")
        db.execute(
            "update fct_kpi_status set (numerator, denominator) = "
            "(case kpi when 'win_rate' then kpi_value * if(org_unit_id = 'north', 10, 30) "
            "else kpi_value end, "
            "case kpi when 'win_rate' then if(org_unit_id = 'north', 10, 30) end)"
        )
    made = publish(home.warehouse, home, run_id="r", keep=1)
    with duckdb.connect(str(made.file), read_only=True) as connection:
        yield connection


def source(dataset: dict[str, Any]) -> str:
    return f"({dataset['sql']})" if dataset["sql"] else f"main.{dataset['table_name']}"


@pytest.mark.parametrize("dataset", DATASETS.values(), ids=lambda each: each["table_name"])
def test_its_columns_are_those_of_the_publication(
    published: duckdb.DuckDBPyConnection, dataset: dict[str, Any]
) -> None:
    found = published.execute(f"describe select * from {source(dataset)}").fetchall()
    given = {each["column_name"]: each["type"].replace(", ", ",") for each in dataset["columns"]}
    # DuckDB tells an alias that differs from its column in case only as that column's name.
    assert {name.lower(): kind for name, kind in given.items()} == {
        name.lower(): kind for name, kind, *_ in found
    }
    assert dataset["main_dttm_col"] in given
    if not dataset["sql"]:
        said = published.execute(
            "select column_name, comment from duckdb_columns() where table_name = ?",
            [dataset["table_name"]],
        ).fetchall()
        assert {each["column_name"]: each["description"] for each in dataset["columns"]} == dict(
            said
        )


@pytest.mark.parametrize("dataset", DATASETS.values(), ids=lambda each: each["table_name"])
def test_its_metrics_run(published: duckdb.DuckDBPyConnection, dataset: dict[str, Any]) -> None:
    for metric in dataset["metrics"]:
        published.execute(f"select {metric['expression']} from {source(dataset)}").fetchone()


def test_a_ratio_is_sum_over_sum() -> None:
    for dataset in DATASETS.values():
        for metric in dataset["metrics"]:
            text = metric["expression"]
            assert not re.search(r"\bavg\b|\bmean\b", text), metric
            if "Denominator" in text:
                assert RATIO in text, metric
            elif "/" in text:
                assert re.search(r"sum\(.*\)\s*/ nullif\(sum\(", text, re.DOTALL), metric


def values(published: duckdb.DuckDBPyConnection, where: str) -> float | None:
    overview = next(each for each in DATASETS.values() if each["table_name"] == "kpi_overview")
    value = next(each for each in overview["metrics"] if each["metric_name"] == "value")
    row = published.execute(f"select {value['expression']} from kpi_overview where {where}")
    found = row.fetchone()
    assert found
    return None if found[0] is None else float(found[0])


TEAMS = "\"Layer\" = 'team' and \"Period from\" = date '2025-04-01'"


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        (f"kpi_id = 'win_rate' and {TEAMS}", (5 + 3) / (10 + 30)),
        (f"kpi_id = 'revenue' and {TEAMS}", 400),
        ("kpi_id = 'revenue' and \"Layer\" = 'team'", 450),
        ("kpi_id = 'revenue'", None),  # a team is in its department too
        (f"kpi_id = 'nps' and {TEAMS}", None),  # no ratio here, and does not add up
        (f"kpi_id = 'nps' and {TEAMS} and org_unit_id = 'north'", 10),
        (TEAMS, None),  # several KPIs
    ],
)
def test_a_value_is_right_or_empty(
    published: duckdb.DuckDBPyConnection, where: str, expected: float | None
) -> None:
    found = values(published, where)
    assert found == expected or (found and expected and math.isclose(found, expected))


def test_what_charts_and_dashboard_name_is_there() -> None:
    charts = {each["uuid"]: each for each in read("charts")}
    for chart in charts.values():
        dataset = DATASETS[chart["dataset_uuid"]]
        columns = {each["column_name"] for each in dataset["columns"]}
        metrics = {each["metric_name"] for each in dataset["metrics"]}
        params = chart["params"]
        named = [
            *params.get("all_columns", []), *params.get("groupby", []),
            *params.get("groupbyRows", []), *params.get("groupbyColumns", []),
            *([params["x_axis"]] if "x_axis" in params else []),
            *(each["subject"] for each in params["adhoc_filters"]),
        ]  # fmt: skip
        assert named
        assert set(named) <= columns
        assert {*params.get("metrics", []), *filter(None, [params.get("metric")])} <= metrics
    (dashboard,) = read("dashboards")
    shown = {
        each["meta"]["uuid"]
        for each in dashboard["position"].values()
        if isinstance(each, dict) and each["type"] == "CHART"
    }
    assert shown == set(charts)
    for each in dashboard["metadata"]["native_filter_configuration"]:
        for target in each["targets"]:
            columns = {c["column_name"] for c in DATASETS[target["datasetUuid"]]["columns"]}
            assert target["column"]["name"] in columns
    (database,) = read("databases")
    assert {each["database_uuid"] for each in DATASETS.values()} == {database["uuid"]}
    assert database["extra"]["engine_params"]["connect_args"] == {"read_only": True}
