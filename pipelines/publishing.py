"""All audiences of a home at once: publish, verify, roll back.

`management` comes first, and what is wrong with it is raised; another audience that cannot be made
keeps its publication of before, and is told of.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import duckdb

from connectors.core.durable import sha256
from pipelines.audience_tables import View, older_figures_of_persons
from pipelines.audiences import Audience, audiences
from pipelines.hiding import hidden_units
from pipelines.kept_back import write_down
from pipelines.people import People, PeopleError, people_of
from pipelines.publication import (
    Clock,
    Publication,
    PublicationError,
    current,
    publish,
    roll_back,
    snapshots,
    utc_now,
)
from pipelines.publication_build import connect
from pipelines.said.recording import note_rollback
from pipelines.settings import Home, Settings, settings
from pipelines.watch.ledger import last_evaluation, published_events


@dataclass
class Published:
    """By audience: what was published, and why another was not."""

    made: dict[str, Publication] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)


def publish_all(home: Home, *, run_id: str, clock: Clock = utc_now) -> Published:
    """Publish the warehouse for every audience. Who calls holds the warehouse's lock.

    Raises PublicationError or SettingsError when there is nothing to publish or `management`
    cannot be made; what was published before then stands. What could not be made for another
    audience is in `refused`, and is kept for `koers status`.
    """
    note_rollback(home)
    done = _publish_all(home, run_id, clock)
    write_down(home, done.refused)
    return done


def _publish_all(home: Home, run_id: str, clock: Clock) -> Published:
    chosen = audiences(home)
    rules = settings(home)
    events, evaluated = published_events(home.ledger), last_evaluation(home.ledger)
    since = _individuals_from(home, rules, clock())
    result = Published()

    def put(name: str, view: View) -> None:
        result.made[name] = publish(
            home.warehouse, home, run_id=run_id, keep=rules.keep_publications, alert_events=events,
            evaluated=evaluated, audience=name, view=replace(view, individuals_from=since),
            shared=rules.share_with_group, clock=clock,
        )  # fmt: skip

    if not chosen["management"].min_group_size > 1:
        put("management", View(chosen["management"]))
    try:
        views = _views(home, chosen)
    except PublicationError as error:
        if "management" not in result.made:
            raise
        result.refused = {name: str(error) for name in chosen if name not in result.made}
        return result
    for name, view in views.items():
        if name in result.made:
            continue
        try:
            put(name, view)
        except PublicationError as error:
            if name == "management":
                raise
            result.refused[name] = str(error)
    return result


def _individuals_from(home: Home, rules: Settings, now: dt.datetime) -> dt.date | None:
    """The first day of figures of single persons that are still published; None where there are
    none of before it."""
    months = rules.retention.individual_months
    if months is None or "individual" in rules.retention.hold:
        return None
    day = now.astimezone(rules.zone).date()
    index = day.year * 12 + day.month - 1 - months
    since = dt.date(index // 12, index % 12 + 1, 1)
    try:
        with connect() as connection:
            path = str(home.warehouse).replace("'", "''")
            connection.execute(f"attach '{path}' as warehouse (read_only)")
            return since if older_figures_of_persons(connection, since) else None
    except duckdb.Error:
        return since  # what is wrong with the warehouse is told where it is published


def _views(home: Home, chosen: Mapping[str, Audience]) -> dict[str, View]:
    """Every audience with what stays hidden from it, decided for all at once."""
    leasts = {audience.min_group_size for audience in chosen.values()}
    if max(leasts) == 1:
        return {name: View(audience) for name, audience in chosen.items()}
    people = _people(home)
    try:
        with connect() as connection:
            path = str(home.warehouse).replace("'", "''")
            connection.execute(f"attach '{path}' as warehouse (read_only)")
            hidden = hidden_units(connection, people, leasts, home.shown_groups)
    except duckdb.Error as error:
        raise PublicationError(
            f"Which groups are too small to show cannot be read from {home.warehouse}: {error}. "
            "Run `koers run --full-refresh`."
        ) from error
    except OSError as error:
        raise PublicationError(
            f"{home.shown_groups} cannot be written: {error}. What was published before stands."
        ) from error
    except ValueError as error:
        raise PublicationError(
            f"{home.shown_groups} says what was shown before, and cannot be used: {error}. Restore "
            "a backup; if there is none, remove it together with all publications of before."
        ) from error
    return {
        name: View(audience, people, hidden.get(audience.min_group_size, {}))
        for name, audience in chosen.items()
    }


def _people(home: Home) -> People:
    try:
        manifest: dict[str, Any] = json.loads(home.manifest.read_text(encoding="utf-8"))
        return people_of(manifest)
    except (OSError, ValueError, KeyError) as error:
        what = error if isinstance(error, PeopleError) else f"{home.manifest}: {error!r}"
        raise PublicationError(
            f"Whom the KPIs are about cannot be read: {what}. Run `koers run`."
        ) from error


def roll_back_all(home: Home, publication_id: str | None = None) -> dict[str, Publication]:
    """Put the publication before the current one (or the named one) of every audience in place.
    An audience that keeps none of the same run stays as it is: it is not in the result, and
    `not_rolled_back` says so.

    Raises PublicationError when there is none to go back to; then nothing was changed.
    """
    targets: dict[str, Publication] = {}
    now = current(home)
    if now is None:
        raise PublicationError("Nothing is published yet, so there is nothing to go back to.")
    kept = snapshots(home)
    if publication_id is None:
        earlier = [each for each in kept if each.publication_id < now.publication_id]
    else:
        earlier = [each for each in kept if each.publication_id == publication_id]
    if not earlier:
        there = ", ".join(each.publication_id for each in kept)
        raise PublicationError(
            f"There is no publication {publication_id or 'before the current one'}. Kept: {there}."
        )
    run_id = earlier[0].run_id
    targets["management"] = earlier[0]
    for name in audiences(home):
        if name == "management":
            continue
        same = [each for each in snapshots(home, name) if each.run_id == run_id]
        if same:
            targets[name] = same[0]
    for target in targets.values():
        if wrong := list(wrong_files(target)):
            raise PublicationError(f"Nothing was rolled back: {'; '.join(wrong)}")
    for name, target in targets.items():
        roll_back(home, target, name)
    return targets


def not_rolled_back(home: Home, targets: Mapping[str, Publication]) -> Iterator[str]:
    """A line for each audience that `roll_back_all` left as it is."""
    run_id = targets["management"].run_id
    for name in audiences(home):
        if name not in targets:
            now = current(home, name)
            shows = f"still shows {now.publication_id}" if now else "has no publication"
            yield (
                f"{name}: not rolled back, {shows}: it keeps no publication of run {run_id}. Where "
                "that must not be seen, mend the cause and run `koers publish`."
            )


def verify(home: Home) -> Iterator[str]:
    """What is wrong with the publications that are kept, audience by audience: changed, missing or
    unreadable files. Nothing when all are as they were made."""
    for name in audiences(home):
        try:
            if current(home, name) is None:
                yield f"{name}: nothing is published yet"
        except PublicationError as error:
            yield f"{name}: {error}"
        try:
            for publication in snapshots(home, name):
                yield from wrong_files(publication)
        except PublicationError as error:
            yield f"{name}: {error}"


def wrong_files(publication: Publication) -> Iterator[str]:
    """The files of one publication whose checksum is not that of its manifest."""
    folder = publication.file.parent
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    files: dict[Path, str] = {publication.file: publication.sha256}
    for name, about in manifest["parquet"].items():
        files[folder / "parquet" / name] = about["sha256"]
    for file, digest in files.items():
        if not file.exists():
            yield f"{file} is missing"
        elif sha256(file) != digest:
            yield f"{file} was changed after it was made"


def abandoned(home: Home) -> list[Path]:
    """Folders of audiences that are no longer in audiences.yaml: still readable, never renewed."""
    if not home.published.is_dir():
        return []
    known = audiences(home)
    return sorted(
        path for path in home.published.iterdir() if path.is_dir() and path.name not in known
    )
