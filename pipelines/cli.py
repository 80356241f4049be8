"""The `koers` command line. Each command imports what it needs, so that `--help` is quick."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import sys
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from connectors.core.text import visible
from pipelines import alerting, digesting, governing, reporting
from pipelines.operations import commands as operations
from pipelines.powerbi.command import powerbi
from pipelines.privacy import command as privacy
from pipelines.security.private import keep_private
from pipelines.telling import in_words

if TYPE_CHECKING:
    from connectors.core.contract import Connector

app = typer.Typer(
    help=(
        "Koers: KPI facts for five organisation layers, from your tools' exports to a published "
        "DuckDB file.\n\nEverything lives under KOERS_HOME (default: .koers in the project "
        "folder). Drop export files in its inbox/<connector>/, then: koers run."
    ),
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,  # a local may be a secret
)

app.add_typer(alerting.app, name="alerts")
app.add_typer(privacy.app, name="privacy")
app.command()(powerbi)
app.command("forget")(privacy.forget)
app.command("access")(privacy.access)
app.command("digest")(digesting.digest)
app.command("report")(reporting.report)
app.command()(operations.doctor)
app.command()(operations.backup)
app.command()(operations.restore)


@app.callback()
def _first() -> None:
    keep_private()


kpi = typer.Typer(help="KPI definitions.", no_args_is_help=True)
app.add_typer(kpi, name="kpi")
kpi.command("lint")(governing.kpi_lint)
kpi.command("history")(governing.kpi_history)

inbox = typer.Typer(help="Files that nobody has seen before.", no_args_is_help=True)
app.add_typer(inbox, name="inbox")

SOME_SOURCES_FAILED = 3


@app.command()
def run(
    full_refresh: Annotated[
        bool, typer.Option("--full-refresh", help="Build every table again, not only what is new.")
    ] = False,
    wait: Annotated[
        bool, typer.Option("--wait", help="Wait for a run that is going on, and then run.")
    ] = False,
    target: Annotated[
        str | None,
        typer.Option(help="duckdb or spark: what builds the facts; default: as koers.yaml says."),
    ] = None,
) -> None:
    """One nightly run: read the inboxes and the APIs, build the facts, publish, judge, send.

    Without any input yet it begins with a sample company. Exit code 0: done; 1: failed, what was
    published before still stands; 3: done, but a source could not be read; 130: stopped.
    """
    from connectors.core.api.account import is_pulled
    from connectors.core.discover import discover
    from pipelines.nightly import nightly
    from pipelines.operations.logs import begin, say
    from pipelines.operations.run_times import part, timed_runner
    from pipelines.operations.watched import watched
    from pipelines.privacy.erasing import finish_left
    from pipelines.recovery.starting import ready
    from pipelines.reporting import renew
    from pipelines.sample import has_input, write_sample
    from pipelines.settings import ENGINE_VARIABLE, home, settings
    from pipelines.spark.needs import check
    from pipelines.stopping import stoppable
    from pipelines.summary import lines

    at = home()
    begin()
    if target is not None:
        os.environ[ENGINE_VARIABLE] = target  # also for the processes that the run starts
    with in_words(), stoppable():
        ready(at)
        chosen = settings(at)
        if chosen.engine == "spark":
            check()
        finish_left(at, chosen, _progress)
        connectors = discover()
        pulled = [name for name, connector in connectors.items() if is_pulled(connector)]
        if not has_input(at) and not pulled:
            yesterday = dt.datetime.now(chosen.zone).date() - dt.timedelta(days=1)
            write_sample(at, end_date=yesterday, progress=_progress)

        def runner() -> contextlib.AbstractContextManager[object]:
            from pipelines.defs.runner import dagster_runner

            return dagster_runner(at, chosen)

        with watched(at, chosen) as times:
            result = nightly(
                at,
                chosen,
                list(connectors),
                lambda: timed_runner(runner, times.seconds),  # type: ignore[arg-type]
                pulled=pulled,
                full_refresh=full_refresh,
                wait=wait,
                progress=_progress,
            )
            with part(times.seconds, "report"):
                renew(at)
        for line in lines(at, chosen, result):
            say(line, logger="koers.summary", to=sys.stdout)
    if result.failed:
        raise typer.Exit(SOME_SOURCES_FAILED)


@app.command()
def up(
    port: Annotated[int, typer.Option(help="Port of the UI, on this machine only.")] = 3000,
) -> None:
    """Start the Dagster UI, the nightly schedule and the sensors; Ctrl-C stops them."""
    from pipelines.operations.logs import begin
    from pipelines.recovery.starting import ready
    from pipelines.settings import home, settings
    from pipelines.up import up as start

    at = home()
    begin()
    with in_words():
        ready(at)
        start(at, settings(at), port=port, say=_progress)


@app.command()
def rebuild() -> None:
    """Make the warehouse again from the landing, and compare it with the one there is."""
    from pipelines.rebuild import rebuild as make
    from pipelines.recovery.starting import ready
    from pipelines.settings import home, settings

    at = home()
    with in_words():
        ready(at)
        done = make(at, settings(at), _progress)
    if done.different is None:
        typer.echo(f"Built {at.warehouse}; there was none to compare with.")
    elif not done.different:
        typer.echo(f"Rebuilt {at.warehouse}; every public table is as it was.")
    else:
        typer.echo(
            f"Rebuilt {at.warehouse}. Not as they were: {', '.join(done.different)}. "
            f"The old file is kept as {done.aside}. `koers run --full-refresh` publishes the new."
        )
        raise typer.Exit(1)


@app.command()
def publish(
    verify: Annotated[
        bool, typer.Option("--verify", help="Only compare the files with their checksums.")
    ] = False,
    rollback: Annotated[
        bool, typer.Option("--rollback", help="Put the publication before this one in place.")
    ] = False,
    publication_id: Annotated[
        str, typer.Argument(help="With --rollback: to this one; its folder in snapshots/.")
    ] = "",
) -> None:
    """Publish the warehouse anew for every audience; or check, or go back to, what is kept."""
    from pipelines import publishing
    from pipelines.lock import held
    from pipelines.recovery.starting import ready
    from pipelines.said.recording import record_all
    from pipelines.settings import home
    from pipelines.warehouse import writing

    if (verify and rollback) or (publication_id and not rollback):
        raise typer.BadParameter("give --verify, --rollback [ID], or neither")
    at = home()
    with in_words():
        if verify:
            wrong = list(publishing.verify(at))
            typer.echo("\n".join(wrong) or "Every publication is as it was made.")
            if wrong:
                raise typer.Exit(1)
            return
        ready(at)
        with held(at.run_lock, "koers publish"):
            if rollback:
                back = publishing.roll_back_all(at, publication_id or None)
                for name, publication in back.items():
                    typer.echo(f"{name}: back to {publication.publication_id}")
                record_all(at)
                left = list(publishing.not_rolled_back(at, back))
                for line in left:
                    typer.echo(visible(line), err=True)
                if left:
                    raise typer.Exit(1)
                return
            with writing(at, "koers publish", _progress):
                done = publishing.publish_all(at, run_id=f"publish-{uuid.uuid4()}")
        for name, made in done.made.items():
            rows = sum(made.tables.values())
            typer.echo(f"{name}: {made.publication_id}, {rows:,} rows, {at.publication(name)}")
        for name, why in done.refused.items():
            typer.echo(f"{name}: not published: {why}", err=True)
        for folder in publishing.abandoned(at):
            typer.echo(f"{folder} is of no audience any more: remove it.", err=True)
    if done.refused:
        raise typer.Exit(1)


@app.command()
def status(
    as_json: operations.Json = False,
    check: Annotated[
        bool, typer.Option("--check", help="Exit code 1 for a warning, 2 for an error.")
    ] = False,
    metrics: Annotated[
        bool, typer.Option("--metrics", help="The figures of now, as Prometheus reads them.")
    ] = False,
    schema: Annotated[
        bool, typer.Option("--schema", help="The JSON Schema of `monitoring` in --json.")
    ] = False,
) -> None:
    """Where things stand: last build, publication, KPIs off course, files waiting or refused."""
    from pipelines.operations.standing import print_status

    with in_words():
        code = print_status(as_json=as_json, metrics=metrics, schema_only=schema)
    if check:
        raise typer.Exit(code)


@app.command()
def connect(
    connector: Annotated[str, typer.Argument(help="A connector; without, all of them.")] = "",
) -> None:
    """Check credentials and rights, and tell what will be pulled in how many requests."""
    from connectors.core.api.account import is_pulled
    from connectors.core.api.declare import Window
    from connectors.core.discover import discover
    from pipelines.connecting import look
    from pipelines.settings import home

    known = discover()
    if not connector:
        for name, each in known.items():
            if each.api is not None:
                state = "configured" if is_pulled(each) else "not configured"
                typer.echo(f"{name:<14}{state:<18}koers connect {name}")
        return
    found = _named(connector, known)
    now = dt.datetime.now(dt.UTC)
    wrong = False
    with in_words():
        for each_look in look(found, home(), Window(None, now)):
            typer.echo(visible(each_look.text))
            wrong = wrong or each_look.is_wrong
    if wrong:
        raise typer.Exit(1)


@app.command()
def backfill(
    connector: Annotated[str, typer.Argument(help="The connector to read again.")],
    first: Annotated[dt.datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="First day.")],
    last: Annotated[dt.datetime, typer.Option("--to", formats=["%Y-%m-%d"], help="Last day.")],
    stream: Annotated[
        list[str] | None, typer.Option(help="Only this stream; may be given again.")
    ] = None,
) -> None:
    """Read again what changed in a range of days; `koers run` then computes what follows."""
    from connectors.core.discover import discover
    from pipelines.backfill import backfill as read_again
    from pipelines.lock import held
    from pipelines.settings import home, settings

    at, found = home(), _named(connector, discover())
    failed = False
    with in_words(), held(at.run_lock, "koers backfill"):
        try:
            outcomes = read_again(
                found,
                at,
                settings(at),
                first=first.date(),
                last=last.date(),
                now=dt.datetime.now(dt.UTC),
                streams=stream,
                progress=_progress,
            )
        except (KeyError, ValueError) as error:
            raise typer.BadParameter(str(error)) from error
        for outcome in outcomes:
            rows = sum(load.counts.loaded for load in outcome.loads)
            told = outcome.failed or outcome.left_out or f"{rows:,} records that were not there"
            typer.echo(f"{connector}.{outcome.stream}: {told} ({outcome.requests:,} requests)")
            failed = failed or outcome.failed is not None
    if failed:
        raise typer.Exit(1)


@app.command()
def sandbox(
    vendor: Annotated[str, typer.Argument(help="Only this vendor; without, all of them.")] = "",
    port: Annotated[int, typer.Option(help="Port of the first; the others follow it.")] = 8700,
) -> None:
    """Fake vendors on this machine, holding the sample company, to try Koers without accounts."""
    from pipelines.sandbox.running import run_sandbox
    from pipelines.settings import home, settings

    chosen = settings(home())
    yesterday = dt.datetime.now(chosen.zone).date() - dt.timedelta(days=1)
    with in_words():
        run_sandbox(vendor, port, end=yesterday, say=typer.echo)


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def dbt(context: typer.Context) -> None:
    """Any dbt command, in the environment it needs: koers dbt ls."""
    from pipelines.dbt import DbtError, run_dbt
    from pipelines.settings import home, settings

    at = home()
    try:
        run_dbt(context.args, at, settings(at), quiet=False)
    except DbtError as error:
        raise typer.Exit(1) from error


@app.command()
def streams(
    as_markdown: Annotated[
        bool, typer.Option("--markdown", help="As docs/streams.md holds it.")
    ] = False,
) -> None:
    """All connectors and streams: what a row is, how it is read, and which KPIs need it."""
    from connectors.core.discover import discover
    from pipelines.dbt import prepare_manifest
    from pipelines.settings import home, settings
    from pipelines.streams import markdown, shown

    at = home()
    with in_words():
        manifest = json.loads(prepare_manifest(at, settings(at)).read_text(encoding="utf-8"))
    found = discover()
    if as_markdown:
        typer.echo(markdown(found, manifest), nl=False)
        return
    for line in shown(found, manifest):
        typer.echo(visible(line))


@app.command()
def tables(
    as_markdown: Annotated[
        bool, typer.Option("--markdown", help="As docs/data-dictionary.md holds it.")
    ] = False,
) -> None:
    """The data dictionary: every published table, what a row is, and what its columns hold."""
    from pipelines.dbt import prepare_manifest
    from pipelines.dictionary import markdown, shown
    from pipelines.settings import home, settings

    at = home()
    with in_words():
        manifest = json.loads(prepare_manifest(at, settings(at)).read_text(encoding="utf-8"))
    if as_markdown:
        typer.echo(markdown(manifest), nl=False)
        return
    for line in shown(manifest):
        typer.echo(visible(line))


@inbox.command("inspect")
def inbox_inspect(
    file: Annotated[Path, typer.Argument(help="An export file, in an inbox or elsewhere.")],
    connector: Annotated[
        str, typer.Option(help="Of which connector it is; else its folder says so.")
    ] = "",
    stream: Annotated[str, typer.Option(help="Of which stream; else the one that fits best.")] = "",
    write: Annotated[
        bool, typer.Option("--write", help="Write or extend inbox/<connector>/mapping.yaml.")
    ] = False,
) -> None:
    """What a file is like, and a mapping.yaml that would read it; what is ambiguous is asked.

    Nothing is landed. After --write: choose where two readings are possible, then koers run.
    """
    from connectors.core.discover import discover
    from pipelines import inspecting
    from pipelines.settings import home

    at, known = home(), discover()
    if connector:
        _named(connector, known)
    with in_words():
        try:
            report = inspecting.inspect(file, at.inbox, known, connector or None, stream or None)
            for line in inspecting.lines(report):
                typer.echo(visible(line))
            typer.echo("")
            if write:
                inspecting.write(report)
        except inspecting.InspectError as error:
            typer.echo(visible(str(error)), err=True)
            raise typer.Exit(1) from error
    if not write:
        typer.echo(f"{report.file} would be (--write makes it so):\n\n{report.new}")
        return
    typer.echo(f"Wrote {report.file}.")
    for choice in report.finding.choices:
        typer.echo(f"Choose there: {choice.what}; until then its files are refused.")


@kpi.command("check")
def kpi_check() -> None:
    """Check all definitions without building anything, and list the KPIs."""
    from pipelines.kpis import check_definitions
    from pipelines.settings import DBT_PROJECT_DIR

    with in_words():
        found = check_definitions(DBT_PROJECT_DIR)
    for name, metric in found.items():
        of = metric.kpi
        typer.echo(f"{name:24} {metric.type:11} {of.unit:9} {of.home_layer:13} {of.owner}")
    typer.echo(f"{len(found)} KPIs, nothing wrong with their definitions.")


@kpi.command("schema")
def kpi_schema() -> None:
    """The JSON Schema of KPI files, for editors: dbt_project/kpi.schema.json holds it."""
    from pipelines.kpis import schema

    typer.echo(json.dumps(schema(), indent=2, ensure_ascii=False))


def _named(name: str, known: dict[str, Connector]) -> Connector:
    if name not in known:
        raise typer.BadParameter(f"no connector is called {name}: {', '.join(known)}")
    return known[name]


def _progress(line: str) -> None:
    from pipelines.operations.logs import say

    say(line)


if __name__ == "__main__":
    app()
