"""Read = loaded + rejected + duplicate, and of a record the newest version counts."""

from __future__ import annotations

import json
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

import connectors.core.spool
from tests.landing.making import (
    TOOL,
    counts,
    csv,
    deal,
    ingest,
    landed,
    put,
    rejects,
)

ROW = st.tuples(
    st.integers(0, 8),
    st.one_of(st.integers(0, 5).map(lambda n: f"{n},50"), st.sampled_from(["", "x", "1.00.0"])),
    st.sampled_from([None, "01-03-2026 10:00", "02-03-2026 10:00", "03-03-2026 10:00"]),
)


def as_read(updated: str | None) -> str:
    return "" if updated is None else updated[3:5] + updated[:2]


@pytest.mark.fault("C4")
@hypothesis_settings(max_examples=25)
@given(st.lists(st.lists(ROW, max_size=8), min_size=1, max_size=4))
def test_every_row_is_loaded_rejected_or_a_duplicate(
    tmp_path_factory: pytest.TempPathFactory, files: list[list[tuple[int, str, str | None]]]
) -> None:
    home = tmp_path_factory.mktemp("home")
    for number, rows in enumerate(files):
        text = csv(deal(*row) for row in rows)
        # Two files of the same bytes are one file.
        put(home, TOOL, f"{number}.csv", text + f"999{number};1,00;;;\n", age=100 - number)
    result = ingest(home)
    read, loaded, rejected, duplicate = counts(result)
    assert read == sum(len(rows) + 1 for rows in files) == loaded + rejected + duplicate
    assert len(rejects(home)) == rejected
    assert loaded == len(landed(home)), "one version of a record is kept of a load"

    good = [
        (as_read(updated), place, number, amount)
        for place, rows in enumerate(files)
        for number, amount, updated in rows
        if amount not in ("", "x", "1.00.0")
    ]
    for key in {number for _, _, number, _ in good}:
        ranks = [(updated, place) for updated, place, number, _ in good if number == key]
        best = max(ranks)
        amounts = {a for u, p, number, a in good if (u, p) == best and number == key}
        kept = Decimal(json.loads(landed(home)[str(key)])["amount"])
        assert kept in {Decimal(a.replace(",", ".")) for a in amounts}


def test_a_conflict_is_said_and_not_settled_in_silence(tmp_path: Path) -> None:
    put(tmp_path, TOOL, "a.csv", csv([deal(1, "10,00"), deal(1, "20,00"), deal(1, "20,00")]))
    assert counts(ingest(tmp_path)) == (3, 1, 1, 1)
    ((file, row, field, value, reason, _),) = rejects(tmp_path)
    assert (file, row, field, value) == ("a.csv", 2, "deal_id", "1")
    assert "rows 2 and 4 have the same deal_id but differ" in reason


def test_a_rejected_row_says_where_and_why(tmp_path: Path) -> None:
    put(tmp_path, TOOL, "a.csv", csv([deal(1), deal(2, "n.v.t."), deal(None, "3,00")]))
    result = ingest(tmp_path)
    assert counts(result) == (3, 1, 2, 0)
    told = {row: (field, reason) for _, row, field, _, reason, _ in rejects(tmp_path)}
    assert told[3][0] == "amount"
    assert "n.v.t." in told[3][1]
    assert told[4] == ("deal_id", "deal_id: is empty, and is required")


@pytest.mark.fault("C8")
def test_the_same_file_again_is_nothing_new(tmp_path: Path) -> None:
    text = csv([deal(1), deal(2)])
    put(tmp_path, TOOL, "a.csv", text)
    first = ingest(tmp_path)
    put(tmp_path, TOOL, "renamed.csv", text)
    again = ingest(tmp_path)
    assert not again.loads
    (outcome,) = again.files
    assert (outcome.status, outcome.load_id) == ("unchanged", first.loads[0].load_id)
    assert not list((tmp_path / "inbox" / "tool").glob("*.csv")), "archived all the same"


@pytest.mark.fault("C8")
def test_overlapping_exports_bring_only_what_is_newer(tmp_path: Path) -> None:
    old, new = "01-03-2026 10:00", "05-03-2026 10:00"
    put(tmp_path, TOOL, "march.csv", csv([deal(1, "1,00", new), deal(2, "2,00", old)]))
    ingest(tmp_path)
    put(tmp_path, TOOL, "late.csv", csv([deal(1, "9,00", old), deal(2, "5,00", new)]))
    ingest(tmp_path)
    amounts = {key: json.loads(record)["amount"] for key, record in landed(tmp_path).items()}
    assert amounts == {"1": "1", "2": "5"}


def test_keys_of_two_fields_do_not_run_together(tmp_path: Path) -> None:
    from connectors.core.contract import Connector, Field, Stream

    pair = Stream("pairs", "One row is a pair.", (Field("a"), Field("b")), key=("a", "b"))
    tool = Connector("pairs", "Pairs", "crm", (pair,))
    put(tmp_path, tool, "x.csv", "a,b\nx|y,z\nx,y|z\n")
    result = ingest(tmp_path, tool)
    assert counts(result, "pairs") == (2, 2, 0, 0)


def test_files_of_one_pass_are_taken_in_the_order_of_their_times(tmp_path: Path) -> None:
    put(tmp_path, TOOL, "z.csv", csv([deal(1, "1,00")]), age=100)
    put(tmp_path, TOOL, "a.csv", csv([deal(1, "2,00")]), age=50)
    result = ingest(tmp_path)
    assert Counter(file.name for file in result.files) == Counter(["z.csv", "a.csv"])
    assert json.loads(landed(tmp_path)["1"])["amount"] == "2"


@pytest.mark.fault("C11")
def test_of_long_rows_fewer_are_held_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for characters in (16_000_000, 4_000):
        monkeypatch.setattr(connectors.core.spool, "CHARACTERS", characters)
        home = tmp_path / str(characters)
        put(home, TOOL, "deals.csv", csv(deal(number, "1,00") for number in range(3_000)))
        assert counts(ingest(home)) == (3_000, 3_000, 0, 0)
        assert len(landed(home)) == 3_000
        parts = list((home / "landing").glob("*/deals/load=*/part-*.parquet"))
        # A block of rows is taken together.
        assert len(parts) == (1 if characters > 4_000 else 3)


def test_a_file_of_which_every_row_is_rejected_says_so(tmp_path: Path) -> None:
    put(tmp_path, TOOL, "a.csv", csv([deal(None), deal(2, "x")]))
    assert counts(ingest(tmp_path)) == (2, 0, 2, 0)
    assert [row[1] for row in rejects(tmp_path)] == [2, 3]
    assert landed(tmp_path) == {}
