"""The `koers` command line."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

import typer

app = typer.Typer(
    help="Koers: KPI facts for five organisation layers, from your exports to a published file.",
    no_args_is_help=True,
    add_completion=False,
)


@app.callback()
def main() -> None:
    """Everything lives under KOERS_HOME (default: .koers in the project folder)."""


@app.command()
def run(
    full_refresh: Annotated[
        bool, typer.Option(help="Build every table again instead of only what changed.")
    ] = False,
) -> None:
    """One nightly run: read the inbox, build the facts, publish, watch."""
    from pipelines.dbt import DbtError
    from pipelines.lock import BusyError
    from pipelines.nightly import nightly
    from pipelines.settings import SettingsError, home, settings
    from pipelines.summary import lines

    at = home()
    try:
        result = nightly(
            at,
            settings(at),
            now=dt.datetime.now(dt.UTC),
            full_refresh=full_refresh,
            progress=typer.echo,
        )
    except BusyError as busy:
        typer.echo(f"Already running: {busy}")
        return
    except (DbtError, SettingsError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    for line in lines(at, result):
        typer.echo(line)


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def dbt(context: typer.Context) -> None:
    """Any dbt command, in the right environment: koers dbt ls."""
    from pipelines.dbt import DbtError, run_dbt
    from pipelines.settings import home, settings

    at = home()
    try:
        run_dbt(context.args, at, settings(at), quiet=False)
    except DbtError as error:
        raise typer.Exit(1) from error
