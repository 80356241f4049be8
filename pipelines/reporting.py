"""`koers report`: the pages of every audience, made again where something changed."""

from __future__ import annotations

import webbrowser
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.governing import Language
from pipelines.telling import in_words

if TYPE_CHECKING:
    from pipelines.settings import Home


def report(
    audience: Annotated[
        str, typer.Option(help="Only of this audience; without, of every one.")
    ] = "",
    language: Annotated[
        Language | None, typer.Option(help="nl or en: whose first page is named; else as set.")
    ] = None,
    show: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
) -> None:
    """Make the report: a folder of pages per audience, in Dutch and English, to open or to serve.

    It is made again only where its publication or what was said of it changed.
    """
    from pipelines.report import dbt_docs
    from pipelines.report.making import make_reports
    from pipelines.settings import home, settings

    at = home()
    with in_words():
        models = dbt_docs.make(at, settings(at), _progress)
        done = make_reports(at, only=audience or None, models=models, progress=_progress)
    opened = False
    for name, made in done.made.items():
        first = made.folder / (language.value if language else ".") / "index.html"
        told = f"{made.pages:,} pages in {made.seconds:.0f} s" if made.is_new else "up to date"
        typer.echo(f"{name}: {told}, {first}")
        if show and not opened:
            opened = webbrowser.open(first.resolve().as_uri())
    for name, why in done.refused.items():
        typer.echo(f"{name}: no report: {why}", err=True)
    if done.refused:
        raise typer.Exit(1)


def renew(at: Home) -> None:
    """At the end of a run: where the ledger moved after the report was made, it is made again. What
    keeps it from that is said, and fails no run."""
    from pipelines.publication import current
    from pipelines.report import dbt_docs
    from pipelines.report.making import ReportError, make_reports
    from pipelines.settings import settings
    from pipelines.watch.ledger import LedgerError

    try:
        if current(at) is not None:
            models = dbt_docs.make(at, settings(at), _progress)
            done = make_reports(at, models=models, progress=_progress)
            for name, why in done.refused.items():
                _progress(f"report: {name}: {why}")
    except (ReportError, LedgerError) as error:
        _progress(f"report: {error}")


def _progress(line: str) -> None:
    typer.echo(line, err=True)
