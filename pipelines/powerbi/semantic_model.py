"""Puts the semantic model together from the rules, the published tables and their descriptions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from pipelines.powerbi.chosen import chosen_measures, other_measures
from pipelines.powerbi.figures import helpers
from pipelines.powerbi.generated import date_table, figures_table, grain_table, status_table
from pipelines.powerbi.measures import kpi_measures, names_of
from pipelines.powerbi.model import Column, Model, Table, Text
from pipelines.powerbi.power_query import READER, Source, parameters, reader
from pipelines.powerbi.rules import Rule
from pipelines.powerbi.tables import (
    ALERTS,
    CONTRIBUTIONS,
    UNIT,
    Descriptions,
    plain_tables,
    relationships,
)

NEEDED = ("dim_kpi", "dim_org_unit_layers", "dim_date", "fct_kpi_status")
"""Without these published tables there is nothing to show."""

_COMPUTED = {
    ALERTS: Column(
        Text("Is latest", "Is laatste"),
        "boolean",
        about=Text("The last transition of its alert.", "De laatste overgang van de melding."),
        expression="VAR _alert = 'Alerts'[Alert key]\n"
        "VAR _last =\n"
        "    MAXX ( FILTER ( 'Alerts', 'Alerts'[Alert key] = _alert ), "
        "'Alerts'[Occurred at (UTC)] )\n"
        "RETURN\n    'Alerts'[Occurred at (UTC)] = _last",
    ),
    CONTRIBUTIONS: Column(
        Text("Contributor", "Bijdrager"),
        "string",
        about=Text(
            "The child unit or the driver; (remainder) is what belongs to none of them.",
            "De onderliggende eenheid of de drijver; (remainder) is wat van geen ervan is.",
        ),
        expression="VAR _unit =\n"
        "    LOOKUPVALUE ( 'Unit'[Unit], 'Unit'[Unit key], 'Contributions'[Contributor key] )\n"
        "VAR _kpi = LOOKUPVALUE ( 'KPI'[KPI], 'KPI'[KPI key], 'Contributions'[Contributor key] )\n"
        "RETURN\n"
        "    COALESCE (\n"
        "        IF ( 'Contributions'[Kind of contributor] = \"child_unit\", _unit, _kpi ),\n"
        "        'Contributions'[Contributor key]\n"
        "    )",
    ),
}


def semantic_model(
    rules: Sequence[Rule],
    columns: Mapping[str, frozenset[str]],
    descriptions: Descriptions,
    *,
    folder: str,
    source: Source,
    language: str,
    currency: str,
    first_year: int,
) -> Model:
    """The model of a publication. `columns` are those of each published table; `folder` is where
    Power BI finds it; `currency` is an ISO 4217 code; `first_year` a calendar year."""
    plain = tuple(_computed(table) for table in plain_tables(columns, descriptions))
    unit = next(table for table in plain if table.name.en == UNIT)
    levels = tuple(dict.fromkeys(level for each in unit.hierarchies for level in each.levels))
    others = (*other_measures({table.name.en for table in plain}), *helpers(levels))
    names = names_of(rules, [each.name for each in (*chosen_measures({}, currency), *others)])
    measures = (
        *chosen_measures(names, currency),
        *kpi_measures(rules, names, currency),
        *others,
    )
    tables = (figures_table(measures), *plain, date_table(), grain_table(), status_table())
    return Model(
        tables=tables,
        relationships=relationships(tables),
        parameters=parameters(folder, language, first_year),
        functions={READER: reader(source)},
    )


def _computed(table: Table) -> Table:
    column = _COMPUTED.get(table.name.en)
    return replace(table, columns=(*table.columns, column)) if column else table
