"""`koers forget`: takes a person out of everything that Koers keeps, and keeps them out.

The steps are done in order, each to be done again where it was interrupted; the journal says which
are done. Deleting rows does not take them out of a DuckDB file, nor out of a publication that is
kept: both are made anew from a landing without the person, and the old files removed.
"""

from __future__ import annotations

import datetime as dt
import json
import shutil
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from connectors.core.durable import make_folder, sync
from connectors.core.failpoints import failpoint
from connectors.core.forgotten import read_forgotten
from connectors.core.landing import Landing
from pipelines import publishing
from pipelines.dbt import prepare_manifest, run_dbt
from pipelines.lock import held
from pipelines.privacy import in_files, in_landing, in_rest, in_sqlite, journal
from pipelines.privacy.aliases import Aliases
from pipelines.privacy.in_ledger import erase_ledger
from pipelines.privacy.person import Person, find, pseudonyms_of
from pipelines.privacy.searching import search
from pipelines.publication import current
from pipelines.publication_build import sidecars
from pipelines.said.recording import record_all
from pipelines.settings import Home, Settings
from pipelines.warehouse import writing

Say = Callable[[str], None]
WAIT_SECONDS = 4 * 3600.0
BUILDING = "forgetting.duckdb"


def _build(home: Home, settings: Settings, warehouse: Path) -> None:
    prepare_manifest(home, settings)
    run_dbt(["build", "--full-refresh"], home, settings, warehouse=warehouse)


def _renew(home: Home) -> None:
    from pipelines.reporting import renew

    renew(home)


@dataclass(frozen=True)
class Makers:
    """What makes facts and reports anew. build: the facts, in a file that is not there yet."""

    build: Callable[[Home, Settings, Path], None] = _build
    renew: Callable[[Home], None] = _renew


@dataclass
class Erased:
    """What was removed, by room; nothing in it tells of the person. `left`: files that still name
    them. `by_hand`: files that people write, to be changed by them."""

    told: dict[str, Any] = field(default_factory=dict)
    left: list[str] = field(default_factory=list)
    by_hand: list[str] = field(default_factory=list)
    report: Path | None = None


def preview(home: Home, words: Sequence[str], also: Sequence[str] = ()) -> tuple[Person, Erased]:
    """What there is of a person, without changing anything. Raises PersonError."""
    person = find(home, words, also)
    aliases = journal.Journal(person).aliases
    marks = aliases.marks(person)
    told: dict[str, Any] = {"landing": in_landing.plan(home, person, aliases)[0].rows}
    told["files"] = {
        name: {"outcome": outcome, "rows": rows}
        for name, (outcome, rows) in in_files.erase_files(
            home, _eraser(home, person, aliases), is_dry=True
        ).items()
    }
    if home.ledger.exists():
        told["ledger"] = {"values": in_sqlite.count(home.ledger, marks)}
    return person, Erased(told, by_hand=in_rest.named_by_people(home, marks))


def forget(
    home: Home,
    settings: Settings,
    words: Sequence[str],
    also: Sequence[str] = (),
    *,
    say: Say = lambda _: None,
    makers: Makers = Makers(),
) -> Erased:
    """Forget a person; see `pipelines.privacy.person.find` for `words` and `also`. An erasure that
    was interrupted is ended first. Waits for a run that is going on.

    Raises PersonError before anything is changed; SqliteBusyError, DbtError, PublicationError and
    the like in between: the same command again goes on. `Erased.left` is empty where it worked.
    """
    with held(home.run_lock, "koers forget", wait_seconds=WAIT_SECONDS):
        begun = journal.read(home)
        if begun is not None:
            say("ending an erasure that was interrupted")
            done = _go_on(home, settings, begun, say, makers)
            if not words:
                return done
        person = find(home, words, also)
        begin = journal.Journal(person, started_at=_now())
        begin.record_ids = in_landing.plan(home, person, begin.aliases)[1]
        begin.write(home)
        failpoint("erasing.begun")
        return _go_on(home, settings, begin, say, makers)


def finish_left(home: Home, settings: Settings, say: Say, makers: Makers = Makers()) -> bool:
    """End an erasure that was interrupted, if there is one: before a night, whose figures would
    otherwise come from a half of it."""
    if journal.read(home) is None:
        return False
    with held(home.run_lock, "koers forget", wait_seconds=WAIT_SECONDS):
        if (begun := journal.read(home)) is not None:
            say("ending an erasure that was interrupted")
            _go_on(home, settings, begun, say, makers)
    return True


def _eraser(home: Home, person: Person, aliases: Aliases) -> Callable[[str], in_files.FileEraser]:
    hasher = pseudonyms_of(home) if person.pseudonyms else None
    return lambda connector: in_files.FileEraser(person, aliases, hasher, connector)


