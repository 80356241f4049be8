"""`koers alerts`: what is open and why, and what to do about it."""

from __future__ import annotations

import datetime as dt
import getpass
import json
from typing import TYPE_CHECKING, Annotated

import typer

from connectors.core.text import visible
from pipelines import alert_actions, alert_postmortem
from pipelines.telling import ToldGroup

if TYPE_CHECKING:
    from pipelines.settings import Settings
    from pipelines.watch.history import Told

app = typer.Typer(
    help="Alerts: what is open, why, and what to do.", no_args_is_help=True, cls=ToldGroup
)

app.command("action")(alert_actions.agree)
app.command("actions")(alert_actions.list_actions)
app.command("action-done")(alert_actions.finish_action)
app.command("action-drop")(alert_actions.drop_action)
app.command("postmortem")(alert_postmortem.postmortem)

AlertName = Annotated[
    str, typer.Argument(help="An alert's id, or as much of its beginning as names one.")
]
By = Annotated[str, typer.Option(help="Who does it; else the user of this machine.")]
Note = Annotated[str, typer.Option(help="Why, for who looks later.")]


Json = Annotated[bool, typer.Option("--json", help="For programs.")]


@app.command("list")
def list_alerts(
    everything: Annotated[bool, typer.Option("--all", help="Those that are over too.")] = False,
    as_json: Json = False,
) -> None:
    """The alerts that are open, with what was done about them; then the silences that hold, and the
    channels that do not take their messages."""
    from pipelines.settings import home, settings
    from pipelines.watch.history import latest, silences
    from pipelines.watch.ledger import open_ledger
    from pipelines.watch.listing import alert_values, listed, silence_values, wrapped
    from pipelines.watch.undelivered import told as told_undelivered
    from pipelines.watch.undelivered import undelivered, values

    at = home()
    chosen = settings(at)
    alerts, holding = [], []
    now = dt.datetime.now(dt.UTC)
    waiting = values(undelivered(at.ledger, chosen.alerts.channels, now))
    if at.ledger.exists():
        with open_ledger(at.ledger) as connection:
            alerts = [t for t in latest(connection).values() if everything or t.alert.at.is_open]
            holding = silences(connection, now)
    elif not as_json:
        typer.echo("No publication was judged yet: koers run.")
        return
    if as_json:
        _echo_json(
            {
                "alerts": [alert_values(told) for told in alerts],
                "silences": [silence_values(silence) for silence in holding],
                "undelivered": waiting,
            }
        )
        return
    for line in listed(alerts, holding, chosen.zone):
        typer.echo(visible(line))
    if waiting:
        typer.echo(f"\nDelivery failed ({len(waiting)})")
    for each in waiting:
        for line in wrapped(f"  {told_undelivered(each)}"):
            typer.echo(visible(line))


@app.command()
def show(alert: AlertName, as_json: Json = False) -> None:
    """One alert: its figures when it last moved, each transition, and the messages sent."""
    from pipelines.settings import home, settings
    from pipelines.watch.acts import found
    from pipelines.watch.ledger import open_ledger, published_events
    from pipelines.watch.listing import alert_values, history_of, shown

    at = home()
    chosen = settings(at)
    with open_ledger(at.ledger) as connection:
        told = found(connection, alert)
    events = history_of(told.alert.alert_id, published_events(at.ledger))
    if as_json:
        _echo_json({"alert": alert_values(told), "events": events})
        return
    for line in shown(told, events, chosen.zone, chosen.currency):
        typer.echo(visible(line))
    for line in alert_actions.lines(at, chosen.currency, told.alert.alert_id):
        typer.echo(f"  {line}")


