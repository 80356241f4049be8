"""What was said is what was published then, whatever was published since; and why it changed."""

from __future__ import annotations

import datetime as dt
import shutil
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.core.failpoints import VARIABLE
from pipelines.publication import ID_FORMAT, Publication, publish, snapshots
from pipelines.said.changes import KEY, SAID
from pipelines.said.reading import all_said, changes, newest_until, redefinitions, said_on
from pipelines.said.recording import SaidError, folder_of, record, record_all, recorded
from pipelines.settings import Home
from tests.publication.tiny import fact, month, warehouse
from tests.zygote import forked

Facts = list[dict[str, Any]]
START = dt.datetime(2025, 6, 1, 2, tzinfo=dt.UTC)


def say(home: Home, facts: Sequence[dict[str, Any]], *sql: str, keep: int = 50) -> Publication:
    """Publish these facts, a day after the publication before."""
    file = warehouse(home.warehouse, facts)
    with duckdb.connect(str(file)) as db:
        for statement in sql:
            db.execute(statement)
    at = START + dt.timedelta(
        days=len(list(snapshots(home))) + 100 * len(recorded(folder_of(home)))
    )
    return publish(file, home, run_id="run", keep=keep, clock=lambda: at)


def value(number: float, at: int = 1, unit: str = "org", **more: Any) -> dict[str, Any]:
    return fact("revenue", unit, month(at), number, "on_course", **more)


def published(publication: Publication) -> list[tuple[Any, ...]]:
    columns = ", ".join((*KEY, *SAID))
    with duckdb.connect(str(publication.file), read_only=True) as db:
        return db.execute(
            f"select {columns} from fct_kpi_status order by {', '.join(KEY)}"
        ).fetchall()


def reasons(home: Home, unit: str = "org") -> list[tuple[str, ...]]:
    record_all(home)
    return [change.reasons for change in changes(folder_of(home), "revenue", unit, "month")]


ROW = st.fixed_dictionaries(
    {
        "kpi": st.sampled_from(["revenue", "nps"]),
        "unit": st.sampled_from(["org", "north"]),
        "start": st.integers(1, 3).map(month),
        "value": st.sampled_from([None, 90.0, 100.0, 110.0]),
        "target": st.sampled_from([None, 100.0, 105.0]),
        "closed": st.booleans(),
    }
)
NIGHT = st.lists(ROW, max_size=6, unique_by=lambda row: (row["kpi"], row["unit"], row["start"]))


def facts_of(night: list[dict[str, Any]]) -> Facts:
    return [
        fact(
            row["kpi"],
            row["unit"],
            row["start"],
            row["value"],
            "on_course",
            target=row["target"],
            closed=row["closed"],
        )
        for row in night
    ]


def file_of(folder: Path, night: int, facts: Facts, start: dt.datetime = START) -> Publication:
    """As much of a publication as is read after it was made, in milliseconds."""
    publication_id = (start + dt.timedelta(days=night)).strftime(ID_FORMAT)
    file = warehouse(folder / f"{publication_id}.duckdb", facts)
    return Publication(
        audience="management",
        publication_id=publication_id,
        run_id="run",
        created_at=start + dt.timedelta(days=night),
        file=file,
        tables={},
        sha256="",
        facts_hash="",
        dims_hash="",
        schema_version=1,
        changed=True,
    )


@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(NIGHT, min_size=1, max_size=4))
def test_the_changes_until_a_publication_are_that_publication(
    tmp_path: Path, nights: list[list[dict[str, Any]]]
) -> None:
    """Recorded twice it is the same."""
    files, said = tmp_path / "files", tmp_path / "said"
    for folder in (files, said):
        shutil.rmtree(folder, ignore_errors=True)
    made = [file_of(files, night, facts_of(rows)) for night, rows in enumerate(nights)]
    for publication in made:
        record(said, publication)
        record(said, publication)
    for publication in made:
        assert all_said(said, publication.publication_id) == published(publication)


def test_what_was_left_undone_is_caught_up_with(koers_home: Home) -> None:
    made = [say(koers_home, [value(number)]) for number in (100, 110, 120)]
    assert record_all(koers_home) == [each.publication_id for each in made]
    assert record_all(koers_home) == []
    for publication in made:
        assert all_said(folder_of(koers_home), publication.publication_id) == published(publication)


def test_why_a_figure_changed(tmp_path: Path) -> None:
    nights = [
        [value(100), value(50, at=2, closed=False)],
        [value(100), value(60, at=2, closed=False)],
        [value(100), value(60, at=2)],
        [value(120), value(60, at=2)],
        [value(120, target=80.0), value(60, at=2)],
        [value(120, target=80.0)],
    ]
    for night, rows in enumerate(nights):
        record(tmp_path / "said", file_of(tmp_path, night, rows))
    found = changes(tmp_path / "said", "revenue", "org", "month")
    assert [change.reasons for change in found] == [
        ("new",),
        ("new",),
        ("open_period",),
        ("closed",),
        ("restatement", "corrected_data"),
        ("target",),
        ("removed",),
    ]


