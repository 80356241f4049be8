"""`koers doctor`, `koers backup` and `koers restore`. What they do is imported when it is done."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.telling import in_words

if TYPE_CHECKING:
    from pipelines.settings import Home

Json = Annotated[bool, typer.Option("--json", help="For programs.")]


def doctor(
    ask: Annotated[
        bool, typer.Option("--ask", help="Ask vendors whether they take the credentials.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Look at all that a night needs: settings, credentials, disk, locks, versions, schedule,
    backups. Changes nothing.

    Exit code 0: well; 1: a warning; 2: something is wrong.
    """
    from pipelines.operations.doctor import examine
    from pipelines.operations.finding import EXIT_CODES, lines, worst
    from pipelines.operations.finding import as_json as values
    from pipelines.settings import home

    found = list(examine(home(), ask=ask))
    if as_json:
        typer.echo(json.dumps(values(found), indent=1))
    else:
        typer.echo("\n".join(lines(found)))
    raise typer.Exit(EXIT_CODES[worst(each.level for each in found)])


def backup(
    destination: Annotated[
        Path | None, typer.Argument(help="A folder for backups, best on another disk.")
    ] = None,
    verify: Annotated[
        bool, typer.Option("--verify", help="Only compare the newest there with its checksums.")
    ] = False,
    with_publications: Annotated[
        bool, typer.Option("--with-publications", help="Also what was published before.")
    ] = False,
    with_archive: Annotated[
        bool,
        typer.Option("--with-archive", help="Also export files as they came, with names in them."),
    ] = False,
    with_key: Annotated[
        Path | None,
        typer.Option("--with-key", help="Also copy the pseudonym key, to this file elsewhere."),
    ] = None,
    keep: Annotated[
        int | None, typer.Option(min=1, help="Remove older backups there, but these newest.")
    ] = None,
) -> None:
    """Copy the home to a folder, while a run may go on; without one, list the backups there are.

    What did not change since the backup before is linked to it, so it costs what is new. The
    warehouse and the report are left out: they are made again. So is the pseudonym key.
    """
    from pipelines.operations.backup.known import destinations
    from pipelines.operations.backup.making import make_backup
    from pipelines.settings import home

    at = home()
    with in_words():
        if destination is None:
            if verify:
                raise typer.BadParameter("--verify needs the folder")
            for each in destinations(at):
                state = "" if each.is_there else "  (not there now; as of the last backup)"
                typer.echo(f"{each.folder}{state}")
                for backup_id in each.backups:
                    typer.echo(f"  {backup_id}")
            return
        if verify:
            _verify(destination)
            return
        asked = {"publications": with_publications, "archive": with_archive}
        parts = [name for name, is_asked in asked.items() if is_asked]
        folder, made = make_backup(at, destination, parts=parts, keep=keep, say=_progress)
        typer.echo(
            f"{folder}: {len(made.files):,} files, {made.bytes:,} bytes, of which "
            f"{made.new_bytes:,} were copied now and the rest linked"
        )
        if made.key_id is None:
            return
        if with_key is None:
            typer.echo(
                f"The pseudonym key {made.key_id} is not in it. Without that key the restored data "
                "join no new contacts: keep it elsewhere (--with-key FILE).",
                err=True,
            )
            return
        _copy_key(at, destination, with_key)


def restore(
    source: Annotated[
        Path, typer.Argument(help="A folder of backups (the newest is taken), or one of them.")
    ],
    rebuild: Annotated[
        bool,
        typer.Option("--rebuild", help="Also build, publish, and compare the facts with before."),
    ] = False,
) -> None:
    """Restore a backup into KOERS_HOME, which is to be empty; `koers run` then goes on from there.

    Exit code 1: nothing was restored, or with --rebuild the facts are not those of before.
    """
    from pipelines.operations.backup.restoring import restore as put_back
    from pipelines.settings import home

    at = home()
    with in_words():
        done = put_back(at, source, _progress)
        typer.echo(f"{at.root}: restored from {done.backup}, made at {done.manifest.made_at}")
        if done.key_wrong:
            typer.echo(done.key_wrong, err=True)
        if not rebuild:
            typer.echo("Next: koers run, which builds and publishes. Alerts go on as they were.")
            return
        from pipelines.operations.backup.proving import prove

        different = prove(at, done.manifest, _progress)
    if different:
        typer.echo(different, err=True)
        raise typer.Exit(1)
    typer.echo("Built and published; the facts are those of the backup.")


def _verify(destination: Path) -> None:
    from pipelines.operations.backup.verifying import newest_or_named, wrong_in

    found = newest_or_named(destination.resolve())
    wrong = list(wrong_in(found))
    typer.echo("\n".join(wrong) or f"{found} is as it was made.")
    if wrong:
        raise typer.Exit(1)


def _copy_key(at: Home, destination: Path, to: Path) -> None:
    from pipelines.operations.backup.keys import copy_key

    key_id = copy_key(at, destination, to)
    typer.echo(
        f"Pseudonym key {key_id} is in {to}, for you alone. Who has it and the backups can try "
        "addresses until one fits: keep the two apart.",
        err=True,
    )


def _progress(line: str) -> None:
    typer.echo(line, err=True)
