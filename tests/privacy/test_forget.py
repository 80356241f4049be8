"""A canary employee and a canary contact, put in every room and erased: no byte tells of them."""

from __future__ import annotations

import json
import shutil
import signal

import pytest

from connectors.core.durable import sha256
from connectors.core.landing import Landing
from pipelines.privacy import erasing, journal
from pipelines.privacy.erasing import forget, preview
from pipelines.privacy.person import PersonError, find
from pipelines.privacy.searching import search
from pipelines.settings import Home, Settings
from tests.line.line import write
from tests.privacy import making
from tests.privacy.making import (
    CONTACT,
    CONTACT_ID,
    CONTACT_NAME,
    EMPLOYEE,
    LOGIN,
    NUMBER,
    OF_CONTACT,
    OF_EMPLOYEE,
    PHONE,
    PSEUDONYM,
    UNIT,
    fake_makers,
)
from tests.zygote import forked


def rooms(home: Home, texts: tuple[str, ...]) -> set[str]:
    """The rooms that hold one of the texts."""
    found = {hit.file.relative_to(home.root).parts for hit in search(home.root, texts)}
    return {parts[0] if parts[0] != "inbox" else "/".join(parts[:2]) for parts in found}


def totals(home: Home) -> dict[str, list[object]]:
    """What the landing adds up to, whoever it was."""
    import duckdb

    landing = Landing(home.landing)
    found = {}
    with duckdb.connect() as db:
        for stream, amount in (("deals", "amount"), ("contacts", "lifecycle_stage")):
            parts = [str(part) for part in landing.parts("hubspot", stream)]
            found[stream] = db.execute(
                "select count(*), count(distinct record_id), "
                f"list_sort(list(record ->> '{amount}')) from read_parquet(?)",
                [parts],
            ).fetchall()
    return found


@pytest.mark.fault("H1", "H2")
def test_no_byte_of_a_contact_is_left(home: Home) -> None:
    assert rooms(home, OF_CONTACT) == {
        "landing", "warehouse", "state", "dagster", "inbox/archive",
    }  # fmt: skip
    before = totals(home)

    done = forget(home, Settings(), [CONTACT], [CONTACT_NAME, PHONE], makers=fake_makers())

    assert done.left == []
    assert search(home.root, OF_CONTACT) == []
    assert totals(home) == before
    assert not journal.file_of(home).exists()
    assert rooms(home, OF_EMPLOYEE)  # somebody else


@pytest.mark.fault("H1", "H2")
def test_no_byte_of_an_employee_is_left(home: Home) -> None:
    assert rooms(home, OF_EMPLOYEE) == {
        "landing", "warehouse", "published", "state", "dagster", "report", "inbox/archive",
        "inbox/organisation",
    }  # fmt: skip
    before = totals(home)

    done = forget(home, Settings(), [UNIT], [PHONE], makers=fake_makers())

    assert done.left == []
    assert search(home.root, OF_EMPLOYEE) == []
    assert totals(home) == before
    assert rooms(home, OF_CONTACT[:3])  # somebody else


@pytest.mark.parametrize("word", [EMPLOYEE, LOGIN, NUMBER])
def test_an_employee_is_found_by_whatever_names_them(home: Home, word: str) -> None:
    assert find(home, [word]).units == {UNIT}


@pytest.mark.fault("H1")
def test_a_contact_is_found_by_a_record_and_their_address_in_the_files_by_its_hash(
    home: Home,
) -> None:
    done = forget(
        home, Settings(), ["hubspot", "contacts", CONTACT_ID], [CONTACT_NAME], makers=fake_makers()
    )

    assert done.left == []
    assert search(home.inbox, [CONTACT, PSEUDONYM]) == []


def test_nobody_is_forgotten_in_the_place_of_another(home: Home) -> None:
    with pytest.raises(PersonError, match="Nobody is known as 'Piet Onbekend'"):
        forget(home, Settings(), ["Piet Onbekend"], makers=fake_makers())
    with pytest.raises(PersonError, match="no record '1'"):
        forget(home, Settings(), ["hubspot", "contacts", "1"], makers=fake_makers())
    assert not journal.file_of(home).exists()