@app.command()
def why(kpi: str, unit: Annotated[str, typer.Argument(help="Id of the unit.")]) -> None:
    """Why a KPI of a unit has an alert, or has none, and who is told of it."""
    from connectors.core.api.account import is_pulled
    from connectors.core.discover import discover
    from pipelines.publication import current, open_publication
    from pipelines.settings import home, settings
    from pipelines.watch.ledger import open_ledger
    from pipelines.watch.listing import wrapped
    from pipelines.watch.why import UnknownNameError
    from pipelines.watch.why import why as explain

    at = home()
    publication = current(at)
    if publication is None:
        typer.echo("Nothing is published yet: koers run.")
        raise typer.Exit(1)
    pulled = [name for name, connector in discover().items() if is_pulled(connector)]
    now = dt.datetime.now(dt.UTC)
    with open_publication(publication) as facts, open_ledger(at.ledger) as connection:
        try:
            lines = explain(kpi, unit, facts, connection, settings(at), pulled=pulled, now=now)
        except UnknownNameError as error:
            typer.echo(visible(str(error)), err=True)
            raise typer.Exit(1) from error
    for line in lines:
        for part in wrapped(line):
            typer.echo(visible(part))


@app.command()
def simulate(
    kpi: str,
    tolerance: Annotated[
        float | None, typer.Option(min=0, help="A part of the target: 0.1 is ten percent.")
    ] = None,
    persistence: Annotated[
        str, typer.Option("--for", help="Periods out, of how many: 2, or '2 of 3'.")
    ] = "",
    recover: Annotated[
        int | None, typer.Option(min=1, help="Periods well inside that end it.")
    ] = None,
    unit: Annotated[str, typer.Option(help="Only the unit with this id.")] = "",
) -> None:
    """What other settings of a KPI would have told in the past, beside those it has."""
    from pipelines.publication import current
    from pipelines.settings import home
    from pipelines.watch.replay import Change
    from pipelines.watch.simulating import periods, simulated

    publication = current(home())
    if publication is None:
        typer.echo("Nothing is published yet: koers run.")
        raise typer.Exit(1)
    try:
        fire, of = periods(persistence)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--for") from error
    lines = list(simulated(publication.file, kpi, unit, Change(tolerance, fire, of, recover)))
    for line in lines:
        typer.echo(visible(line))
    if not lines:
        typer.echo(f"{kpi} has no closed period, or is no KPI: koers kpi check lists them.")
        raise typer.Exit(1)


@app.command()
def ack(alert: AlertName, note: Note = "", by: By = "") -> None:
    """Say that someone works on it: no more messages until it is over."""
    from pipelines.settings import home, settings
    from pipelines.watch.acts import acknowledge

    at = home()
    told = acknowledge(at.ledger, alert, by or getpass.getuser(), note or None)
    _say(told, settings(at))


@app.command()
def expect(
    alert: AlertName,
    reason: Annotated[
        str, typer.Option("--why", help="A campaign, a holiday; readers see it.")
    ] = "",
    since: Annotated[str, typer.Option("--from", help="A day; else since it began.")] = "",
    until: Annotated[str, typer.Option(help="A day; else up to its newest period.")] = "",
    take_it_back: Annotated[
        bool, typer.Option("--take-back", help="It was not expected after all.")
    ] = False,
    by: By = "",
) -> None:
    """Say that it was expected: quiet, and what is usual does not learn from its periods."""
    from pipelines.settings import home, settings
    from pipelines.watch.expecting import expect as say
    from pipelines.watch.expecting import put_expected, take_back
    from pipelines.watch.moments import day

    at = home()
    who = by or getpass.getuser()
    if take_it_back:
        told = take_back(at.ledger, alert, who, reason or None)
    else:
        told = say(at.ledger, alert, who, reason, day(since), day(until))
    put_expected(at)
    _say(told, settings(at))
    typer.echo("The next run takes it into account.")


@app.command()
def snooze(
    alert: AlertName,
    until: Annotated[str, typer.Option(help="A day, as 2026-12-31.")] = "",
    days: Annotated[int, typer.Option(help="Or in so many days.")] = 0,
    note: Note = "",
    by: By = "",
) -> None:
    """No messages until a day; then again, unless it is over."""
    from pipelines.settings import home, settings
    from pipelines.watch.acts import snooze as put_off

    at = home()
    chosen = settings(at)
    moment = _until(until, days, chosen)
    told = put_off(at.ledger, alert, moment, by or getpass.getuser(), note or None)
    _say(told, chosen)


