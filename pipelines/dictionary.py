"""The data dictionary of what is published: `koers tables`, docs/data-dictionary.md.

Nothing in it is listed by hand: tables and columns are those of the contracts in the dbt project,
and of what a publication adds to them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pipelines import about_publication, unit_layers
from pipelines.audience_tables import SUPPRESSION_COLUMNS
from pipelines.bi_views import views
from pipelines.marts import ALERT_EVENTS, MARTS, Mart
from pipelines.publication_build import ALERT_EVENT_COLUMNS


@dataclass(frozen=True)
class Column:
    """type: as in the contract, in lower case; empty where no contract says it."""

    name: str
    type: str
    description: str
    is_key: bool = False


@dataclass(frozen=True)
class Table:
    """A published table or view; its description begins with its grain."""

    name: str
    description: str
    columns: tuple[Column, ...]


def tables(manifest: Mapping[str, Any]) -> list[Table]:
    """All that a publication may hold, marts first. manifest: dbt's."""
    models = {node["name"]: node for node in manifest["nodes"].values()}
    found = [_of_contract(mart, models[mart.name]) for mart in MARTS]
    events = tuple(
        Column(name, data_type, description, name in ALERT_EVENTS.key)
        for name, (data_type, description) in ALERT_EVENT_COLUMNS.items()
    )
    found.append(Table(ALERT_EVENTS.name, "One row is one transition of one alert.", events))
    about = about_publication.COLUMNS.items()
    itself = tuple(Column(name, kind, said) for name, (kind, said) in about)
    found.append(Table(about_publication.NAME, about_publication.ABOUT, itself))
    layers = (Column(n, "", d, n == "org_unit_id") for n, d in unit_layers.COLUMNS.items())
    found.append(Table(unit_layers.NAME, unit_layers.ABOUT, tuple(layers)))
    found += [
        Table(name, grain, tuple(Column(n, "", d) for n, d in columns))
        for name, grain, columns in views()
    ]
    return found


def _of_contract(mart: Mart, model: Mapping[str, Any]) -> Table:
    columns = (
        Column(name, (said["data_type"] or "").lower(), said["description"], name in mart.key)
        for name, said in model["columns"].items()
    )
    return Table(mart.name, model["description"], tuple(columns))


def markdown(manifest: Mapping[str, Any]) -> str:
    """docs/data-dictionary.md: `koers tables --markdown > docs/data-dictionary.md`."""
    hidden = "; ".join(f"`{name}`: {about}" for name, about in SUPPRESSION_COLUMNS.items())
    text = [
        "# Data dictionary",
        "",
        "What a publication holds, made from the contracts by `koers tables --markdown`; do not "
        "edit. An audience has those of its KPIs and units. The columns in bold identify a row. "
        "Amounts are in the currency of the organisation, percentages are fractions, moments are "
        "UTC. A publication that hides small groups has two columns more in `fct_kpi_values` and "
        f"`fct_kpi_status`. {hidden}",
    ]
    for table in tables(manifest):
        text += ["", f"## `{table.name}`", "", _cell(table.description), ""]
        text += ["| Column | Type | What it holds |", "|---|---|---|"]
        for column in table.columns:
            name = f"**`{column.name}`**" if column.is_key else f"`{column.name}`"
            text.append(f"| {name} | {column.type} | {_cell(column.description)} |")
    return "\n".join(text) + "\n"


def shown(manifest: Mapping[str, Any]) -> Iterator[str]:
    """The same for a screen."""
    for table in tables(manifest):
        yield f"{table.name}: {' '.join(table.description.split())}"
        for column in table.columns:
            key = ", key" if column.is_key else ""
            kind = f" ({column.type}{key})" if column.type else f" ({key[2:]})" if key else ""
            yield f"    {column.name}{kind}: {' '.join(column.description.split())}"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