def test_a_preview_changes_nothing(home: Home) -> None:
    before = {file: file.stat().st_mtime_ns for file in home.root.rglob("*.parquet")}
    _, told = preview(home, [CONTACT])
    assert told.told["landing"] == {"hubspot.contacts": 2, "surveys.responses": 1}
    assert {name.split("__")[-1] for name in told.told["files"]} == {
        "contacts.csv", "contacts.zip", "nps.json"
    }  # fmt: skip
    assert {file: file.stat().st_mtime_ns for file in home.root.rglob("*.parquet")} == before


@pytest.mark.fault("H1")
def test_who_was_forgotten_is_not_landed_again(home: Home) -> None:
    forget(home, Settings(), [CONTACT], makers=fake_makers())
    forget(home, Settings(), [UNIT], makers=fake_makers())
    shutil.rmtree(home.inbox)
    making.files(home)
    (home.inbox / "later.zip").unlink()
    again = making.CONTACTS.replace("10:00", "11:00")  # other bytes, a newer version
    write(home.inbox / "hubspot", "contacts.csv", again)
    making.land(home, making.NOW.replace(day=25))

    assert search(home.landing, [*OF_CONTACT, *OF_EMPLOYEE]) == []
    newest = Landing(home.landing).newest("hubspot", "contacts")
    assert newest is not None
    assert newest.counts.left_out == 1
    assert newest.counts.loaded == 2
    listed = (home.landing / ".forgotten.json").read_text()
    assert not any(text in listed for text in (*OF_CONTACT, *OF_EMPLOYEE))


STEPS = ("list", "landing", "files", "ledger", "said", "warehouse", "publications", "reports",
         "dagster", "rest")  # fmt: skip
INSIDE = {
    "landing": ("rewriting.before_part", "rewriting.after_part", "rewriting.before_manifest"),
    "files": ("erasing.before_file", "erasing.after_file"),
    "warehouse": ("erasing.before_warehouse",),
    "publications": ("erasing.before_snapshots",),
}


def points() -> list[str]:
    """Every fail point of an erasure, in the order in which it comes by them. One that goes on
    visits what is done no more, so the first visit is always that of the next step."""
    found = ["erasing.begun"]
    for step in STEPS:
        found += [*INSIDE.get(step, ()), "erasing.step_done", "erasing.step_noted"]
    return [*found, "erasing.before_end"]


@pytest.mark.fault("H1")
def test_an_erasure_that_is_killed_at_each_step_goes_on_where_it_was(home: Home) -> None:
    before = totals(home)
    for point in points():
        killed = forked(
            "tests.privacy.child", str(home.root), CONTACT, CONTACT_NAME, PHONE,
            KOERS_FAILPOINT=point,
        )  # fmt: skip
        assert killed.returncode == -signal.SIGKILL, (point, killed.stderr.decode())
        assert journal.file_of(home).exists()

    assert erasing.finish_left(home, Settings(), lambda _: None, fake_makers())

    assert search(home.root, OF_CONTACT) == []
    assert totals(home) == before
    assert not journal.file_of(home).exists()
    landing = Landing(home.landing)
    for manifest in landing.manifests("hubspot", "contacts"):
        folder = landing.load_folder("hubspot", "contacts", manifest.load_id)
        for part in manifest.parts:
            assert sha256(folder / part.name) == part.sha256


def test_the_report_tells_no_one_of_the_person(home: Home) -> None:
    done = forget(home, Settings(), [CONTACT], makers=fake_makers())
    assert done.report is not None
    told = json.loads(done.report.read_text())
    assert told["removed"]["landing"] == {
        "hubspot.contacts": {"rows": 2, "rejected": 0},
        "surveys.responses": {"rows": 1, "rejected": 0},
    }
    assert told["still_named_in"] == []
    assert not any(text in done.report.read_text() for text in OF_CONTACT)
