"""A source that suddenly tells far less than before: rows, or fields of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from connectors.core.guard import Guard, _is_no_chance
from connectors.core.mapping import parse_mapping
from connectors.core.outcome import PullOutcome
from tests.faults.crm import CRM, Crm, landed, newest_cursor, read
from tests.landing.making import LISTS, counts, ingest, put
from tests.landing.making import landed as landed_files

WEEK = dt.timedelta(days=8)
Shape = Callable[[dict[str, Any]], dict[str, Any]]


def crm_of(number: int) -> Crm:
    made = Crm()
    for each in range(number):
        made.put(f"d{each:03}")
    made.now += dt.timedelta(hours=2)
    return made


@pytest.mark.fault("B24")
@pytest.mark.parametrize(
    ("before", "after", "is_held_back"),
    [(30, 0, True), (30, 3, True), (30, 14, True), (30, 15, False),
     (19, 1, False), (5, 0, True), (4, 0, False)],
)  # fmt: skip
def test_a_sweep_that_finds_most_gone_is_held_back(
    tmp_path: Path, before: int, after: int, is_held_back: bool
) -> None:
    crm = crm_of(before)
    read(crm, tmp_path)
    cursor = newest_cursor(tmp_path)
    for name in list(crm.records)[after:]:
        crm.vanish(name)
    crm.now += WEEK
    outcome = read(crm, tmp_path)
    assert bool(outcome.failed) == is_held_back
    if is_held_back:
        assert f"from {before} rows to {after}" in str(outcome.failed)
        assert "streams.deals in inbox/tiny/mapping.yaml" in str(outcome.failed)
        assert not outcome.loads
        assert len(landed(tmp_path)) == before
        assert newest_cursor(tmp_path) == cursor
        text = "streams: {deals: {accept_shrink: true}}"
        said = parse_mapping(text, tmp_path / "mapping.yaml", CRM)
        assert read(crm, tmp_path, guards=said.guard).failed is None
    assert landed(tmp_path) == crm.state()


@pytest.mark.fault("B24", "C6")
def test_a_file_with_headings_alone_does_not_end_everything(tmp_path: Path) -> None:
    rows = "".join(f"u{n},Unit {n}\n" for n in range(8))
    put(tmp_path, LISTS, "u.csv", "unit_id,title\n" + rows)
    ingest(tmp_path, LISTS)
    put(tmp_path, LISTS, "u.csv", "unit_id,title\n")
    [told] = ingest(tmp_path, LISTS).refused
    assert "from 8 rows to 0" in str(told.reason)
    assert len(landed_files(tmp_path, LISTS, "units")) == 8
    put(tmp_path, LISTS, "mapping.yaml", "streams: {units: {smallest_share: '0'}}")
    assert counts(ingest(tmp_path, LISTS), "units") == (0, 0, 0, 0)


def test_how_far_a_stream_is_believed_is_said_per_stream(tmp_path: Path) -> None:
    text = "streams: {deals: {smallest_share: 0.1, guarded_from: 500, may_lack: [owner]}}"
    said = parse_mapping(text, tmp_path / "mapping.yaml", CRM)
    assert said.guard("deals") == Guard(0.1, 500, frozenset({"owner"}))
    assert said.guard("others") == Guard()
    assert not said.guard("deals").holds_back(499, 0)
    assert said.guard("deals").holds_back(500, 49)
    everything = parse_mapping("accept_shrink: true", tmp_path / "mapping.yaml", CRM)
    assert not everything.guard("deals").holds_back(1_000, 0)


def renamed(record: dict[str, Any]) -> dict[str, Any]:
    return {"amount_eur" if name == "amount" else name: each for name, each in record.items()}


def moved(record: dict[str, Any]) -> dict[str, Any]:
    return {**record, "owner": {"full_name": record["owner"]["name"]}}


def taken(record: dict[str, Any]) -> dict[str, Any]:
    return {name: each for name, each in record.items() if name != "owner"}


def of_another_type(record: dict[str, Any]) -> dict[str, Any]:
    return {**record, "amount": {"value": record["amount"], "currency": "EUR"}}


def of_another_word(record: dict[str, Any]) -> dict[str, Any]:
    return {**record, "won": "ja"}


def added(record: dict[str, Any]) -> dict[str, Any]:
    return {**record, "colour": "blue", "owner": {**record["owner"], "age": 44}}


def emptied(record: dict[str, Any]) -> dict[str, Any]:
    return {**record, "owner": None, "won": None}


def change_all(crm: Crm, shape: Shape, number: int, home: Path, **options: Any) -> PullOutcome:
    """The newest records change, in their new shape."""
    crm.shape = shape
    crm.now += dt.timedelta(hours=3)
    for name in list(crm.records)[:number]:
        crm.put(name)
    crm.now += dt.timedelta(hours=3)
    return read(crm, home, **options)


LACKING = {
    "renamed": (renamed, "amount"),
    "moved": (moved, "owner"),
    "taken": (taken, "owner"),
    "of another type": (of_another_type, "amount"),
    "of another word": (of_another_word, "won"),
}


@pytest.mark.fault("B20")
@pytest.mark.parametrize("how", LACKING)
def test_a_field_that_no_record_has_any_more_is_held_back(tmp_path: Path, how: str) -> None:
    shape, field = LACKING[how]
    crm = crm_of(30)
    read(crm, tmp_path)
    before, cursor = landed(tmp_path), newest_cursor(tmp_path)
    outcome = change_all(crm, shape, 12, tmp_path)
    assert f"none of 12 records has {field} (at {field}" in str(outcome.failed)
    assert f"may_lack: [{field}]" in str(outcome.failed)
    assert (landed(tmp_path), newest_cursor(tmp_path)) == (before, cursor)

    if how != "of another type" and field != "amount":  # `landed` reads the amounts
        said = Guard(may_lack=frozenset({field}))
        assert read(crm, tmp_path, guards=lambda _: said).failed is None
    crm.shape = lambda record: record
    assert read(crm, tmp_path).failed is None
    assert landed(tmp_path) == crm.state()


@pytest.mark.fault("B20")
@pytest.mark.parametrize("shape", [added, emptied])
def test_a_new_field_and_values_that_are_said_to_be_empty_hold_nothing_back(
    tmp_path: Path, shape: Shape
) -> None:
    crm = crm_of(30)
    read(crm, tmp_path)
    assert change_all(crm, shape, 30, tmp_path).failed is None
    assert landed(tmp_path) == crm.state()


@pytest.mark.fault("B20")
def test_a_record_or_two_without_a_field_hold_nothing_back(tmp_path: Path) -> None:
    """Half of the records never had it; that the next three have none either says nothing."""
    crm = crm_of(30)
    crm.shape = lambda record: record if int(record["id"][1:]) % 3 else taken(record)
    read(crm, tmp_path)
    assert change_all(crm, taken, 3, tmp_path).failed is None


@pytest.mark.fault("B20")
def test_many_small_loads_without_a_field_tell_what_a_large_one_does(tmp_path: Path) -> None:
    crm = crm_of(30)
    crm.shape = lambda record: record if int(record["id"][1:]) % 3 else taken(record)
    read(crm, tmp_path)
    told = [change_all(crm, taken, 2, tmp_path).failed for _ in range(8)]
    assert told[0] is None
    assert "has owner" in str(told[-1])


def test_what_is_no_chance() -> None:
    assert _is_no_chance(1_000, 1_000, 5)
    assert not _is_no_chance(1_000, 1_000, 4)
    assert not _is_no_chance(0, 1_000, 1_000)
    assert not _is_no_chance(2, 2, 3), "of two records nobody knows"
    assert not _is_no_chance(499, 1_000, 1_000), "fewer than half may come together"
    assert _is_no_chance(600, 1_000, 11)
    assert not _is_no_chance(600, 1_000, 9)
