"""Dagster's log of events in SQLite, with its files kept open.

Dagster's own storage opens and closes a database for each event, and waits for the disk each time:
some 30 ms of CPU for an event, and a nightly run has about 800 of them. Kept open, SQLAlchemy
compiles each statement once, and SQLite flushes with its checkpoints alone. What follows from one
event, or from a batch of them, is stored in one transaction of each file. What a run said in its
last moments may be lost when the machine stops, not when the process is killed; no fact and no
message depends on it.
"""

from __future__ import annotations

import contextlib
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from dagster._core.events.log import EventLogEntry
from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._core.storage.event_log.sqlite.sqlite_event_log import INDEX_SHARD_NAME
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from dagster._serdes import ConfigurableClassData

MOST_OPEN = 4
"""Each run has a file of its own; these are open: the index of all runs and the newest used."""


class KeptEventLog(SqliteEventLogStorage):
    """See the module. `dagster.yaml` names it (`pipelines.dagster_home`)."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._open: OrderedDict[str, tuple[sa.Engine, int]] = OrderedDict()
        self._tables = set[tuple[int, str]]()
        self._begun: dict[str, sa.Connection] = {}
        self._ends: contextlib.ExitStack | None = None
        super().__init__(base_dir, inst_data)
        # Taken anew while a batch is stored.
        self._db_lock = threading.RLock()  # type: ignore[assignment]

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> KeptEventLog:
        """As Dagster makes it, from what `dagster.yaml` says."""
        return cls(inst_data=inst_data, **config_value)

    def store_event(self, event: EventLogEntry) -> None:
        """In one transaction of each file it goes to."""
        self.store_event_batch([event])

    def store_event_batch(self, events: Sequence[EventLogEntry]) -> None:
        """All of them in one transaction of each file they go to."""
        with self._db_lock, contextlib.ExitStack() as self._ends:
            try:
                for event in events:
                    super().store_event(event)
            finally:
                self._begun, self._ends = {}, None

    @contextlib.contextmanager
    def _connect(self, shard: str) -> Iterator[sa.Connection]:
        with self._db_lock:
            if self._ends is None:
                with self._transaction(shard) as connection:
                    yield connection
            else:
                if shard not in self._begun:
                    self._begun[shard] = self._ends.enter_context(self._transaction(shard))
                yield self._begun[shard]

    @contextlib.contextmanager
    def _transaction(self, shard: str) -> Iterator[sa.Connection]:
        engine = self._engine(shard)
        if shard not in self._initialized_dbs:
            self._initdb(engine)
            self._initialized_dbs.add(shard)
        with engine.begin() as connection:
            yield connection

    def _engine(self, shard: str) -> sa.Engine:
        """That of a shard, as long as its file is the one that was opened: another process may
        have put a broken one aside."""
        number = _inode(self.path_for_shard(shard))
        engine, opened = self._open.pop(shard, (None, 0))
        if engine is not None and opened and number not in (0, opened):
            engine.dispose()
            self._initialized_dbs.discard(shard)
            engine = None
        if engine is None:
            engine = sa.create_engine(
                self.conn_string_for_shard(shard),
                poolclass=sa.QueuePool,
                pool_size=1,  # making a new file takes two for a moment
                connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS},
            )
            sa.event.listen(engine, "connect", _flush_with_checkpoints)
        self._open[shard] = engine, number
        while len(self._open) > MOST_OPEN:
            _, (oldest, _) = self._open.popitem(last=False)
            oldest.dispose()
        return engine

    def has_table(self, table_name: str) -> bool:
        """Whether the index has it, which Dagster asks at each event of a check or an asset. A
        table that is there stays there as long as its file does."""
        table = _inode(self.path_for_shard(INDEX_SHARD_NAME)), table_name
        if table not in self._tables:
            if not super().has_table(table_name):
                return False
            self._tables.add(table)
        return True

    def dispose(self) -> None:
        """Close all files."""
        super().dispose()
        with self._db_lock:
            while self._open:
                self._open.popitem()[1][0].dispose()


def _inode(path: str) -> int:
    try:
        return Path(path).stat().st_ino
    except FileNotFoundError:
        return 0


def _flush_with_checkpoints(connection: Any, _: object) -> None:
    # Said before Dagster makes the tables of a new file, each of which would be flushed else.
    connection.execute("pragma journal_mode = wal")
    connection.execute("pragma synchronous = normal")
