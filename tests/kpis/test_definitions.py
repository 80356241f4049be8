"""A wrong definition is refused before anything runs: with its file, name, field and a remedy."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from pipelines.dbt import prepare_manifest
from pipelines.kpis import SCHEMA_FILE, KpiError, check_definitions, schema
from pipelines.settings import DBT_PROJECT_DIR, Home, settings

KPI = {
    "label": {"nl": "Omzet", "en": "Revenue"},
    "description": {"nl": "Waarde.", "en": "Value."},
    "home_layer": "team",
    "owner": "sales",
    "unit": "currency",
    "direction": "higher",
    "cadence": "month",
    "smart": {
        "specific": "a",
        "measurable": "b",
        "accepted": "c",
        "realistic": "d",
        "time_bound": "e",
    },
    "review_date": "2026-12-31",
    "tolerance": {"type": "percent", "lower": 0.1, "upper": 0.1},
}
LAYERS = ("organisation", "department", "team", "individual", "project")
MODEL = {
    "name": "orders",
    "primary_entity": "o",
    "entities": [{"name": layer, "type": "foreign"} for layer in LAYERS],
    "dimensions": [
        {"name": "measure_date", "type": "time"},
        {"name": "product", "type": "categorical"},
    ],
    "measures": [
        {"name": "amount", "agg": "sum", "create_metric": True},
        {"name": "orders", "agg": "count", "create_metric": True},
        {"name": "customers", "agg": "count_distinct", "create_metric": True},
        {"name": "middle", "agg": "median"},
        {"name": "stock", "agg": "sum", "non_additive_dimension": {"name": "measure_date"}},
    ],
}


def metric(name: str, kind: str, params: Any, **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "label": name,
        "type": kind,
        "type_params": params,
        "config": {"meta": {"kpi": copy.deepcopy(KPI)}},
        **more,
    }


def project(folder: Path, *metrics: Any, model: Any = MODEL) -> Path:
    """A dbt project with these metrics in models/kpis/mine.yml."""
    kpis = folder / "models" / "kpis" / "mine.yml"
    kpis.parent.mkdir(parents=True)
    # Written out: dumped as it is, what two of them share would be an alias.
    said = json.loads(json.dumps({"metrics": list(metrics)}))
    kpis.write_text(yaml.safe_dump(said, allow_unicode=True))
    (folder / "models" / "orders.yml").write_text(yaml.safe_dump({"semantic_models": [model]}))
    return folder


def revenue(**kpi: Any) -> dict[str, Any]:
    found = metric("revenue", "simple", {"measure": "amount"})
    found["config"]["meta"]["kpi"].update(kpi)
    return found


def running(measure: str = "amount", **how: Any) -> dict[str, Any]:
    return metric("book", "cumulative", {"measure": measure, "cumulative_type_params": how})


def derived(expr: str, *metrics: Any) -> dict[str, Any]:
    return metric("made", "derived", {"expr": expr, "metrics": list(metrics)})


def ratio(numerator: Any, denominator: Any) -> dict[str, Any]:
    return metric("rate", "ratio", {"numerator": numerator, "denominator": denominator})


REWARD = {
    "threshold": {"attainment": 0.8, "payout": 0.5},
    "target": {"attainment": 1.0, "payout": 1.0},
    "cap": {"attainment": 1.2, "payout": 1.5},
    "min_sample_size": 20,
}

WRONG = [
    (
        revenue(reward={**REWARD, "cap": {"attainment": 0.9, "payout": 1.5}}),
        "attainment has to rise from threshold over target to cap",
        "It says",
    ),
    (
        revenue(reward={**REWARD, "threshold": {"attainment": 0.8, "payout": 2}}),
        "payout must not fall",
        "It says",
    ),
    (revenue(reward={**REWARD, "min_sample_size": 0}), "reward.min_sample_size", "It says"),
    (revenue(reward={**REWARD, "layers": ["region"]}), "reward.layers", "It says"),
    (revenue(unit="euros"), "KPI revenue: config.meta.kpi.unit", "It says 'euros'"),
    (revenue(tolerence={}), "config.meta.kpi.tolerence", "mend its spelling"),
    (revenue(owner=" "), "config.meta.kpi.owner", "It says"),
    (revenue(label={"en": "Revenue"}), "config.meta.kpi.label.nl", "Add it"),
    (revenue(drivers=["turnover"]), "drivers: there is no KPI 'turnover'", "Name one of: revenue"),
    (revenue(drivers=["revenue"]), "drivers: it cannot drive itself", "Remove it"),
    (revenue(driver_relation="mean"), "config.meta.kpi.driver_relation", "It says 'mean'"),
    (revenue(driver_relation="sum"), "drivers: a sum has none", "Name its terms"),
    (revenue(driver_relation="product"), "drivers: a product has 0", "Name 2 to 4 factors"),
    (revenue(driver_relation="ratio"), "drivers: a ratio has 0", "above the line"),
    (revenue(driver_signs=[1]), "driver_relation: it is missing", "Say sum, product or ratio"),
    (
        revenue(driver_relation="sum", drivers=["amount"], driver_signs=[1, -1]),
        "driver_signs: 2 for a sum of 1 drivers",
        "Give each driver of a sum one",
    ),
    (
        revenue(driver_relation="sum", drivers=["amount"], driver_signs=[2]),
        "config.meta.kpi.driver_signs.0",
        "It says 2",
    ),
    (
        revenue(driver_relation="sum", drivers=["amount"], driver_scale=90),
        "driver_scale: 90 for a sum",
        "Remove it",
    ),
    (
        revenue(driver_relation="sum", drivers=["amount", "amount"]),
        "drivers: one is named twice",
        "Name each once",
    ),
    (metric("aa", "simple", {"measure": "amuont"}), "no measure 'amuont'", "Name one of: amount"),
    (metric("aa", "simple", {"measure": "middle"}), "middle has agg median", "Use one of sum"),
    (
        metric("aa", "simple", {"measure": "stock"}),
        "non_additive_dimension",
        "make the metric cumul",
    ),
    (metric("aa", "conversion", {}), "type: ", "Write it as simple, ratio, derived or cumulative"),
    (metric("Rev", "simple", {"measure": "amount"}), "metric Rev".replace("metric", "KPI"), "name"),
    (running(), "cumulative_type_params.period_agg", "Write period_agg: last"),
    (running(period_agg="first"), "period_agg", "Write period_agg: last"),
    (running(period_agg="last", window="3 months"), "window", "Write a number of days"),
    (running(period_agg="last", grain_to_date="week"), "grain_to_date", "Write month, quarter"),
    (
        running("customers", period_agg="last"),
        "agg count_distinct, which cannot run",
        "sum or count",
    ),
    (ratio("amount", "amount"), "numerator and denominator have one name", "an alias"),
    (ratio("amount", "visits"), "there is no metric 'visits'", "Name one"),
    (ratio({"name": "amount", "offset_window": "1 month"}, "orders"), "offset_window", "Compare"),
    (derived("amount / orders", "amount"), "expr: 'orders' is no input", "Add it to metrics"),
    (derived("amount", "amount", "orders"), "'orders' is not in expr", "Remove it, or use it"),
    (derived("read_csv(amount)", "amount"), "'read_csv' is no input", "plain arithmetic"),
    (derived("made + amount", "made", "amount"), "it is made of itself", "Take the circle out"),
    (
        metric("aa", "simple", {"measure": "amount"}, filter="{{ Dimension('o__colour') }} = 'x'"),
        "no categorical dimension 'colour'",
        "It has: product",
    ),
    (
        metric("aa", "simple", {"measure": "amount"}, filter="{{ Dimension('x__product') }} = 'x'"),
        "'x' is not what a row of orders is",
        "Write {{ Dimension('o__product') }}",
    ),
    (
        metric("aa", "simple", {"measure": "amount"}, filter="{{ Entity('team') }} = 'x'"),
        "filter: {{ Entity('team') }} is not known here",
        "Use {{ Dimension",
    ),
    (
        ratio(
            {"name": "amount", "alias": "bb", "filter": "{{ TimeDimension('x') }} > 1"}, "orders"
        ),
        "filter: {{ TimeDimension('x') }} is not known here",
        "Use {{ Dimension",
    ),
]


@pytest.mark.parametrize(("wrong", "where", "remedy"), WRONG, ids=[w[1][:40] for w in WRONG])
def test_a_wrong_definition_says_where_and_what_to_do(
    tmp_path: Path, wrong: dict[str, Any], where: str, remedy: str
) -> None:
    with pytest.raises(KpiError) as told:
        check_definitions(project(tmp_path, wrong))
    (line,) = [line for line in str(told.value).splitlines() if where in line]
    assert line.startswith("models/kpis/mine.yml: ")
    assert remedy in line


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(KpiError) as told:
        check_definitions(project(tmp_path, *(wrong for wrong, _, _ in WRONG[:4])))
    assert all(where in str(told.value) for _, where, _ in WRONG[:4])


@pytest.mark.parametrize(
    "right",
    [
        revenue(drivers=[]),
        revenue(reward={**REWARD, "layers": ["team", "individual"]}),
        metric(
            "aa", "simple", {"measure": "customers"}, filter="{{ Dimension('o__product') }}='x'"
        ),
        running(period_agg="last"),
        running("orders", period_agg="last", window="90 days"),
        running("orders", period_agg="last", grain_to_date="year"),
        ratio(
            {"name": "amount", "alias": "new", "filter": "{{Dimension('o__product')}}='x'"},
            "amount",
        ),
        derived(
            "case when won > 0 then power(amount / won, 2) end",
            "amount",
            {"name": "orders", "alias": "won"},
        ),
    ],
    ids=lambda right: f"{right['type']}-{right['name']}",
)
def test_what_koers_computes_is_accepted(tmp_path: Path, right: dict[str, Any]) -> None:
    assert list(check_definitions(project(tmp_path, right))) == [right["name"]]
    jsonschema.validate({"metrics": [right]}, schema())


def test_a_measure_without_the_layers_cannot_be_a_kpi(tmp_path: Path) -> None:
    bare = {**MODEL, "entities": MODEL["entities"][:3]}  # type: ignore[index]
    with pytest.raises(KpiError, match=r"semantic model orders .* has no entity individual"):
        check_definitions(project(tmp_path, revenue(), model=bare))


def test_drivers_in_a_circle_are_refused(tmp_path: Path) -> None:
    one, other = revenue(drivers=["orders_won"]), revenue(drivers=["revenue"])
    other["name"] = "orders_won"
    with pytest.raises(KpiError, match="KPI orders_won: drivers: they come back to it in a circle"):
        check_definitions(project(tmp_path, one, other))


def test_a_relation_to_drivers_is_accepted(tmp_path: Path) -> None:
    made = revenue(drivers=["orders_won", "average"], driver_relation="product", driver_scale=0.5)
    others = [revenue(), revenue()]
    others[0]["name"], others[1]["name"] = "orders_won", "average"
    (found,) = [
        kpi.config.meta.kpi
        for name, kpi in check_definitions(project(tmp_path, made, *others)).items()
        if name == "revenue"
    ]
    assert (found.driver_relation, found.driver_scale) == ("product", 0.5)
    jsonschema.validate({"metrics": [made, *others]}, schema())


@pytest.mark.fault("G9")
def test_broken_yaml_names_its_line_and_nothing_is_parsed(tmp_path: Path) -> None:
    folder = project(tmp_path / "dbt", revenue())
    file = folder / "models" / "kpis" / "mine.yml"
    file.write_text("metrics:\n  - name: a\n   label: b\n")
    home = Home(tmp_path / "home")
    with pytest.raises(KpiError, match=r"models/kpis/mine.yml: is not valid YAML: .* \(line 3\)"):
        prepare_manifest(home, settings(home), project=folder)
    assert not home.root.exists()


def test_the_published_schema_is_up_to_date_and_accepts_every_file_there_is() -> None:
    published = json.loads((DBT_PROJECT_DIR / SCHEMA_FILE).read_text(encoding="utf-8"))
    assert published == json.loads(json.dumps(schema())), "koers kpi schema writes it anew"
    files = sorted((DBT_PROJECT_DIR / "models").rglob("*.yml"))
    checked = 0
    for file in files:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
        if "metrics" in content:
            jsonschema.validate(json.loads(json.dumps(content, default=str)), published)
            assert file.read_text().startswith(
                "# yaml-language-server: $schema=../../kpi.schema.json"
            )
            checked += 1
    assert checked > 5
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"metrics": [revenue(unit="euros")]}, published)


@pytest.mark.parametrize("part", ["model", "measure"])
def test_people_of_an_unknown_kind_are_refused(tmp_path: Path, part: str) -> None:
    model = copy.deepcopy(MODEL)
    entry: Any = model if part == "model" else model["measures"][0]
    entry["config"] = {"meta": {"people": "employee"}}
    called = "semantic model orders" if part == "model" else "measure amount"
    with pytest.raises(KpiError) as refused:
        check_definitions(project(tmp_path, revenue(), model=model))
    assert str(refused.value) == (
        f"models/orders.yml: {called}: config.meta.people: 'employee' is not known. "
        "Write answers, employees, nobody."
    )