def _go_on(
    home: Home, settings: Settings, begun: journal.Journal, say: Say, makers: Makers
) -> Erased:
    person, aliases = begun.person, begun.aliases
    marks = aliases.marks(person)

    def on_list() -> Any:
        hasher = pseudonyms_of(home)
        forgotten = read_forgotten(home.landing, hasher)
        return {"entries": len(in_landing.put_on_list(home, person, aliases, forgotten))}

    def landing() -> Any:
        Landing(home.landing).sweep()
        done = in_landing.erase(home, person, aliases, begun.record_ids)
        return {name: {"rows": c.rows, "rejected": c.rejects} for name, c in done.items()}

    def files() -> Any:
        done = in_files.erase_files(home, _eraser(home, person, aliases))
        return {name: {"outcome": what, "rows": rows} for name, (what, rows) in done.items()}

    def ledger() -> Any:
        return erase_ledger(home.ledger, marks, person.units)

    def said() -> Any:
        if current(home) is not None:
            record_all(home)  # what is not recorded yet is of publications that go
        return {"rows": in_rest.erase_said(home, marks, person.units)}

    def warehouse() -> Any:
        return replace_warehouse(home, settings, makers, say)

    def published() -> Any:
        return replace_publications(home, say)

    def report() -> Any:
        if not home.report.exists():
            return {}
        shutil.rmtree(home.report)
        makers.renew(home)
        return {"reports": "made anew"}

    def dagster() -> Any:
        return in_rest.erase_dagster(home, marks)

    def rest() -> Any:
        return in_rest.erase_rest(home, marks)

    steps: dict[str, Callable[[], Any]] = {
        "list": on_list,
        "landing": landing,
        "files": files,
        "ledger": ledger,
        "said": said,
        "warehouse": warehouse,
        "publications": published,
        "reports": report,
        "dagster": dagster,
        "rest": rest,
    }
    for name, step in steps.items():
        if name in begun.done:
            continue
        say(f"forgetting: {name}")
        told = step()
        failpoint("erasing.step_done")
        begun.told[name] = _added(begun.told.get(name), told)
        begun.done.append(name)
        begun.write(home)
        failpoint("erasing.step_noted")
    say("forgetting: looking for what is left in every file")
    return _end(home, begun)


def _added(before: Any, now: Any) -> Any:
    return now if not before else {"before it was interrupted": before, **now}


def replace_warehouse(home: Home, settings: Settings, makers: Makers, say: Say) -> Any:
    """Build the warehouse anew from the landing and remove every other file beside it."""
    if not home.warehouse.exists():
        return {}
    new = home.warehouse.with_name(BUILDING)
    with writing(home, "koers forget", say):
        for leftover in (new, *sidecars(new)):
            leftover.unlink(missing_ok=True)
        makers.build(home, settings, new)
        if left := sidecars(new):
            raise RuntimeError(f"{new} was not closed cleanly: {', '.join(map(str, left))}")
        sync(new)
        failpoint("erasing.before_warehouse")
        for log in sidecars(home.warehouse):
            log.unlink()
        new.replace(home.warehouse)
        sync(home.warehouse.parent)
        removed = 0
        for other in home.warehouse.parent.iterdir():
            if other != home.warehouse:
                _remove(other)
                removed += 1
    return {"warehouse": "built anew", "other files removed": removed}


def replace_publications(home: Home, say: Say) -> Any:
    """Publish anew for every audience and keep nothing else; an audience that cannot be published
    has no publication then."""
    done: dict[str, Any] = {}
    if not home.published.exists():
        return done
    if home.warehouse.exists():
        with writing(home, "koers forget", say):
            result = publishing.publish_all(home, run_id=f"forget-{uuid.uuid4()}")
        done["published"] = len(result.made)
        kept = {name: made.publication_id for name, made in result.made.items()}
        if result.refused:
            done["without a publication now"] = sorted(result.refused)
    else:
        kept = {}
    failpoint("erasing.before_snapshots")
    removed = 0
    for folder in [each for each in home.published.iterdir() if each.is_dir()]:
        if folder.name not in kept:
            shutil.rmtree(folder)
            continue
        for snapshot in (folder / "snapshots").iterdir():
            if snapshot.name != kept[folder.name]:
                _remove(snapshot)
                removed += 1
        known = {"koers.duckdb", "parquet", "manifest.json", "snapshots", ".lock"}
        for other in [each for each in folder.iterdir() if each.name not in known]:
            _remove(other)
    done["snapshots removed"] = removed
    if kept:
        record_all(home)
    return done


def _end(home: Home, begun: journal.Journal) -> Erased:
    person = begun.person
    marks = begun.aliases.marks(person)
    own = journal.file_of(home)
    texts = sorted(person.named | person.pseudonyms)
    by_hand = in_rest.named_by_people(home, marks)
    left = sorted(
        {
            str(hit.file.relative_to(home.root))
            for hit in search(home.root, texts, [own])
            if str(hit.file.relative_to(home.root)) not in by_hand
        }
    )
    done = Erased(begun.told, left, by_hand)
    folder = journal.folder(home) / "erased"
    make_folder(folder)
    at = _now()
    done.report = folder / f"{at.replace(':', '').replace('-', '')}.json"
    content = {
        "started_at": begun.started_at,
        "ended_at": at,
        "is_employee": person.is_employee,
        "is_contact": person.is_contact,
        "removed": done.told,
        "still_named_in": [marks.words(each) for each in left],
        "to_be_changed_by_hand": by_hand,
    }
    done.report.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", "utf-8")
    done.report.chmod(0o600)
    sync(done.report)
    failpoint("erasing.before_end")
    if not left:
        journal.end(home)
    else:
        # Once more from the start, the next time: what is left may be somebody's open file.
        begun.done = ["list"]
        begun.write(home)
    return done


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _now() -> str:
    return dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
