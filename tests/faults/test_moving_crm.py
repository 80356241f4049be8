"""A CRM that moves while it is read, is cut off between pages, and repeats itself: nothing is lost,
nothing counts twice, and the cursor never passes what was not landed."""

from __future__ import annotations

import contextlib
import datetime as dt
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from connectors.core.api.messages import Response
from connectors.core.guard import Guard
from connectors.core.landing import Landing
from tests.faults.crm import (
    CRM,
    DEALS,
    OVERLAP,
    START,
    Crm,
    Killed,
    landed,
    newest_cursor,
    read,
    reply,
)

NAMES = st.sampled_from([f"d{number}" for number in range(12)])
# The lists may know of a change only later, though no later than a window reaches back.
LATE = st.integers(0, 50).map(lambda minutes: dt.timedelta(minutes=minutes))

KINDS = st.sampled_from(["put", "put", "delete", "vanish"])


def believed(_: str) -> Guard:
    return Guard(smallest_share=0)


def _loads(home: Path) -> int:
    return len(Landing(home / "landing").load_ids(CRM.name, DEALS.name))


class MovingCrm(RuleBasedStateMachine):
    """What may happen, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.home = Path(tempfile.mkdtemp(prefix="koers-moving-"))
        self.crm = Crm()
        self.vanished: set[str] = set()
        for number in range(8):
            self.crm.put(f"d{number}")

    def _move(self, kind: str, name: str, late: dt.timedelta) -> None:
        known = self.crm.records.get(name)
        if kind == "put":
            self.crm.put(name, late)
        elif known is not None and not known.is_deleted and kind == "delete":
            self.crm.delete(name, late)
        elif known is not None and kind == "vanish":
            self.crm.vanish(name)
            self.vanished.add(name)

    @rule(kind=KINDS, name=NAMES, late=LATE)
    def something_happens(self, kind: str, name: str, late: dt.timedelta) -> None:
        self._move(kind, name, late)

    @rule(late=LATE)
    def many_change_at_one_moment(self, late: dt.timedelta) -> None:
        for name in [name for name, each in self.crm.records.items() if not each.is_deleted]:
            self.crm.put(name, late)

    @rule(
        minutes=st.sampled_from([0, 7, 20, 61, 180, 24 * 60]),
        page=st.integers(1, 5),
        checkpoint=st.sampled_from([1, 4, 1_000]),
        moves=st.lists(st.tuples(st.integers(1, 4), KINDS, NAMES, LATE), max_size=3),
        ending=st.sampled_from(["whole", "whole", "killed", "killed", "expired", "twice"]),
    )
    def it_is_read(
        self,
        minutes: int,
        page: int,
        checkpoint: int,
        moves: list[tuple[int, str, str, dt.timedelta]],
        ending: str,
    ) -> None:
        crm = self.crm
        crm.now += dt.timedelta(minutes=minutes)
        for at, kind, name, late in moves:
            crm.between[at] = self._later(kind, name, late)
        before = _loads(self.home)
        if ending == "killed":
            crm.between[page] = self._kill
        elif ending == "expired":
            crm.answer = _expires(page)
        elif ending == "twice":
            crm.overlap = 1
        with contextlib.suppress(Killed):
            outcome = read(crm, self.home, checkpoint=checkpoint, guards=believed)
            assert outcome.failed is None
            self._rows_add_up(before, crm.given if ending == "whole" else None)
        crm.between.clear()
        crm.answer, crm.overlap = (lambda *_: None), 0
        self._cursor_passes_nothing()

    def _later(self, kind: str, name: str, late: dt.timedelta) -> Callable[[], None]:
        def happen() -> None:
            self.crm.now += dt.timedelta(seconds=20)
            self._move(kind, name, late)

        return happen

    def _kill(self) -> None:
        raise Killed

    def _rows_add_up(self, before: int, given: int | None) -> None:
        """P3: what the source gave is loaded, rejected or a duplicate."""
        landing = Landing(self.home / "landing")
        ids = landing.load_ids(CRM.name, DEALS.name)[before:]
        loads = [landing.manifest(CRM.name, DEALS.name, each) for each in ids]
        for load in loads:
            counts = load.counts
            assert counts.read == counts.loaded + counts.rejected + counts.duplicate
            assert counts.loaded == sum(part.rows for part in load.parts)
        if loads and given is not None:
            assert sum(load.counts.read - load.missing for load in loads) == given

    def _cursor_passes_nothing(self) -> None:
        """P4: what is not landed is in the window of the next pull."""
        cursor = newest_cursor(self.home)
        if cursor is None:
            return
        have = landed(self.home)
        for name, record in self.crm.records.items():
            wanted = None if record.is_deleted else record.amount
            if have.get(name) != wanted:
                assert record.updated_at >= cursor - OVERLAP, f"{name} will never be read"

    def teardown(self) -> None:
        """When it is quiet, the landing is what the source holds."""
        try:
            self._becomes_equal()
        finally:
            shutil.rmtree(self.home)

    def _becomes_equal(self) -> None:
        crm = self.crm
        crm.now += 2 * OVERLAP
        assert read(crm, self.home, guards=believed).failed is None
        told = {n: amount for n, amount in landed(self.home).items() if n not in self.vanished}
        there = {n: amount for n, amount in crm.state().items() if n not in self.vanished}
        assert told == there
        crm.now += dt.timedelta(days=8)
        assert read(crm, self.home, guards=believed).failed is None
        assert landed(self.home) == crm.state()
        before = landed(self.home)
        assert not [load for load in read(crm, self.home).loads if load.counts.loaded]
        assert landed(self.home) == before


def _expires(page: int) -> Callable[[str, Mapping[str, str], int], Response | None]:
    done: list[int] = []

    def answer(path: str, params: Mapping[str, str], at: int) -> Response | None:
        if at == page and not done:
            done.append(at)
            return reply({"message": "this page token has expired"}, 410)
        return None

    return answer


@pytest.mark.fault("B7", "B16", "B17", "B18", "B21")
def test_whatever_moves_the_landing_becomes_what_the_source_holds() -> None:
    run_state_machine_as_test(
        MovingCrm,
        settings=settings(max_examples=10, stateful_step_count=8, deadline=None),
    )


@pytest.mark.fault("B18")
def test_a_backfill_that_was_cut_off_with_nothing_left_keeps_no_news_away(tmp_path: Path) -> None:
    crm = Crm()
    for number in range(8):
        crm.put(f"d{number}")
    crm.now += dt.timedelta(hours=2)
    assert read(crm, tmp_path).failed is None
    crm.put("d0")
    asked = START - OVERLAP, crm.now + OVERLAP

    def kill() -> None:
        raise Killed

    crm.now += dt.timedelta(hours=2)
    crm.between[2] = kill
    with pytest.raises(Killed):
        read(crm, tmp_path, checkpoint=1, window=asked)
    crm.put("d5")
    crm.now += dt.timedelta(days=1)
    for _ in range(2):
        assert read(crm, tmp_path).failed is None
        assert landed(tmp_path) == crm.state()
    newest = Landing(tmp_path / "landing").newest(CRM.name, DEALS.name)
    assert newest is not None
    assert newest.position is None
