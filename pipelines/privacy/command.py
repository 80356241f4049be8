"""`koers forget`, `koers access` and `koers privacy`, and how they talk."""

from __future__ import annotations

import datetime as dt
import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.telling import ToldGroup, in_words

if TYPE_CHECKING:
    from pipelines.privacy.erasing import Erased

app = typer.Typer(help="Personal data: how long, for what, under which key.", cls=ToldGroup)

Who = Annotated[
    list[str] | None,
    typer.Argument(
        help="An e-mail address, a person id, a name or a user of a source; or a record: "
        "connector, stream and record id (hubspot contacts 123)."
    ),
]
Also = Annotated[
    list[str] | None,
    typer.Option("--also", help="A further text that names them: a name, a telephone number."),
]


class Form(StrEnum):
    """How the register is written."""

    MARKDOWN = "markdown"
    CSV = "csv"


def forget(
    who: Who = None,
    also: Also = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what there is; change nothing.")
    ] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="End an erasure that was interrupted.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Erase a person from everything Koers keeps, and do not take them in again.

    Sums stay: a contact's record stays as an event of nobody, an employee's work counts for their
    team. Publications of before are removed. Exit code 1: something is left; the text says where.
    """
    from pipelines.privacy import erasing, journal
    from pipelines.settings import home, settings

    at = home()
    if not who and not resume:
        raise typer.BadParameter("say who, or give --resume")
    with in_words():
        chosen = settings(at)
        if dry_run and who:
            _, found = erasing.preview(at, who, also or [])
            _show(found, as_json)
            typer.echo("Nothing was changed.", err=True)
            return
        if resume:
            if journal.read(at) is None:
                typer.echo("No erasure was interrupted.")
                return
            done = erasing.forget(at, chosen, [], say=_progress)
        else:
            person, found = erasing.preview(at, who or [], also or [])
            if not yes:
                _show(found, as_json=False)
                for note in person.notes:
                    typer.echo(f"Note: {note}")
                typer.confirm("Erase this? It cannot be undone.", abort=True)
            done = erasing.forget(at, chosen, who or [], also or [], say=_progress)
    _show(done, as_json)
    if done.left:
        typer.echo("Still named in:\n" + "\n".join(done.left), err=True)
        typer.echo("Close what has these open, then: koers forget --resume", err=True)
        raise typer.Exit(1)


def access(
    who: Who = None,
    also: Also = None,
    to: Annotated[
        Path | None, typer.Option("--to", help="A new folder; else one in this folder.")
    ] = None,
) -> None:
    """Write everything Koers keeps of a person into a folder, as JSON; for this user alone."""
    from pipelines.privacy.access import access as collect
    from pipelines.privacy.person import find
    from pipelines.settings import home, settings

    if not who:
        raise typer.BadParameter("say who")
    at = home()
    with in_words():
        person = find(at, who, also or [])
        stamp = dt.datetime.now(dt.UTC).strftime("%Y%m%dT%H%M%SZ")
        folder = to or Path.cwd() / f"koers-access-{stamp}"
        told = collect(at, settings(at), person, folder)
    for each in told:
        typer.echo(f"{each.room:<13} {each.table:<50} {len(each.rows):>8,}")
    typer.echo(f"Written to {folder}. It holds personal data: hand it over and remove it.")


@app.command("retention")
def retention(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would go; change nothing.")
    ] = False,
) -> None:
    """Remove what was kept long enough, as each night does; koers.yaml says how long."""
    from pipelines.lock import held
    from pipelines.privacy.retention import keep
    from pipelines.settings import home, settings

    at = home()
    with held(at.run_lock, "koers privacy retention"):
        removed = keep(at, settings(at), dt.datetime.now(dt.UTC), _progress, is_dry=dry_run)
    for line in removed.lines() or ["Nothing was kept too long."]:
        typer.echo(line)
    if dry_run:
        typer.echo("Nothing was changed.", err=True)


@app.command("rotate-key")
def rotate_key() -> None:
    """Give all pseudonyms a new key; contacts still join, and the old key alone opens nothing."""
    from pipelines.privacy.rotation import rotate
    from pipelines.settings import home, settings

    at = home()
    done = rotate(at, settings(at), _progress)
    typer.echo(f"{done.loads} loads have pseudonyms of key {done.key_id} now.")
    typer.echo("Make a copy of the key file, apart from the data, and destroy copies of the old.")


@app.command("register")
def register(
    form: Annotated[Form, typer.Option("--form", help="How it is written.")] = Form.MARKDOWN,
) -> None:
    """The register of processing (GDPR article 30): which fields of whom, what for, how long."""
    from connectors.core.discover import discover
    from pipelines.dbt import prepare_manifest
    from pipelines.privacy.register import activities, as_csv, as_markdown
    from pipelines.settings import home, settings

    at = home()
    chosen = settings(at)
    manifest = json.loads(prepare_manifest(at, chosen).read_text(encoding="utf-8"))
    found = activities(at, chosen, discover(), manifest)
    typer.echo(as_markdown(found) if form is Form.MARKDOWN else as_csv(found), nl=False)


def _show(found: Erased, as_json: bool) -> None:
    if as_json:
        typer.echo(
            json.dumps(
                {"removed": found.told, "left": found.left, "by_hand": found.by_hand}, indent=1
            )
        )
        return
    for room, told in found.told.items():
        for line in _lines(told) or ["nothing"]:
            typer.echo(f"{room:<13} {line}")
    for name in found.by_hand:
        typer.echo(f"{name} names the person and is yours: change it.")
    if found.report is not None:
        typer.echo(f"Report: {found.report}")


def _lines(told: object) -> list[str]:
    if not isinstance(told, dict):
        return [str(told)]
    return [f"{name}: {_said(each)}" for name, each in told.items()]


def _said(told: object) -> str:
    if isinstance(told, dict):
        return ", ".join(f"{name} {each}" for name, each in told.items())
    return str(told)


def _progress(line: str) -> None:
    typer.echo(line, err=True)