@pytest.mark.fault("D10")
def test_another_definition_is_no_restatement(koers_home: Home) -> None:
    say(koers_home, [value(100)], "update fct_kpi_status set definition_version = 'a'")
    say(koers_home, [value(140)], "update fct_kpi_status set definition_version = 'b'")
    assert reasons(koers_home) == [("new",), ("definition",)]


def test_another_organisation_explains_the_units_that_it_touches(koers_home: Home) -> None:
    """Team North goes to another department: its own department and the organisation are touched,
    team South is not, so there it is late data."""
    first = [value(100), value(40, unit="north"), value(60, unit="south"), value(100, unit="sales")]
    say(koers_home, first)
    moved = "update dim_org_unit set parent_id = 'org' where org_unit_id = 'north'"
    then = [value(101), value(40, unit="north"), value(61, unit="south"), value(61, unit="sales")]
    say(koers_home, then, moved)
    assert reasons(koers_home, "sales") == [("new",), ("organisation",)]
    assert reasons(koers_home, "south") == [("new",), ("restatement", "corrected_data")]
    assert reasons(koers_home) == [("new",), ("organisation",)]
    assert reasons(koers_home, "north") == [("new",)]


def test_a_unit_that_is_called_otherwise_is_the_same_organisation(koers_home: Home) -> None:
    say(koers_home, [value(100)])
    say(koers_home, [value(101)], "update dim_org_unit set name = 'Ander BV'")
    assert reasons(koers_home) == [("new",), ("restatement", "corrected_data")]


def test_what_did_not_change_costs_nothing(koers_home: Home) -> None:
    say(koers_home, [value(100 / 3)])
    say(koers_home, [value(100 / 3 + 1e-14)])  # another order of adding up
    assert len(reasons(koers_home)) == 1
    with duckdb.connect() as db:
        files = sorted(folder_of(koers_home).glob("*/*.parquet"))[3:]
        assert [len(db.read_parquet(str(file)).fetchall()) for file in files] == [0, 0, 0]


def test_it_is_remembered_when_the_publication_is_gone(koers_home: Home) -> None:
    first = say(koers_home, [value(100)], keep=1)
    record_all(koers_home)
    second = say(koers_home, [value(120)], keep=1)
    record_all(koers_home)
    assert not first.file.exists()
    folder = folder_of(koers_home)
    then = newest_until(folder, first.created_at)
    assert then == first.publication_id
    assert newest_until(folder, first.created_at - dt.timedelta(seconds=1)) is None
    assert newest_until(folder, second.created_at) == second.publication_id
    assert [f.kpi_value for f in said_on(folder, "revenue", "org", "month", then)] == [100]


@pytest.mark.fault("D10")
def test_a_definition_is_told_by_the_field_that_changed(koers_home: Home) -> None:
    say(koers_home, [value(100)])
    say(koers_home, [value(100)], "update dim_kpi set owner = 'eva' where kpi = 'revenue'")
    say(koers_home, [value(100)], "update dim_kpi set owner = 'eva' where kpi = 'revenue'")
    record_all(koers_home)
    first, second = redefinitions(folder_of(koers_home), "revenue")
    assert first.fields["owner"] == (None, "directie")
    assert second.fields == {"owner": ("directie", "eva")}


def test_nothing_is_put_in_before_what_was_said_later(koers_home: Home) -> None:
    first = say(koers_home, [value(100)])
    second = say(koers_home, [value(120)])
    folder = folder_of(koers_home)
    record(folder, second)
    with pytest.raises(SaidError, match="newer"):
        record(folder, first)
    assert record_all(koers_home) == []


def test_a_file_that_cannot_be_read_is_named(koers_home: Home) -> None:
    say(koers_home, [value(100)])
    record_all(koers_home)
    (broken,) = folder_of(koers_home).glob("*/values.parquet")
    broken.write_bytes(b"nothing")
    with pytest.raises(SaidError, match="backup"):
        changes(folder_of(koers_home), "revenue", "org", "month")
    say(koers_home, [value(120)], keep=1)
    with pytest.raises(SaidError, match="backup"):
        record_all(koers_home)


@pytest.mark.parametrize("place", ["said.writing:2", "said.before_rename", "said.after_rename"])
def test_a_crash_leaves_nothing_half_and_the_next_run_completes(
    koers_home: Home, place: str
) -> None:
    say(koers_home, [value(100)])
    record_all(koers_home)
    last = say(koers_home, [value(120)])
    child = forked("tests.governance.child", "record", **{VARIABLE: place})
    assert child.returncode == -signal.SIGKILL
    assert len(reasons(koers_home)) == 2
    assert all_said(folder_of(koers_home), last.publication_id) == published(last)
    assert not list(folder_of(koers_home).glob(".building-*"))
