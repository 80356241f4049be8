"""The guides to choosing KPIs name what there is: KPIs, commands and fields."""

from __future__ import annotations

import re

import pytest
import typer
import yaml

from pipelines.cli import app
from pipelines.settings import DBT_PROJECT_DIR, PROJECT_DIR

GUIDES = ("kies-de-juiste-kpis.md", "choosing-kpis.md")
KPIS = {
    metric["name"]: metric["config"]["meta"]["kpi"]
    for file in (DBT_PROJECT_DIR / "models" / "kpis").glob("*.yml")
    for metric in yaml.safe_load(file.read_text(encoding="utf-8")).get("metrics", [])
    if "kpi" in metric.get("config", {}).get("meta", {})
}
FIELDS = {"drivers", "home_layer", "smart", "review_date"}
TABLES = {"kpi_targets"}


def read(guide: str) -> str:
    return (PROJECT_DIR / "docs" / guide).read_text(encoding="utf-8")


@pytest.mark.parametrize("guide", GUIDES)
def test_it_names_what_there_is(guide: str) -> None:
    words = set(re.findall(r"`([a-z]+_?[a-z_]*)`", read(guide)))
    kpis = {word for word in words if "_" in word or word == "revenue"} - FIELDS - TABLES
    assert kpis
    assert kpis <= KPIS.keys()
    assert words - kpis <= FIELDS | TABLES
    assert all(field in KPIS["win_rate"] for field in FIELDS)


@pytest.mark.parametrize("guide", GUIDES)
def test_its_commands_are_there(guide: str) -> None:
    commands = typer.main.get_command(app)
    for command in re.findall(r"`koers ([a-z -]+)`", read(guide)):
        found = commands
        for word in command.split():
            found = found.commands[word]  # type: ignore[attr-defined]
        assert found.help, command


def test_the_tree_is_that_of_the_definitions() -> None:
    names = {kpi["label"]["nl"]: name for name, kpi in KPIS.items()}
    tree = re.findall(r"^([│├└─ ]*)(.+) \((\w+)\)$", read(GUIDES[0]), re.MULTILINE)
    above: list[str] = []
    for lines, label, name in tree:
        depth = len(lines) // 3
        assert names[label] == name
        above[depth:] = [name]
        assert depth == 0 or name in KPIS[above[depth - 1]]["drivers"]
    assert len(tree) > 5


def test_both_have_the_same_steps() -> None:
    steps = [re.findall(r"^## (\d)", read(guide), re.MULTILINE) for guide in GUIDES]
    assert steps[0] == steps[1] == list("123456")
