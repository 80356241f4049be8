"""`koers alerts`: what is open and why, and what to do about it."""

from __future__ import annotations

import datetime as dt
import getpass
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines import alert_actions
from pipelines.telling import ToldGroup

if TYPE_CHECKING:
    from pipelines.settings import Settings
    from pipelines.watch.drift import Judged
    from pipelines.watch.history import Told

app = typer.Typer(
    help="Alerts: what is open, why, and what to do.", no_args_is_help=True, cls=ToldGroup
)

app.command("action")(alert_actions.agree)
app.command("actions")(alert_actions.list_actions)
app.command("action-done")(alert_actions.finish_action)
app.command("action-drop")(alert_actions.drop_action)

AlertName = Annotated[
    str, typer.Argument(help="An alert's id, or as much of its beginning as names one.")
]
By = Annotated[str, typer.Option(help="Who does it; else the user of this machine.")]
Note = Annotated[str, typer.Option(help="Why, for who looks later.")]


@app.command("list")
def list_alerts(
    everything: Annotated[bool, typer.Option("--all", help="Those that are over too.")] = False,
) -> None:
    """The alerts that are open, with what was done about them; then the silences that hold."""
    from pipelines.settings import home, settings
    from pipelines.watch.history import latest, silences
    from pipelines.watch.ledger import open_ledger

    at = home()
    chosen = settings(at)
    if not at.ledger.exists():
        typer.echo("No publication was judged yet: koers run.")
        return
    now = dt.datetime.now(dt.UTC)
    with open_ledger(at.ledger) as connection:
        alerts = [t for t in latest(connection).values() if everything or t.alert.at.is_open]
        holding = silences(connection, now)
    for told in sorted(alerts, key=lambda t: (not t.alert.at.is_raised, t.alert.alert_id)):
        typer.echo(_line(told, chosen))
    if not alerts:
        typer.echo("No alert is open.")
    for each in holding:
        of = ", ".join(filter(None, (each.kpi, each.org_unit_id, each.owner))) or "everything"
        typer.echo(f"Silence of {of} until {_moment(each.until, chosen)}")


@app.command()
def show(alert: AlertName) -> None:
    """One alert: its figures when it last moved, each transition, and the messages sent."""
    import json

    from pipelines.settings import home, settings
    from pipelines.watch.acts import found
    from pipelines.watch.ledger import open_ledger, published_events

    at = home()
    chosen = settings(at)
    with open_ledger(at.ledger) as connection:
        told = found(connection, alert)
    typer.echo(_line(told, chosen))
    for line in _figures(told, chosen):
        typer.echo(f"  {line}")
    if told.alert.folded_into:
        typer.echo(f"  Not told on its own: {told.alert.folded_into} explains it.")
    for event in published_events(at.ledger):
        if event[0] != told.alert.alert_id:
            continue
        detail = json.loads(event[9])
        by = f" by {detail['by']}" if detail.get("by") else ""
        note = f": {detail['note']}" if detail.get("note") else ""
        typer.echo(f"  {event[5]:%Y-%m-%d %H:%M} UTC  {event[4]:<14}{event[6]}{by}{note}")
        for sent in detail["deliveries"]:
            when = f"sent {sent['sent_at'][:16]}" if sent["sent_at"] else "not sent yet"
            typer.echo(f"{'':>26}{sent['owner']} over {sent['channel']}, {when}")
    for line in alert_actions.lines(at, told.alert.alert_id):
        typer.echo(f"  {line}")


@app.command()
def why(kpi: str, unit: Annotated[str, typer.Argument(help="Id of the unit.")]) -> None:
    """Why a KPI of a unit has an alert, or has none: the newest period, judged in both ways."""
    from pipelines.publication import current, open_publication
    from pipelines.settings import home, settings
    from pipelines.watch.candidates import candidates
    from pipelines.watch.drift import TOLERANCE
    from pipelines.watch.history import latest, silences
    from pipelines.watch.ledger import open_ledger
    from pipelines.watch.watching import LAYERS

    at = home()
    chosen = settings(at)
    publication = current(at)
    if publication is None:
        typer.echo("Nothing is published yet: koers run.")
        raise typer.Exit(1)
    with open_publication(publication) as facts:
        rows = candidates(facts, [(kpi, unit)], (*LAYERS, "individual"))
    rows = [row for row in rows if (row.kpi, row.org_unit_id) == (kpi, unit)]
    if not rows:
        typer.echo(
            f"{kpi} of {unit} is not judged: there is no closed and complete newest period of it "
            "(a unit that ended, data that are late, or a name that is not there)."
        )
        raise typer.Exit(1)
    now = dt.datetime.now(dt.UTC)
    with open_ledger(at.ledger) as connection:
        alerts = latest(connection)
        quiet = [each for each in silences(connection, now) if each.holds(rows[0], now)]
    if rows[0].layer not in LAYERS:
        typer.echo(f"No alerts are made for layer {rows[0].layer}: it is about one person.")
    for row in rows:
        what = "agreed" if row.kind == TOLERANCE else "usual"
        told = alerts.get(row.series)
        typer.echo(
            f"Against what is {what}: {row.verdict}; {row.off_of_last} of the last "
            f"{row.of_periods} periods out (fires at {row.fire_periods}), {row.in_a_row} in a row "
            f"well inside (ends at {row.recover_periods})."
        )
        for line in _judged(row, chosen):
            typer.echo(f"  {line}")
        typer.echo(f"  Alert: {_line(told, chosen) if told else 'none, never one'}")
        if told and told.alert.folded_into:
            typer.echo(f"  Not told on its own: {told.alert.folded_into} explains it.")
    for each in quiet:
        typer.echo(f"Silenced until {_moment(each.until, chosen)}.")


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
    from pipelines.watch.replay import Change, episodes, past, replay

    publication = current(home())
    if publication is None:
        typer.echo("Nothing is published yet: koers run.")
        raise typer.Exit(1)
    fire, of = _persistence(persistence)
    change = Change(tolerance, fire, of, recover)
    for name, tried in (("As it is", None), ("As you ask", change)):
        if tried == Change():
            continue
        with past(publication.file, kpi, tried) as facts:
            row = facts.execute(
                "select min(period_end), max(period_end) from every_status"
            ).fetchone()
            found = [e for e in episodes(replay(facts)) if unit in ("", e.series[1])]
        if row is None or row[0] is None:
            typer.echo(f"{kpi} has no closed period, or is no KPI: koers kpi check lists them.")
            raise typer.Exit(1)
        years = max((row[1] - row[0]).days / 365.25, 0.01)
        told = sum(each.told for each in found)
        typer.echo(
            f"{name}: {len(found)} alerts from {row[0]} to {row[1]}, {told} told on their own or "
            f"with another; {told / years:.1f} a year"
        )
        for each in found:
            over = f"over on {each.over}" if each.over else "not over"
            typer.echo(f"  {each.alert_id:<56}raised on {each.raised}, {over}")


