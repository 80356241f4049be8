"""Makes the Power BI project of an audience: reads dbt's manifest and the publication, writes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import duckdb

from pipelines.dbt import prepare_manifest
from pipelines.powerbi.power_query import Source
from pipelines.powerbi.project import project
from pipelines.powerbi.rules import Rule, rules
from pipelines.powerbi.semantic_model import NEEDED, semantic_model
from pipelines.powerbi.writing import ProjectChangedError, Written, state_of, write
from pipelines.publication import PublicationError, current, open_publication
from pipelines.settings import Home, Settings

SOURCES: tuple[Source, ...] = ("parquet", "duckdb")


@dataclass(frozen=True)
class Published:
    """What a model needs to know of a publication."""

    columns: dict[str, frozenset[str]]
    descriptions: dict[str, tuple[str, dict[str, str]]]
    kpis: frozenset[str]
    first_year: int


@dataclass(frozen=True)
class Made:
    """`unknown` are KPIs in the publication that are no longer defined."""

    folder: Path
    file: Path
    kpis: int
    measures: int
    unknown: tuple[str, ...]
    choices: dict[str, str]
    written: Written


def make(
    home: Home,
    settings: Settings,
    audience: str,
    folder: Path,
    *,
    source: str = "",
    language: str = "",
    data_folder: str = "",
    overwrite: bool = False,
) -> Made:
    """Write the project of an audience's publication into `folder`. An empty choice is that of last
    time, else parquet, the language of the alerts, and the publication's own folder.

    Raises PublicationError without a (usable) publication, RuleError and KpiError for definitions,
    ProjectChangedError when people changed the files.
    """
    there = published(home, audience)
    manifest = json.loads(prepare_manifest(home, settings).read_text(encoding="utf-8"))
    known = [rule for rule in rules(manifest) if rule.kpi in there.kpis]
    before = state_of(folder).choices
    if before.get("audience", audience) != audience:
        raise ProjectChangedError(
            f"{folder} holds the project of {before['audience']}: give --to another folder."
        )
    choices = {
        "audience": audience,
        "source": source or before.get("source", "parquet"),
        "language": language or before.get("language", settings.alerts.language),
        "data_folder": data_folder
        or before.get("data_folder", str(home.publication(audience).parent)),
    }
    model = semantic_model(
        known,
        there.columns,
        there.descriptions,
        folder=choices["data_folder"],
        source="duckdb" if choices["source"] == "duckdb" else "parquet",
        language=choices["language"],
        currency=settings.currency,
        first_year=there.first_year,
    )
    written = write(
        folder, project(model, audience, choices["language"]), choices, overwrite=overwrite
    )
    return Made(
        folder=folder,
        file=folder / f"Koers-{audience}.pbip",
        kpis=len(known),
        measures=sum(len(table.measures) for table in model.tables),
        unknown=_unknown(there.kpis, known),
        choices=choices,
        written=written,
    )


def _unknown(kpis: frozenset[str], known: list[Rule]) -> tuple[str, ...]:
    return tuple(sorted(kpis - {rule.kpi for rule in known}))


def published(home: Home, audience: str) -> Published:
    """What the newest publication of an audience holds. Raises PublicationError."""
    publication = current(home, audience)
    if publication is None:
        raise PublicationError(
            f"There is no publication for {audience} yet: run `koers run`, or look at "
            f"{home.audiences_file} for the names of audiences."
        )
    with open_publication(publication) as db:
        columns: dict[str, set[str]] = {}
        for table, column in _rows(
            db, "select table_name, column_name from duckdb_columns() where schema_name = 'main'"
        ):
            columns.setdefault(table, set()).add(column)
        if missing := [table for table in NEEDED if table not in columns]:
            raise PublicationError(
                f"{publication.file} has no {', '.join(missing)}: an older Koers made it. Run "
                "`koers publish`."
            )
        said: dict[str, tuple[str, dict[str, str]]] = {
            table: (about or "", {})
            for table, about in _rows(
                db, "select table_name, comment from duckdb_tables() where schema_name = 'main'"
            )
        }
        for table, column, about in _rows(
            db,
            "select table_name, column_name, comment from duckdb_columns() "
            "where schema_name = 'main' and comment is not null",
        ):
            if table in said:
                said[table][1][column] = about
        kpis = frozenset(kpi for (kpi,) in _rows(db, "select kpi from dim_kpi"))
        ((year,),) = _rows(
            db,
            "select coalesce(extract(year from min(period_start)), 2000) from fct_kpi_status",
        )
    return Published(
        {table: frozenset(names) for table, names in columns.items()}, said, kpis, int(year)
    )


def _rows(db: duckdb.DuckDBPyConnection, sql: str) -> list[tuple[str, ...]]:
    return db.execute(sql).fetchall()
