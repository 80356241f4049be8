"""`koers kpi lint`: are the KPIs worth steering on?"""

from __future__ import annotations

import datetime as dt
import json
from enum import StrEnum
from typing import Annotated

import typer

from pipelines.telling import in_words

AsJson = Annotated[bool, typer.Option("--json", help="For programs.")]


class Language(StrEnum):
    nl = "nl"
    en = "en"


class FailOn(StrEnum):
    error = "error"
    warning = "warning"
    note = "note"
    never = "never"


Tongue = Annotated[Language | None, typer.Option(help="nl or en; else that of the alerts.")]


def kpi_lint(
    as_json: AsJson = False,
    language: Tongue = None,
    fail_on: Annotated[
        FailOn, typer.Option(help="Exit code 1 from this severity on: error, warning or note.")
    ] = FailOn.error,
) -> None:
    """Are these KPIs worth steering on? SMART, owned, reviewed, in reach, not at odds.

    Reads the newest publication. Exit code 1: there is a finding of the severity of --fail-on.
    """
    from connectors.core.api.account import is_pulled
    from connectors.core.discover import discover
    from pipelines.kpis.lint import lint
    from pipelines.kpis.lint.facts import read_facts
    from pipelines.kpis.lint.finding import SEVERITIES
    from pipelines.kpis.lint.telling import lines, records
    from pipelines.publication import PublicationError, current, open_publication
    from pipelines.settings import home, settings

    at = home()
    with in_words():
        chosen = settings(at)
        publication = current(at)
        if publication is None:
            raise PublicationError("There is no publication to look at yet: koers run.")
        with open_publication(publication) as connection:
            facts = read_facts(
                connection,
                today=chosen.end_date or dt.datetime.now(chosen.zone).date(),
                alerts=chosen.alerts,
                pulled=[name for name, each in discover().items() if is_pulled(each)],
                history_stopped=chosen.end_date is not None,
                most_kpis_per_owner=chosen.most_kpis_per_owner,
                channel_owners=[o for c in chosen.alerts.channels for o in c.owners],
            )
    found = lint(facts)
    if as_json:
        typer.echo(json.dumps(records(found, facts), indent=1, ensure_ascii=False))
    else:
        typer.echo("\n".join(lines(found, facts, language or chosen.alerts.language)))
    if fail_on is not FailOn.never:
        worst = min((SEVERITIES.index(f.severity) for f in found), default=len(SEVERITIES))
        if worst <= SEVERITIES.index(fail_on.value):
            raise typer.Exit(1)
