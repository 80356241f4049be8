"""The sample company: the same each time, read whole by the connectors, wrong where it says so."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from connectors.core.discover import discover
from connectors.core.export import ingest_inbox
from pipelines.sample import SampleError, write_sample
from pipelines.sample.company import ROOT, company
from pipelines.sample.days import add_months, month_end
from pipelines.sample.events import Events, generate
from pipelines.sample.figures import figures
from pipelines.sample.incidents import Incident, incidents
from pipelines.settings import Home

START = dt.date(2025, 6, 1)
END = dt.date(2026, 11, 23)
REPLACED = ("hubspot.deals", "hubspot.contacts", "ledger.invoices")
"""Streams of which a later export replaces rows of an earlier one."""
NOW = dt.datetime(2026, 11, 24, 2, tzinfo=dt.UTC)


def hashes(folder: Path) -> dict[str, str]:
    return {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


def events_until(end: dt.date, planted: dict[str, Incident] | None = None) -> Events:
    return generate(company(START, 1), end, 1, 7, planted or {})


def test_the_same_arguments_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_sample(Home(tmp_path / name), end_date=dt.date(2026, 3, 10), months=3)
    assert hashes(tmp_path / "one") == hashes(tmp_path / "two")
    write_sample(Home(tmp_path / "other"), end_date=dt.date(2026, 3, 10), months=3, seed=8)
    assert hashes(tmp_path / "one") != hashes(tmp_path / "other")


def test_a_later_end_adds_days_and_changes_none() -> None:
    early, late = events_until(dt.date(2025, 8, 20)), events_until(dt.date(2025, 9, 30))
    for kind in ("contacts", "mailings", "list_sizes", "posts", "responses", "entries"):
        before = getattr(early, kind)
        assert getattr(late, kind)[: len(before)] == before, kind
        assert len(getattr(late, kind)) > len(before), kind
    state = {"stage", "closed_at", "updated_at"}
    then, now = (
        [{k: v for k, v in deal.items() if k not in state} for deal in events.deals]
        for events in (early, late)
    )
    assert now[: len(then)] == then


def test_size_multiplies_people_and_work(tmp_path: Path) -> None:
    end = dt.date(2025, 7, 31)
    small, large = (generate(company(START, size), end, size, 7, {}) for size in (1, 4))
    assert len(company(START, 4).names) == 4 * len(company(START, 1).names) == 160
    for kind in ("deals", "contacts", "activities", "responses", "entries"):
        assert 3 < len(getattr(large, kind)) / len(getattr(small, kind)) < 5, kind


def test_months_that_are_over_hold_the_planted_incidents() -> None:
    calm = figures(company(START, 1), events_until(END), END)
    planted = incidents(START, END)
    assert len(planted) >= 6
    struck = figures(company(START, 1), events_until(END, planted), END)
    for incident in planted.values():
        month = incident.first.replace(day=1)
        there, would_be = (
            numerator / (denominator or 1)
            for numerator, denominator in (
                of.get((incident.kpi, incident.org_unit_id, month), [Decimal(0), Decimal(0)])
                for of in (struck, calm)
            )
        )
        assert there < would_be * Decimal("0.75"), incident


@pytest.mark.parametrize("end", [dt.date(2026, 2, 28), dt.date(2026, 7, 14), dt.date(2024, 2, 29)])
def test_something_is_wrong_in_the_last_month_that_is_over(end: dt.date) -> None:
    start = add_months(end.replace(day=1), -17)
    last = end if end == month_end(end) else end.replace(day=1) - dt.timedelta(days=1)
    assert last in {incident.last for incident in incidents(start, end).values()}


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, dict[str, Any]]:
    home = Home(tmp_path_factory.mktemp("sample"))
    return home, write_sample(home, end_date=dt.date(2026, 3, 31), months=4)


def test_every_file_is_read_and_every_row_is_where_it_says(
    sample: tuple[Home, dict[str, Any]],
) -> None:
    home, truth = sample
    counts: dict[str, Counter[str]] = {}
    for name, connector in discover().items():
        result = ingest_inbox(connector, home.inbox, home.landing, now=NOW)
        assert not result.refused
        for load in result.loads:
            counts[f"{name}.{load.stream}"] = Counter(
                read=load.counts.read,
                rejected=load.counts.rejected,
                loaded=load.counts.loaded,
                duplicate=load.counts.duplicate,
            )
    assert set(counts) == set(truth["streams"])
    for stream, said in truth["streams"].items():
        found = counts[stream]
        assert (found["read"], found["rejected"]) == (said["read"], said["rejected"]), stream
        if stream not in REPLACED:
            assert found["duplicate"] == said["duplicate"], stream


def test_the_truth_adds_up(sample: tuple[Home, dict[str, Any]]) -> None:
    _, truth = sample
    sums: Counter[tuple[str, str, str]] = Counter()
    for row in truth["figures"]:
        layer = {ROOT: "all", "verkoop": "d", "marketing": "d", "service": "d"}
        key = (row["kpi"], row["month"], layer.get(row["org_unit_id"], "other"))
        sums[key] += Decimal(row["numerator"])  # type: ignore[assignment]
    for (kpi, month, level), total in sums.items():
        if level == "all" and kpi in ("mqls", "open_rate", "social_reach", "return_pct"):
            assert total == sums[kpi, month, "d"], (kpi, month)


def test_it_does_not_mix_with_what_is_there(tmp_path: Path) -> None:
    own = tmp_path / "inbox" / "crm" / "mine.csv"
    own.parent.mkdir(parents=True)
    own.write_text("a\n1\n")
    with pytest.raises(SampleError, match="input of its own"):
        write_sample(Home(tmp_path), end_date=END)
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == [own]
