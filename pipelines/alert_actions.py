"""`koers alerts action` and its like: corrective actions, and the KPI before and after."""

from __future__ import annotations

import dataclasses
import datetime as dt
import getpass
import json
from typing import TYPE_CHECKING, Annotated

import typer

from connectors.core.text import visible
from pipelines.governing import Language

if TYPE_CHECKING:
    from pipelines.settings import Home
    from pipelines.watch.actions import Action, Outcome

Name = Annotated[str, typer.Argument(help="An action's id, or as much as names one open action.")]
By = Annotated[str, typer.Option(help="Who does it; else the user of this machine.")]


def agree(
    alert: Annotated[str, typer.Argument(help="An alert's id, or its beginning.")],
    what: Annotated[str, typer.Option(help="What is going to be done.")],
    who: Annotated[str, typer.Option(help="Who does it.")],
    until: Annotated[str, typer.Option(help="The day it is due, as 2026-12-31.")],
    start: Annotated[str, typer.Option("--from", help="Its first day; else today.")] = "",
    by: By = "",
) -> None:
    """Agree on a corrective action about an alert: what, who, until when."""
    from pipelines.settings import home, settings
    from pipelines.watch.actions import add

    at = home()
    first = _day(start, "--from") if start else dt.datetime.now(settings(at).zone).date()
    due = _day(until, "--until")
    action = add(at.ledger, alert, what, who, due, by or getpass.getuser(), first)
    typer.echo(f"{action.action_id}: {action.what} ({action.who}, until {action.until})")


def list_actions(
    alert: Annotated[str, typer.Argument(help="Only of the alert with this id.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    language: Annotated[
        Language | None, typer.Option(help="nl or en; else that of the alerts.")
    ] = None,
) -> None:
    """The corrective actions, and how the KPI changed after those that are due."""
    from pipelines.settings import home, settings
    from pipelines.watch.outcome_words import OUTCOME_WORDS

    at = home()
    chosen = settings(at)
    read = language or chosen.alerts.language
    found = _outcomes(at, alert or None)
    if as_json:
        said = [dataclasses.asdict(action) | dataclasses.asdict(out) for action, out, _ in found]
        typer.echo(json.dumps(said, default=str, ensure_ascii=False, indent=2))
        return
    for line in _told(found, read, chosen.currency):
        typer.echo(visible(line))
    if not found:
        typer.echo(OUTCOME_WORDS[read]["none"])


def finish_action(
    action: Name,
    note: Annotated[str, typer.Option(help="How it went.")] = "",
    on: Annotated[str, typer.Option(help="The day it was done; else today.")] = "",
    by: By = "",
) -> None:
    """Say that an action is done."""
    from pipelines.settings import home
    from pipelines.watch.actions import finish

    day = _day(on, "--on") if on else None
    done = finish(home().ledger, action, by or getpass.getuser(), note or None, day)
    typer.echo(f"{done.action_id} is done.")


def drop_action(
    action: Name, reason: Annotated[str, typer.Option(help="Why; it is kept.")], by: By = ""
) -> None:
    """Say that an action is not going to be done, and why."""
    from pipelines.settings import home
    from pipelines.watch.actions import drop

    dropped = drop(home().ledger, action, by or getpass.getuser(), reason)
    typer.echo(f"{dropped.action_id} is dropped.")


def lines(at: Home, currency: str, alert_id: str | None = None) -> list[str]:
    """Every action, or those of one alert, two lines each: what was agreed, and what came after."""
    return _told(_outcomes(at, alert_id), "en", currency)


def _told(found: list[tuple[Action, Outcome, str]], language: str, currency: str) -> list[str]:
    from pipelines.watch.actions import DROPPED
    from pipelines.watch.formats import date
    from pipelines.watch.outcome_words import OUTCOME_WORDS, in_words

    words, told = OUTCOME_WORDS[language], []
    for action, said, unit in found:
        note = f": {action.note}" if action.note else ""
        state = words["state_dropped" if action.state == DROPPED else action.state]
        agreed = words["agreed"].format(
            what=action.what,
            who=action.who,
            start=date(action.start, language),
            until=date(action.until, language),
        )
        told.append(f"{state:<10}{action.action_id}  {agreed}{note}")
        told.append(f"{'':<10}{in_words(said, language, unit, currency)}")
    return told


def _outcomes(at: Home, alert_id: str | None) -> list[tuple[Action, Outcome, str]]:
    """The actions, what can be said of each, and the unit of its KPI."""
    from pipelines.publication import current, open_publication
    from pipelines.settings import settings
    from pipelines.watch.actions import actions, outcome
    from pipelines.watch.ledger import open_ledger

    publication = current(at)
    if publication is None or not at.ledger.exists():
        return []
    with open_ledger(at.ledger) as connection:
        every = actions(connection, alert_id)
    if not every:
        return []
    today = dt.datetime.now(settings(at).zone).date()
    with open_publication(publication) as facts:
        units = dict(facts.execute("select kpi, unit from dim_kpi").fetchall())
        return [
            (action, outcome(facts, action, today), units.get(action.series[0], "number"))
            for action in every
        ]


def _day(text: str, option: str) -> dt.date:
    """Raises BadParameter."""
    try:
        return dt.date.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(
            f"{text!r} is no day such as 2026-12-31", param_hint=option
        ) from error
