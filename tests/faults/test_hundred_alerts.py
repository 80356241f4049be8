"""A hundred messages wait, and who sends them is killed again and again."""

from __future__ import annotations

import contextlib
import signal
import sqlite3
from collections import Counter

import pytest

from pipelines.publication import publish
from pipelines.settings import Channel, Home
from pipelines.watch.watching import watch
from tests.publication.tiny import fact, month, warehouse
from tests.watch.receiver import receiving
from tests.zygote import forked

MESSAGES = 100
AGAIN = """
insert into outbox (idempotency_key, publication_id, owner, channel, title, body, dedup_keys,
    letter, created_at, next_attempt_at)
select idempotency_key || '/' || ?, publication_id, owner, channel, title, body, dedup_keys, letter,
    created_at, next_attempt_at
from outbox limit 1
"""


@pytest.fixture
def queued(koers_home: Home) -> Home:
    warehouse(koers_home.warehouse, [fact("revenue", "north", month(6), 80.0, "off_course")])
    published = publish(koers_home.warehouse, koers_home, run_id="r", keep=2)
    watch(published, koers_home.ledger, [Channel(name="hook", url_env="KOERS_HOOK")])
    change(koers_home, AGAIN, [[number] for number in range(1, MESSAGES)])
    return koers_home


def change(home: Home, query: str, rows: list[list[int]]) -> None:
    with contextlib.closing(sqlite3.connect(home.ledger)) as ledger, ledger:
        ledger.executemany(query, rows)


def unsent(home: Home) -> int:
    with contextlib.closing(sqlite3.connect(home.ledger)) as ledger:
        return int(
            ledger.execute("select count(*) from outbox where sent_at is null").fetchone()[0]
        )


@pytest.mark.fault("E1", "E3")
@pytest.mark.parametrize(("place", "nth"), [("claimed", 31), ("sent", 9), ("marked", 12)])
def test_each_is_sent_and_at_most_once_more_for_each_kill(
    queued: Home, place: str, nth: int
) -> None:
    kills = 0
    with receiving() as hook:
        while unsent(queued):
            done = forked(
                "tests.watch.child",
                *("deliver", str(queued.root)),
                KOERS_HOOK=hook.url,
                KOERS_FAILPOINT=f"deliver.{place}:{nth}",
            )
            assert done.returncode in (0, -signal.SIGKILL), done.stderr.decode()
            kills += done.returncode != 0
            # As if minutes went by: what was claimed is due again.
            change(queued, "update outbox set next_attempt_at = created_at where ?", [[1]])
    counts = Counter(hook.keys)
    assert kills >= MESSAGES // nth - 1, "a fault that is not hit shows nothing"
    assert len(counts) == MESSAGES
    assert max(counts.values()) <= 2
    assert counts.total() == MESSAGES + (kills if place == "sent" else 0)
