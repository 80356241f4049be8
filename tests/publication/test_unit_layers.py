"""Each unit with the unit above it in every layer: teams in teams, names that occur twice, parents
that the audience may not see, and circles."""

from __future__ import annotations

import duckdb
import pytest

from pipelines.unit_layers import COLUMNS, NAME, add_unit_layers

TABLES = ("dim_org_unit", "bridge_org_unit")

Row = tuple[str, str, str, str | None]


def made(
    units: list[Row], bridge: list[tuple[str, str, int]] | None = None
) -> dict[str, dict[str, object]]:
    """What the table says of units of (id, layer, name, parent); by id."""
    with duckdb.connect() as db:
        db.execute("attach ':memory:' as published")
        db.execute(
            "create table published.main.dim_org_unit (org_unit_id varchar, layer varchar, "
            "name varchar, parent_id varchar, owner varchar, is_unassigned boolean)"
        )
        db.executemany(
            "insert into published.main.dim_org_unit values (?, ?, ?, ?, null, false)", units
        )
        db.execute(
            "create table published.main.bridge_org_unit "
            "(ancestor varchar, descendant varchar, depth integer)"
        )
        if bridge:
            db.executemany("insert into published.main.bridge_org_unit values (?, ?, ?)", bridge)
        assert add_unit_layers(db, TABLES) == (NAME,)
        found = db.execute(f"select * from published.main.{NAME}")
        names = [column[0] for column in found.description or []]
        assert names == list(COLUMNS)
        rows = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    return {str(row["org_unit_id"]): row for row in rows}


COMPANY: list[Row] = [
    ("org", "organisation", "Firm", None),
    ("sales", "department", "Sales", "org"),
    ("north", "team", "North", "sales"),
    ("inside", "team", "Inside", "north"),
    ("ann", "individual", "Ann", "inside"),
    ("fair", "project", "Fair", "sales"),
]


def test_a_team_in_a_team_is_called_after_both() -> None:
    found = made(COMPANY)
    assert found["ann"]["team"] == "North › Inside"
    assert found["ann"]["individual"] == "Ann"
    assert found["north"]["team"] == "North"
    assert (found["fair"]["department"], found["fair"]["team"]) == ("Sales", None)
    assert found["org"]["department"] is None
    assert [found[unit]["depth"] for unit in ("org", "sales", "north", "inside", "ann")] == [
        1, 2, 3, 4, 5,
    ]  # fmt: skip


def test_names_that_occur_twice_are_told_apart() -> None:
    found = made(
        [
            *COMPANY,
            ("service", "department", "Service", "org"),
            ("north2", "team", "North", "service"),
            ("other", "team", "Other", "service"),
            ("other2", "team", "Other", "service"),
        ]
    )
    assert found["north"]["unit"] == "North (Sales)"
    assert found["north2"]["team"] == "North (Service)"
    assert found["other"]["unit"] != found["other2"]["unit"]
    assert found["sales"]["unit"] == "Sales"


def test_where_a_parent_is_not_shown_the_nearest_shown_unit_takes_its_place() -> None:
    shown = [row for row in COMPANY if row[0] not in ("sales", "north")]
    bridge = [("org", "inside", 3), ("org", "ann", 4), ("inside", "ann", 1), ("org", "fair", 2)]
    found = made(shown, bridge)
    assert (found["inside"]["parent_id"], found["inside"]["team"]) == ("org", "Inside")
    assert found["fair"]["organisation"] == "Firm"
    assert "Sales" not in str(found)
    assert "North" not in str(found)


def test_a_circle_of_parents_ends() -> None:
    found = made([("a", "team", "A", "b"), ("b", "team", "B", "a")])
    assert set(found) == {"a", "b"}


@pytest.mark.parametrize("tables", [(), ("dim_org_unit",)])
def test_without_its_tables_there_is_none(tables: tuple[str, ...]) -> None:
    with duckdb.connect() as db:
        assert add_unit_layers(db, tables) == ()
