"""One load being written: the only door into the landing.

    with begin_load(landing, connector, stream, now=now) as load:
        source = load.open_source("deals.csv", fingerprint, sha256, size)
        load.add(values, source, row_number)           # values in the order of the stream's fields
        load.extend(columns, source, row_numbers, is_deleted)  # the same for many rows at once
        load.reject(source, row_number, "amount", "12,x", "is no amount", '{"deal_id": "7"}')
        manifest = load.commit(Reach(...))

Nothing exists before `commit` renames the folder into its place; leaving the block without it
removes what was written. Personal fields are replaced here, whoever calls.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import itertools
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from json import encoder as json_encoder
from typing import Literal, cast

import numpy as np

from connectors.core.commit import Finished, Source, finish
from connectors.core.contract import Connector, Stream
from connectors.core.durable import make_folder, sync
from connectors.core.errors import ShrinkError
from connectors.core.failpoints import failpoint
from connectors.core.forgotten import Forgotten, key_id_of, read_forgotten
from connectors.core.guard import Guard
from connectors.core.known import Known, same_rows
from connectors.core.landing import Landing
from connectors.core.locks import exclusive, shared
from connectors.core.manifest import Manifest
from connectors.core.parts import Parts, Stamp
from connectors.core.privacy import Pseudonyms, resolve_pseudonyms
from connectors.core.spool import BATCH, REJECT_COLUMNS, Spool, connect
from connectors.core.writer import Writer

_quoted = json_encoder.encode_basestring
_TOGETHER = 1_000
"""Rows that are taken together: field by field takes less time than row by row."""


@dataclass(frozen=True)
class Reach:
    """How far a load reaches; see `Manifest` for the fields of the same names."""

    cursor_after: str | None = None
    window_from: str | None = None
    window_until: str | None = None
    covers_until: str | None = None


@dataclass(frozen=True)
class Pulled:
    """What the manifest of a load from an API says beside; see `Manifest` for the fields of the
    same names. known: with what to compare the load."""

    mode: Literal["incremental", "full", "window"]
    known: Known
    account: str | None = None
    position: str | None = None
    requests: int = 0
    retries: int = 0
    api_version: str | None = None
    cursor_before: str | None = None


@contextlib.contextmanager
def begin_load(
    landing: Landing,
    connector: Connector,
    stream: Stream,
    *,
    now: dt.datetime,
    spool_rows: int = BATCH,
) -> Iterator[Load]:
    """Begin a load of a stream; one at a time per stream.

    now: the moment of extraction, with a time zone. spool_rows: how many rows are held in memory.
    Raises BusyError while another process loads
    the same stream, UnusableKeyError, LandingDamagedError.
    """
    make_folder(landing.root)
    with exclusive(
        landing.stream_lock(connector.name, stream.name), f"loading {connector.name}.{stream.name}"
    ):
        landing.sweep()
        with shared(landing.incoming_lock, "writing a load"):
            load = Load(landing, connector, stream, now, spool_rows)
            try:
                yield load
            finally:
                load.close()


class Load:
    """See the module. Made by `begin_load`, which holds the stream's lock meanwhile."""

    def __init__(
        self,
        landing: Landing,
        connector: Connector,
        stream: Stream,
        now: dt.datetime,
        spool_rows: int = BATCH,
    ) -> None:
        self.connector, self.stream, self.now = connector, stream, now
        self.landing = landing
        self.previous = landing.newest(connector.name, stream.name)
        self.load_id = landing.next_load_id(connector.name, now)
        self.sources: list[Source] = []
        self._pseudonyms = self._key()
        self._forgotten = self._list()
        names = [field.name for field in stream.fields]
        self._members = [f"{_quoted(name)}:" for name in names]
        self._personal = [i for i, field in enumerate(stream.fields) if field.personal]
        self._key_at = [names.index(name) for name in stream.key]
        self._updated_at = names.index(stream.updated_at) if stream.updated_at else None
        self._rows = 0
        self._waiting: list[tuple[int, int, int, bool, Sequence[str | None]]] = []
        self._folder = landing.incoming / f"{connector.name}.{stream.name}.{self.load_id}"
        self._work = self._folder / "spool"
        make_folder(self._work)
        self._db = connect(self._work / "spill")
        self._stamp = Stamp(self.load_id, now.astimezone(dt.UTC).replace(tzinfo=None))
        self._writer = Writer()
        self._records = Parts(self._db, self._writer, self._folder, self._stamp, spool_rows)
        self._rejects = Spool(
            self._db, self._writer, self._work, "rejects", REJECT_COLUMNS, spool_rows
        )

    def _key(self) -> Pseudonyms | None:
        if not any(field.personal for field in self.stream.fields):
            return None
        return resolve_pseudonyms(self.landing.root.parent, self.landing.key_id())

    def _list(self) -> Forgotten | None:
        """Who is not to be taken in again; None where nobody was ever forgotten."""
        root = self.landing.root
        if (key_id := key_id_of(root)) is None:
            return None
        found = read_forgotten(root, self._pseudonyms or resolve_pseudonyms(root.parent, key_id))
        return found if len(found) else None

    @property
    def rows(self) -> int:
        """How many rows it was given so far."""
        return self._rows

    def open_source(self, name: str, fingerprint: str, sha256: str, size: int) -> int:
        """Announce a file, oldest first: of two versions of a record the later file's is newer.
        The number to give with its rows."""
        self.sources.append(Source(name, fingerprint, sha256, size))
        return len(self.sources) - 1

    def add(
        self, values: Sequence[str | None], source: int, row_number: int, is_deleted: bool = False
    ) -> None:
        """Take a record: canonical texts in the order of the stream's fields, personal ones still
        as they are."""
        self._rows += 1
        self.sources[source].read += 1
        self._waiting.append((self._rows, source, row_number, is_deleted, values))
        if len(self._waiting) >= _TOGETHER:
            self._take_waiting()

    def extend(
        self,
        columns: Sequence[Sequence[str | None]],
        source: int,
        row_numbers: Sequence[int],
        is_deleted: Sequence[bool],
    ) -> None:
        """Take records: for each field of the stream the texts of all of them."""
        number = len(row_numbers)
        self._take_waiting()
        seqs = range(self._rows + 1, self._rows + number + 1)
        self._rows += number
        self.sources[source].read += number
        self._take(seqs, [source] * number, row_numbers, is_deleted, columns)

    def _take_waiting(self) -> None:
        if self._waiting:
            seqs, sources, row_numbers, is_deleted, rows = zip(*self._waiting, strict=True)
            self._waiting.clear()
            self._take(seqs, sources, row_numbers, is_deleted, list(zip(*rows, strict=True)))

    def _take(
        self,
        seqs: Sequence[int],
        sources: Sequence[int],
        row_numbers: Sequence[int],
        is_deleted: Sequence[bool],
        columns: Sequence[Sequence[str | None]],
    ) -> None:
        given = columns
        if self._pseudonyms is not None:
            columns = list(columns)
            for i in self._personal:
                columns[i] = self._pseudonyms.of_each(columns[i])
        if self._forgotten is not None:
            seqs, sources, row_numbers, is_deleted, columns = self._without_forgotten(
                self._forgotten, seqs, sources, row_numbers, is_deleted, columns, given
            )
        records = self._json(columns)
        self._records.add(
            seqs,
            sources,
            row_numbers,
            records,
            self._record_ids(columns),
            [None] * len(seqs) if self._updated_at is None else columns[self._updated_at],
            is_deleted,
            characters=sum(map(len, records)),
        )

    def _without_forgotten(
        self,
        forgotten: Forgotten,
        seqs: Sequence[int],
        sources: Sequence[int],
        row_numbers: Sequence[int],
        is_deleted: Sequence[bool],
        columns: Sequence[Sequence[str | None]],
        given: Sequence[Sequence[str | None]],
    ) -> tuple[
        Sequence[int], Sequence[int], Sequence[int], Sequence[bool], Sequence[Sequence[str | None]]
    ]:
        """The same without the rows of forgotten contacts, which count as left out. given: the
        columns with personal fields as they are."""
        name, stream = self.connector.name, self.stream
        out = forgotten.left_out(name, stream, given, self._record_ids(columns))
        columns = forgotten.renamed(name, stream.fields, columns)
        if not any(out):
            return seqs, sources, row_numbers, is_deleted, columns
        for source, is_out in zip(sources, out, strict=True):
            self.sources[source].no_records += is_out
        keep = [not is_out for is_out in out]
        return (
            list(itertools.compress(seqs, keep)),
            list(itertools.compress(sources, keep)),
            list(itertools.compress(row_numbers, keep)),
            list(itertools.compress(is_deleted, keep)),
            [list(itertools.compress(column, keep)) for column in columns],
        )

    def _json(self, columns: Sequence[Sequence[str | None]]) -> list[str]:
        """The records as JSON, as `json.dumps` writes them, in a tenth of the time: what is the
        same in all of them is one piece, and texts in which nothing is to be escaped are taken as
        they are."""
        number = len(columns[0])
        pieces: list[Iterable[str]] = []
        between = "{"
        for member, column in zip(self._members, columns, strict=True):
            between += member
            if not any(column) and column.count(None) == number:
                between += "null"
            elif _is_plain(column):
                pieces += itertools.repeat(between + '"', number), cast("Sequence[str]", column)
                between = '"'
            else:
                quoted = ["null" if text is None else _quoted(text) for text in column]
                pieces += itertools.repeat(between, number), quoted
                between = ""
            between += ","
        pieces.append(itertools.repeat(between[:-1] + "}", number))
        return list(map("".join, zip(*pieces, strict=True)))

    def _record_ids(self, columns: Sequence[Sequence[str | None]]) -> Sequence[str]:
        keys = [columns[i] for i in self._key_at]
        if len(keys) == 1:
            return [key or "" for key in keys[0]]
        # Escaped, or ("a|b", "c") and ("a", "b|c") would be one record.
        escaped = (
            [(part or "").replace("\\", "\\\\").replace("|", "\\|") for part in key] for key in keys
        )
        return list(map("|".join, zip(*escaped, strict=True)))

    def reject(
        self,
        source: int,
        row_number: int,
        field: str | None,
        value: str | None,
        reason: str,
        record: str | None,
    ) -> None:
        """Take a row that cannot be landed. value, reason and record are kept as they are: nothing
        personal may be in them."""
        self._rows += 1
        origin = self.sources[source]
        origin.read += 1
        origin.rejected += 1
        self._rejects.add(
            [self._rows],
            [source],
            [origin.name],
            [row_number],
            [field],
            [value],
            [reason],
            [record],
        )

    def pass_over(self, source: int) -> None:
        """Count a row that is no record, such as a total."""
        self.sources[source].read += 1
        self.sources[source].no_records += 1

    def leave_out(self, source: int) -> None:
        """Take nothing of a file after all, since it turned out to be broken further on."""
        self.sources[source].left_out = True

    def commit(self, reach: Reach, *, guard: Guard = Guard()) -> Manifest:  # noqa: B008 - immutable
        """Put the load in its place, durably.

        Raises ShrinkError where a load that replaces everything holds so much less than the one
        before it that the guard holds it back.
        """
        return self._place(reach, self._finish(None, guard), None)

    def commit_pulled(
        self,
        reach: Reach,
        pulled: Pulled,
        *,
        keep: bool,
        guard: Guard = Guard(),  # noqa: B008 - immutable
    ) -> Manifest | None:
        """The same for a load from an API. None, and nothing is put anywhere, where it says only
        what the landing says already, unless `keep`."""
        done = self._finish(pulled, guard)
        if not keep and not done.counts.rejected and self._is_known(done):
            return None
        return self._place(reach, done, pulled)

    def _is_known(self, done: Finished) -> bool:
        if self.stream.mode != "full":
            return done.counts.loaded == 0
        if self.previous is None or self.previous.counts.rejected:
            return False
        before = self.landing.load_folder(
            self.connector.name, self.stream.name, self.previous.load_id
        )
        return same_rows(
            self._db,
            [before / part.name for part in self.previous.parts],
            [self._folder / part.name for part in done.parts],
        )

    def _finish(self, pulled: Pulled | None, guard: Guard) -> Finished:
        self._take_waiting()
        done = finish(
            self._db,
            self._folder,
            self.stream,
            self.sources,
            self._records,
            self._rejects,
            self._stamp,
            known=pulled.known if pulled else None,
        )
        self._refuse_shrink(done, pulled, guard)
        return done

    def _place(self, reach: Reach, done: Finished, pulled: Pulled | None) -> Manifest:
        shutil.rmtree(self._work)
        manifest = self._manifest(reach, done, pulled)
        failpoint("landing.before_manifest")
        manifest.write(self._folder)
        sync(self._folder)
        target = self.landing.load_folder(self.connector.name, self.stream.name, self.load_id)
        make_folder(target.parent)
        failpoint("landing.before_commit")
        self._folder.rename(target)
        failpoint("landing.after_commit")
        try:
            sync(target.parent)
            sync(self.landing.incoming)
        except OSError:
            # A flush that failed is never tried again as if it were fine: the disk may have let go
            # of what it held, and say yes the next time. So the load is not committed.
            target.rename(self._folder)
            raise
        return manifest

    def _refuse_shrink(self, done: Finished, pulled: Pulled | None, guard: Guard) -> None:
        if pulled is not None and self.stream.mode != "full":
            before, after = done.alive, done.alive - done.missing
        elif self.stream.mode == "full" and self.previous is not None:
            before, after = self.previous.counts.loaded, done.counts.loaded
        else:
            return
        if guard.holds_back(before, after):
            raise ShrinkError(
                f"{self.connector.name}.{self.stream.name} would go from {before:,} rows to "
                f"{after:,}, and what is left out counts as gone, so nothing of it was taken. If "
                f"that is right, write `accept_shrink: true` under streams.{self.stream.name} in "
                f"inbox/{self.connector.name}/mapping.yaml and run again; if not, "
                + ("look at the rights of the credentials." if pulled else "export it again.")
            )

    def _manifest(self, reach: Reach, done: Finished, pulled: Pulled | None) -> Manifest:
        return Manifest(
            connector=self.connector.name,
            stream=self.stream.name,
            load_id=self.load_id,
            mode=pulled.mode if pulled else self.stream.mode,
            cursor_before=(
                pulled.cursor_before
                if pulled
                else self.previous.cursor_after
                if self.previous
                else None
            ),
            cursor_after=reach.cursor_after,
            window_from=reach.window_from,
            window_until=reach.window_until,
            covers_until=reach.covers_until,
            started_at=_utc(self.now),
            committed_at=_utc(dt.datetime.now(dt.UTC)),
            counts=done.counts,
            bytes=done.bytes,
            files=done.files,
            parts=done.parts,
            requests=pulled.requests if pulled else 0,
            retries=pulled.retries if pulled else 0,
            connector_version=self.connector.version,
            api_version=pulled.api_version if pulled else None,
            key_id=self._pseudonyms.key_id if self._pseudonyms else None,
            origin="api" if pulled else "file",
            position=pulled.position if pulled else None,
            account=pulled.account if pulled else None,
            missing=done.missing,
        )

    def close(self) -> None:
        """Let go of everything; removes what was not committed."""
        self._writer.close()
        self._db.close()
        if self._folder.exists():
            shutil.rmtree(self._folder)


def _is_plain(column: Sequence[str | None]) -> bool:
    """Whether no text is missing, and none needs more than quotes around it in JSON."""
    try:
        text = "".join(column)  # type: ignore[arg-type]
    except TypeError:
        return False
    if not text or '"' in text or "\\" in text:
        return False
    # Control characters are escaped. In UTF-8 they are the only bytes below that of a space.
    data = np.frombuffer(text.encode("utf-8", "surrogatepass"), dtype=np.uint8)
    return bool(data.min() >= ord(" "))


def _utc(moment: dt.datetime) -> str:
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
