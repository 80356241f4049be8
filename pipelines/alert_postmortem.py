"""`koers alerts postmortem`: an alert looked back on."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from typing import Annotated

import typer


def postmortem(
    alert: Annotated[
        str, typer.Argument(help="An alert's id, or as much of its beginning as names one.")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """What was known when an alert fired, what was done, and what is said of that period now."""
    from pipelines.publication import current
    from pipelines.said.recording import folder_of
    from pipelines.settings import home, settings
    from pipelines.watch.ledger import open_ledger
    from pipelines.watch.postmortem import post_mortem
    from pipelines.watch.postmortem_lines import lines

    at = home()
    chosen = settings(at)
    today = dt.datetime.now(chosen.zone).date()
    with open_ledger(at.ledger) as connection:
        found = post_mortem(connection, alert, folder_of(at), current(at), today)
    if as_json:
        said = dataclasses.asdict(found)
        typer.echo(json.dumps(said, indent=1, ensure_ascii=False, default=_text))
        return
    for line in lines(found, chosen.zone, chosen.currency):
        typer.echo(line)


def _text(value: object) -> str:
    """Days and moments as ISO text."""
    return value.isoformat() if isinstance(value, dt.date) else str(value)
