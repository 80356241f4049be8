"""Views of a publication for people in a BI tool: names instead of keys, in Dutch and in English.

The tables are the contract; these two join the newest names to every judged figure, so that a
field list reads `Eenheid`, `KPI`, `Waarde` (`kpi_overzicht`) or `Unit`, `KPI`, `Value`
(`kpi_overview`). Each column says what it holds in its comment.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

import duckdb

from pipelines.marts import columns_of

_COLUMNS = (
    # column, expression over s (status), k (KPI), u (unit); Dutch and English name and comment
    ("k.label_{language}", "KPI", "KPI", "Naam van de KPI.", "Name of the KPI."),
    (
        "k.description_{language}", "Omschrijving", "Description",
        "Wat de KPI telt.", "What the KPI counts.",
    ),
    ("u.name", "Eenheid", "Unit", "Naam van de eenheid.", "Name of the unit."),
    (
        "u.layer", "Laag", "Layer",
        "Laag van de eenheid: organisation, department, team, project of individual.",
        "Layer of the unit: organisation, department, team, project or individual.",
    ),
    (
        "k.unit", "Maateenheid", "Unit of measure",
        "currency, percent, count, days, hours, number of score.",
        "currency, percent, count, days, hours, number or score.",
    ),
    ("k.owner", "Eigenaar", "Owner", "Eigenaar van de KPI.", "Owner of the KPI."),
    (
        "s.grain", "Periodesoort", "Grain",
        "Lengte van de periode: day, week, month, quarter of year.",
        "Length of the period: day, week, month, quarter or year.",
    ),
    ("s.period_start", "Periode vanaf", "Period from", "Eerste dag.", "First day."),
    ("s.period_end", "Periode tot en met", "Period to", "Laatste dag.", "Last day."),
    (
        "s.kpi_value", "Waarde", "Value",
        "Waarde; een percentage is een fractie (0,23). Tel verhoudingen niet op: deel de som van "
        "Teller door die van Noemer.",
        "Value; a percentage is a fraction (0.23). Do not add up ratios: divide the sum of "
        "Numerator by that of Denominator.",
    ),
    ("s.numerator", "Teller", "Numerator", "Boven de streep.", "Above the line."),
    ("s.denominator", "Noemer", "Denominator", "Onder de streep.", "Below the line."),
    (
        "k.adds_up_over_units", "Telt op over eenheden", "Adds up over units",
        "Of waarden van eenheden van een laag samen die van het geheel zijn.",
        "Whether values of the units of a layer add up to that of the whole.",
    ),
    (
        "k.adds_up_over_periods", "Telt op over perioden", "Adds up over periods",
        "Of waarden van maanden samen die van een jaar zijn.",
        "Whether values of months add up to that of a year.",
    ),
    (
        "s.is_closed", "Afgesloten", "Closed",
        "De periode is voorbij en alle bronnen zijn zo ver.",
        "The period is over and all sources reach its end.",
    ),
    ("s.target", "Doel", "Target", "Wat is afgesproken.", "What was agreed."),
    (
        "s.status", "Status", "Status",
        "on_course of off_course; anders waarom er geen oordeel is.",
        "on_course or off_course; otherwise why there is no judgement.",
    ),
    (
        "s.is_suppressed", "Te klein om te tonen", "Too small to show",
        "Verborgen, bijvoorbeeld omdat er te weinig mensen achter zitten.",
        "Hidden, for instance since too few people are behind it.",
    ),
    # Not `kpi`: names differ in more than case, or DuckDB takes the two for one.
    ("s.kpi", "kpi_id", "kpi_id", "Sleutel van dim_kpi.", "Key of dim_kpi."),
    (
        "s.org_unit_id", "org_unit_id", "org_unit_id",
        "Sleutel van dim_org_unit.", "Key of dim_org_unit.",
    ),
)  # fmt: skip

_VIEWS = {
    "nl": ("kpi_overzicht", "Een rij is een KPI van een eenheid in een periode, met namen."),
    "en": ("kpi_overview", "One row is one KPI of one unit in one period, with names."),
}


def views() -> Iterator[tuple[str, str, list[tuple[str, str]]]]:
    """Each view: its name, what a row is, and its columns with what they hold."""
    for at, (name, about) in enumerate(_VIEWS.values()):
        yield name, about, [(names[at], names[2 + at]) for _, *names in _COLUMNS]


def add_views(connection: duckdb.DuckDBPyConnection, tables: Collection[str]) -> None:
    """Add both views to the attached database `published`, where their tables are there."""
    needed = ("fct_kpi_status", "dim_kpi", "dim_org_unit")
    known = {
        (alias, column)
        for table, alias in zip(needed, "sku", strict=True)
        for column in columns_of(connection, table, "published")
    }
    if not set(needed) <= set(tables):
        return
    connection.execute("use published")
    for at, (language, (view, about)) in enumerate(_VIEWS.items()):
        chosen = [
            (expression.format(language=language), names[at], names[2 + at])
            for expression, *names in _COLUMNS
            if tuple(expression.format(language=language).split(".")) in known
        ]
        columns = ", ".join(f'{expression} as "{name}"' for expression, name, _ in chosen)
        connection.execute(
            f"create view main.{view} as select {columns} from main.fct_kpi_status as s "
            "inner join main.dim_kpi as k on s.kpi = k.kpi "
            "inner join main.dim_org_unit as u on s.org_unit_id = u.org_unit_id"
        )
        connection.execute(f"comment on view main.{view} is '{about}'")
        for _, name, comment in chosen:
            connection.execute(f"comment on column main.{view}.\"{name}\" is '{comment}'")
    connection.execute("use memory")
