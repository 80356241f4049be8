"""What was said stays what it was: taken together, taken back, and killed in the middle."""

from __future__ import annotations

import dataclasses
import datetime as dt
import shutil
import signal
from pathlib import Path
from typing import Any

import pytest
import typer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.core.durable import sha256
from connectors.core.failpoints import VARIABLE
from pipelines.cli import publish
from pipelines.governing import kpi_history
from pipelines.publication import ID_FORMAT, Publication, roll_back
from pipelines.said.parts import clear, parts, statements, take_together
from pipelines.said.reading import all_said, changes, newest_until, said_on
from pipelines.said.recording import folder_of, note_rollback, record, record_all, recorded
from pipelines.settings import Home
from tests.governance.test_said import (
    NIGHT,
    START,
    facts_of,
    file_of,
    published,
    reasons,
    say,
    value,
)
from tests.zygote import forked

# Facts of a night, or how many publications back it goes.
STEP = st.one_of(NIGHT, st.integers(1, 3))


def whole(publication: Publication) -> Publication:
    return dataclasses.replace(publication, sha256=sha256(publication.file))


@settings(max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(STEP, min_size=2, max_size=6),
    is_kept=st.booleans(),
    asked=st.lists(st.integers(-1, 7), min_size=3, max_size=3),
)
def test_what_was_said_on_a_day_is_what_readers_got_that_day(
    tmp_path: Path, steps: list[Any], is_kept: bool, asked: list[int]
) -> None:
    """Against a plain list of who read what from when. Whether the publication of before is still
    there to compare with, makes no difference; nor does taking together, each second night."""
    files, said = tmp_path / "files", tmp_path / "said"
    for folder in (files, said):
        shutil.rmtree(folder, ignore_errors=True)
    made: list[Publication] = []
    reference: list[tuple[dt.datetime, Publication]] = []
    for night, step in enumerate(steps):
        at = START + dt.timedelta(days=night)
        before = reference[-1][1] if reference and is_kept else None
        if isinstance(step, int):
            if not made:
                continue
            target = made[-min(step, len(made))]
            record(said, target, before=before, rolled_back=at)
        else:
            target = whole(file_of(files, night, facts_of(step)))
            made.append(target)
            record(said, target, before=before)
        reference.append((at, target))
        take_together(said, 2)
        clear(said)
        assert len(parts(said)) <= len(reference).bit_length()
    for day in asked:
        moment = START + dt.timedelta(days=day, hours=3)
        read = [publication for at, publication in reference if at <= moment]
        then = newest_until(said, moment)
        assert (then is None) == (not read)
        if then is not None:
            assert all_said(said, then) == published(read[-1])
    assert [s.publication_id for s in statements(said)] == [
        publication.publication_id for _, publication in reference
    ]


def three_nights(folder: Path) -> list[Publication]:
    made = [file_of(folder / "files", n, [value(100 + n), value(7, at=2)]) for n in range(4)]
    for publication in made:
        record(folder / "said", publication)
    return made


@pytest.mark.parametrize(
    "place", ["said.merging:2", "said.before_rename", "said.after_rename", "said.merged"]
)
def test_a_kill_while_taking_together_loses_nothing(tmp_path: Path, place: str) -> None:
    made, said = three_nights(tmp_path), tmp_path / "said"
    history = changes(said, "revenue", "org", "month")
    child = forked("tests.governance.child", "together", str(said), **{VARIABLE: place})
    assert child.returncode == -signal.SIGKILL
    for _ in range(2):
        assert recorded(said) == [publication.publication_id for publication in made]
        assert changes(said, "revenue", "org", "month") == history
        for publication in made:
            assert all_said(said, publication.publication_id) == published(publication)
        take_together(said, 4)
        clear(said)
    assert [path.name for path in said.iterdir()] == [f"{recorded(said)[0]}-{recorded(said)[-1]}"]
    assert len(history) == 5


def test_a_reader_may_go_on_until_the_next_recording(tmp_path: Path) -> None:
    three_nights(tmp_path)
    said = tmp_path / "said"
    before = parts(said)
    take_together(said, 4)
    assert all(part.folder.exists() for part in before)
    assert len(parts(said)) == 1
    clear(said)
    assert not any(part.folder.exists() for part in before)


def test_what_an_older_koers_recorded_is_read(tmp_path: Path) -> None:
    made, said = three_nights(tmp_path), tmp_path / "said"
    for about in said.glob("*/said.json"):
        about.unlink()
    assert recorded(said) == [publication.publication_id for publication in made]
    take_together(said, 4)
    assert all_said(said, made[2].publication_id) == published(made[2])


def test_a_publication_taken_back_is_said_from_then(koers_home: Home) -> None:
    first, second = say(koers_home, [value(100)]), say(koers_home, [value(120), value(5, at=2)])
    record_all(koers_home)
    roll_back(koers_home, first)
    now = dt.datetime.now(dt.UTC)
    [moment] = record_all(koers_home)
    assert record_all(koers_home) == []
    assert abs(dt.datetime.strptime(moment, ID_FORMAT).replace(tzinfo=dt.UTC) - now) < (
        dt.timedelta(minutes=5)
    )
    assert statements(folder_of(koers_home))[-1].is_rollback
    found = changes(folder_of(koers_home), "revenue", "org", "month")
    assert [change.reasons for change in found[-2:]] == [("rollback",)] * 2
    taken_back = {change.period_start.month: change.now for change in found[-2:]}
    assert taken_back[2] is None
    assert taken_back[1] is not None
    assert taken_back[1].kpi_value == 100
    folder = folder_of(koers_home)
    for said_id, publication in ((second.publication_id, second), (moment, first)):
        assert all_said(folder, said_id) == published(publication)


def test_what_follows_a_rollback_is_held_against_what_was_put_back(koers_home: Home) -> None:
    """Also where nothing was recorded between the two, and by a clock that stood behind."""
    first = say(koers_home, [value(100)])
    say(koers_home, [value(120)])
    record_all(koers_home)
    roll_back(koers_home, first)
    note_rollback(koers_home)
    third = say(koers_home, [value(130)])
    assert third.publication_id < recorded(folder_of(koers_home))[-1]
    assert reasons(koers_home)[2:] == [("rollback",), ("restatement", "corrected_data")]
    last = changes(folder_of(koers_home), "revenue", "org", "month")[-1]
    assert last.before is not None
    assert last.before.kpi_value == 100
    assert record_all(koers_home) == []
    newest = newest_until(folder_of(koers_home), dt.datetime.now(dt.UTC) + dt.timedelta(hours=1))
    assert newest is not None
    assert [f.kpi_value for f in said_on(folder_of(koers_home), "revenue", "org", "month", newest)]


def test_the_command_tells_that_it_was_taken_back(
    koers_home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    first = say(koers_home, [value(100)])
    say(koers_home, [value(120)])
    with pytest.raises(typer.Exit):  # the other audience has no publication to go back to
        publish(verify=False, rollback=True, publication_id="")
    kpi_history("revenue")
    told = capsys.readouterr().out
    assert f"back to {first.publication_id}" in told
    assert told.rstrip().endswith(": rollback")