@app.command()
def silence(
    reason: Annotated[str, typer.Argument(help="Why; it is kept.")],
    until: Annotated[str, typer.Option(help="A day, as 2026-12-31.")] = "",
    days: Annotated[int, typer.Option(help="Or in so many days.")] = 0,
    kpi: Annotated[str, typer.Option(help="Only of this KPI.")] = "",
    unit: Annotated[str, typer.Option(help="Only of the unit with this id.")] = "",
    owner: Annotated[str, typer.Option(help="Only to this owner.")] = "",
    by: By = "",
) -> None:
    """No messages for a time. Alerts go their way, and are told afterwards if not over."""
    from pipelines.settings import home, settings
    from pipelines.watch.acts import silence as keep_quiet
    from pipelines.watch.drift import Silence

    at = home()
    chosen = settings(at)
    moment = _until(until, days, chosen)
    since = dt.datetime.now(dt.UTC)
    holds = Silence(since, moment, kpi or None, unit or None, owner or None)
    keep_quiet(at.ledger, holds, by or getpass.getuser(), reason)
    typer.echo(f"Silent until {moment:%Y-%m-%d %H:%M}.")


@app.command()
def unsilence(
    number: Annotated[int, typer.Argument(help="As `koers alerts list` names it.")],
    note: Note = "",
    by: By = "",
) -> None:
    """End a silence before its time."""
    from pipelines.settings import home
    from pipelines.watch.acts import unsilence as end

    end(home().ledger, number, by or getpass.getuser(), note or None)
    typer.echo(f"Silence {number} has ended.")


@app.command("test")
def try_channels(
    channel: Annotated[str, typer.Argument(help="Of koers.yaml; without, all.")] = "",
) -> None:
    """Send a sample with a picture that says it is a test, now, and tell whether it was taken."""
    from pipelines.settings import home, settings
    from pipelines.watch.delivery import try_channel

    chosen = settings(home())
    channels = chosen.alerts.channels
    wanted = [each for each in channels if channel in ("", each.name)]
    if not wanted:
        names = ", ".join(each.name for each in channels) or "none"
        typer.echo(f"koers.yaml has no such channel under alerts: channels: ({names})", err=True)
        raise typer.Exit(1)
    failed = False
    for each in wanted:
        error = try_channel(each, language=chosen.alerts.language, currency=chosen.currency)
        failed = failed or error is not None
        typer.echo(f"{each.name:<20}{error or 'taken'}")
    if failed:
        raise typer.Exit(1)


@app.command()
def serve(
    host: Annotated[
        str, typer.Option(help="Only this machine; put a proxy with TLS before it.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Else links_port of koers.yaml.")] = 0,
) -> None:
    """The endpoint behind the links in messages, until Ctrl-C. It acts on a signed link only."""
    from pipelines.link_server import serve as run
    from pipelines.settings import home, settings

    at = home()
    chosen = settings(at)
    run(at, chosen, host, port or chosen.alerts.links_port, typer.echo)


def _say(told: Told, chosen: Settings) -> None:
    from pipelines.watch.listing import listed

    for line in listed([told], [], chosen.zone):
        typer.echo(visible(line))


def _until(until: str, days: int, chosen: Settings) -> dt.datetime:
    """The beginning of a day in the business time zone. Raises BadParameter."""
    from pipelines.watch.machine import ActError
    from pipelines.watch.moments import beginning

    try:
        return beginning(until, days, chosen.zone, dt.datetime.now(dt.UTC))
    except ActError as error:
        raise typer.BadParameter(str(error)) from error


def _echo_json(values: object) -> None:
    typer.echo(json.dumps(values, indent=1, ensure_ascii=False, default=_text))


def _text(value: object) -> str:
    """Days and moments as ISO text."""
    return value.isoformat() if isinstance(value, dt.date) else str(value)
