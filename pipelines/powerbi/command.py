"""`koers powerbi`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class SourceChoice(StrEnum):
    parquet = "parquet"
    duckdb = "duckdb"


class LanguageChoice(StrEnum):
    nl = "nl"
    en = "en"


def powerbi(
    audience: Annotated[str, typer.Option(help="Whose publication.")] = "management",
    to: Annotated[
        Path | None, typer.Option(help="The folder of the project; else powerbi/ in the home.")
    ] = None,
    source: Annotated[
        SourceChoice | None,
        typer.Option(help="parquet needs no driver; duckdb needs the DuckDB connector."),
    ] = None,
    language: Annotated[
        LanguageChoice | None, typer.Option(help="Of pages and of names in the data.")
    ] = None,
    data_folder: Annotated[
        str,
        typer.Option(
            help="The publication's folder as Power BI sees it, such as C:\\koers\\sales."
        ),
    ] = "",
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace files that were changed after Koers.")
    ] = False,
) -> None:
    """Make (or renew) a Power BI project of a publication: a semantic model and a report.

    Choices that are not given stay as they were. Files that were changed since are never replaced
    unless you say so.
    """
    from pipelines.powerbi.making import make
    from pipelines.powerbi.rules import RuleError
    from pipelines.powerbi.writing import ProjectChangedError
    from pipelines.settings import home, settings
    from pipelines.telling import in_words

    at = home()
    folder = to or at.root / "powerbi" / audience
    with in_words():
        try:
            made = make(
                at,
                settings(at),
                audience,
                folder,
                source=source or "",
                language=language or "",
                data_folder=data_folder,
                overwrite=overwrite,
            )
        except (ProjectChangedError, RuleError, OSError) as error:
            typer.echo(str(error), err=True)
            raise typer.Exit(1) from error
    did = made.written
    typer.echo(f"{made.file}: {made.kpis} KPIs, {made.measures} measures.")
    typer.echo(
        f"{len(did.written)} files written, {did.unchanged} as they were"
        + (f", {len(did.removed)} removed" if did.removed else "")
        + "."
    )
    for path in did.overwritten:
        typer.echo(f"Replaced although it was changed: {path}", err=True)
    for kpi in made.unknown:
        typer.echo(f"{kpi} is published but no longer defined: it is left out.", err=True)
    typer.echo(
        f"It reads {made.choices['source']} from {made.choices['data_folder']}; where Power BI "
        "runs on another machine, set the parameter Folder there, or give --data-folder."
    )
