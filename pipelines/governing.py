"""`koers kpi lint`: are the KPIs worth steering on? `koers kpi history`: what was said of one."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import asdict
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
    from pipelines.kpis.lint import lint
    from pipelines.kpis.lint.facts import facts_of
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
            today = chosen.end_date or dt.datetime.now(chosen.zone).date()
            facts = facts_of(connection, chosen, today)
    found = lint(facts)
    if as_json:
        typer.echo(json.dumps(records(found, facts), indent=1, ensure_ascii=False))
    else:
        typer.echo("\n".join(lines(found, facts, language or chosen.alerts.language)))
    if fail_on is not FailOn.never:
        worst = min((SEVERITIES.index(f.severity) for f in found), default=len(SEVERITIES))
        if worst <= SEVERITIES.index(fail_on.value):
            raise typer.Exit(1)


def kpi_history(
    kpi: Annotated[str, typer.Argument(help="A KPI, by its name as in dbt: revenue.")],
    unit: Annotated[str, typer.Option(help="The id of a unit; else the organisation.")] = "",
    grain: Annotated[str, typer.Option(help="day, week, month, quarter or year.")] = "",
    on: Annotated[str, typer.Option(help="As it was said at the end of this day.")] = "",
    as_json: AsJson = False,
) -> None:
    """What was said of a KPI when, and why it changed: late data, a redefinition, a reorganisation.

    With --on: every period as it was said on that day, beside what is said now.
    """
    from pipelines.publication import PublicationError, current
    from pipelines.said import reading
    from pipelines.said.recording import folder_of
    from pipelines.said.telling import history, manner_of, on_day
    from pipelines.settings import home, settings

    at = home()
    with in_words():
        chosen = settings(at)
        publication = current(at)
        if publication is None:
            raise PublicationError("There is no publication to look at yet: koers run.")
        manner = manner_of(publication, kpi, unit, grain, chosen.currency, chosen.zone)
        folder, series = folder_of(at), (kpi, manner.org_unit_id, manner.grain)
        if on:
            now = reading.said_then(folder, *series, dt.datetime.now(dt.UTC))
            said = reading.said_then(folder, *series, _end_of(on, chosen.zone))
            told, lines = list(map(asdict, said)), list(on_day(said, now, manner))
        else:
            changes = reading.changes(folder, *series)
            redefined = reading.redefinitions(folder, kpi) if changes else []
            told = [asdict(each) for each in redefined] + [asdict(each) for each in changes]
            lines = list(history(changes, redefined, manner))
    if as_json:
        typer.echo(json.dumps(told, indent=1, default=str, ensure_ascii=False))
        return
    nothing = f"Nothing was said of {kpi} of {manner.org_unit_id} by {manner.grain}"
    typer.echo("\n".join(lines) or nothing + (f" on {on}." if on else "."))


def _end_of(day: str, zone: dt.tzinfo) -> dt.datetime:
    """The last moment of a day. Raises BadParameter."""
    try:
        date = dt.date.fromisoformat(day)
    except ValueError as error:
        said = f"{day!r} is no day such as 2026-12-31"
        raise typer.BadParameter(said, param_hint="--on") from error
    return dt.datetime.combine(date, dt.time.max, zone)
