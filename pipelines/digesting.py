"""`koers digest`: what a week or a month brought, in the terminal or to the channels."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.governing import Tongue
from pipelines.telling import in_words

if TYPE_CHECKING:
    from pipelines.settings import Home, Settings
    from pipelines.watch.digest.timing import Span


def digest(
    owner: Annotated[
        str, typer.Option(help="Whose; else that of the whole organisation (with --send: all).")
    ] = "",
    first: Annotated[
        str, typer.Option("--from", help="Its first day; else a week or a month before the last.")
    ] = "",
    last: Annotated[str, typer.Option("--until", help="Its last day; else today.")] = "",
    language: Tongue = None,
    send: Annotated[
        bool, typer.Option("--send", help="Send it over the channels that get digests, once.")
    ] = False,
) -> None:
    """What is off course, what came back, what improved, and what waits: now, without waiting for
    the day on which it is sent."""
    from pipelines.publication import PublicationError, current
    from pipelines.settings import home, settings
    from pipelines.watch.digest.making import look
    from pipelines.watch.text import text

    at = home()
    with in_words():
        chosen = settings(at)
        publication = current(at)
        if publication is None:
            raise PublicationError("There is no publication to look at yet: koers run.")
        span = _span(first, last, chosen)
        if send:
            _send(at, chosen, span, owner)
            return
        letter, owners = look(at, chosen, publication, span, owner, language)
        if owner and owner not in owners:
            known = ", ".join(owners)
            raise typer.BadParameter(f"nothing is of {owner}; owners are {known}")
        if letter is None:
            since, until = (day.isoformat() for day in span.days(chosen.zone))
            typer.echo(f"Nothing to say from {since} up to {until}: no digest would be sent.")
            return
        typer.echo(f"{letter.title}\n\n{text(letter)}")


def _send(at: Home, chosen: Settings, span: Span, owner: str) -> None:
    from pipelines.watch.delivery import deliver
    from pipelines.watch.digest.making import queue_now
    from pipelines.watch.digest.timing import takes_digest

    channels = chosen.alerts.channels
    if not any(map(takes_digest, channels)):
        typer.echo("No channel gets digests: docs/improvement.md says which would.")
        return
    queued = queue_now(at, chosen, span, owner)
    if not queued:
        typer.echo("Nothing to send: there is nothing to say, or it was sent before.")
    done = deliver(at.ledger, channels, zone=chosen.zone)
    typer.echo(f"Digests made: {queued}; messages sent: {done.sent}, waiting: {done.waiting}.")
    for error in done.errors:
        typer.echo(error, err=True)
    if done.errors:
        raise typer.Exit(1)


def _span(first: str, last: str, chosen: Settings) -> Span:
    """The days asked for, both included, up to now. Raises BadParameter."""
    from pipelines.publication import utc_now
    from pipelines.watch.digest.timing import Span, usual_span

    now = utc_now()
    until = now
    if last:
        until = min(now, _beginning(last, "--until", chosen.zone, days=1))
    if not first:
        return usual_span(chosen.alerts.digest, chosen.zone, until)
    since = _beginning(first, "--from", chosen.zone)
    if since >= until:
        raise typer.BadParameter(f"{first} is not before the end", param_hint="--from")
    return Span(since, until)


def _beginning(text: str, option: str, zone: dt.tzinfo, days: int = 0) -> dt.datetime:
    """The beginning of a day in a time zone, or so many days later (UTC). Raises BadParameter."""
    try:
        day = dt.date.fromisoformat(text) + dt.timedelta(days=days)
    except (ValueError, OverflowError) as error:
        said = f"{text!r} is no day such as 2026-12-31"
        raise typer.BadParameter(said, param_hint=option) from error
    return dt.datetime.combine(day, dt.time(), zone).astimezone(dt.UTC)