def _persistence(text: str) -> tuple[int | None, int | None]:
    """`2`, or `2 of 3`. Raises BadParameter."""
    if not text:
        return None, None
    parts = text.split()
    try:
        numbers = [int(part) for part in parts if part != "of"]
    except ValueError:
        numbers = []
    if len(numbers) not in (1, 2) or min(numbers) < 1 or numbers[0] > numbers[-1]:
        raise typer.BadParameter(f"{text!r} is not like 2, or '2 of 3'", param_hint="--for")
    return numbers[0], numbers[-1]


@app.command()
def ack(alert: AlertName, note: Note = "", by: By = "") -> None:
    """Say that someone works on it: no more messages until it is over."""
    from pipelines.settings import home, settings
    from pipelines.watch.acts import acknowledge

    at = home()
    told = acknowledge(at.ledger, alert, by or getpass.getuser(), note or None)
    typer.echo(_line(told, settings(at)))


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
    typer.echo(f"{_line(told, chosen)}, until {_moment(moment, chosen)}")


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
    typer.echo(f"Silent until {_moment(moment, chosen)}.")


@app.command("test")
def try_channels(
    channel: Annotated[str, typer.Argument(help="Of koers.yaml; without, all.")] = "",
) -> None:
    """Send a message that says it is a test, now, and tell whether it was taken."""
    from pipelines.settings import home, settings
    from pipelines.watch.delivery import try_channel

    chosen = settings(home()).alerts.channels
    wanted = [each for each in chosen if channel in ("", each.name)]
    if not wanted:
        names = ", ".join(each.name for each in chosen) or "none"
        typer.echo(f"koers.yaml has no such channel under alerts: channels: ({names})", err=True)
        raise typer.Exit(1)
    failed = False
    for each in wanted:
        error = try_channel(each)
        failed = failed or error is not None
        typer.echo(f"{each.name:<20}{error or 'taken'}")
    if failed:
        raise typer.Exit(1)


def _line(told: Told, chosen: Settings) -> str:
    row = told.row
    state = told.alert.at.state
    folded = " (folded)" if told.alert.folded_into else ""
    until = told.alert.at.snoozed_until
    asleep = f" until {_moment(until, chosen)}" if until and state == "snoozed" else ""
    by = f", {told.by}" if told.by else ""
    return (
        f"{state + folded + asleep:<24}{told.alert.alert_id}  "
        f"{', '.join(filter(None, (row.label_en, row.unit_name)))}, "
        f"since {told.alert.since}, owner {row.owner}{by}"
    )


def _figures(told: Told, chosen: Settings) -> list[str]:
    return [f"In the period from {told.row.period_start}:", *_judged(told.row, chosen)]


def _judged(row: Judged, chosen: Settings) -> list[str]:
    from pipelines.watch.drift import KINDS
    from pipelines.watch.messages import described

    if row.kind not in KINDS:
        return [f"Its data go up to {row.period_end}."]
    return described(row, "en", chosen.currency)


def _until(until: str, days: int, chosen: Settings) -> dt.datetime:
    """The beginning of a day in the business time zone. Raises BadParameter."""
    if bool(until) == bool(days):
        raise typer.BadParameter("give either --until or --days")
    try:
        day = dt.date.fromisoformat(until) if until else _today(chosen) + dt.timedelta(days=days)
    except (ValueError, OverflowError) as error:
        raise typer.BadParameter(f"{until or days} is no day such as 2026-12-31") from error
    return dt.datetime.combine(day, dt.time(), chosen.zone)


def _today(chosen: Settings) -> dt.date:
    return dt.datetime.now(chosen.zone).date()


def _moment(moment: dt.datetime, chosen: Settings) -> str:
    return f"{moment.astimezone(chosen.zone):%Y-%m-%d %H:%M}"
