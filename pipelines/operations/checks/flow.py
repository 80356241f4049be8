"""What waits or was put aside: messages, files, rows, broken databases."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Iterator

from connectors.core.discover import discover
from pipelines.inputs import inbox_files
from pipelines.kept_back import kept_back
from pipelines.kept_back import told as told_kept
from pipelines.marts import columns_of
from pipelines.operations.checks.look import Look, told
from pipelines.operations.finding import Finding
from pipelines.operations.outbox import outbox
from pipelines.passes import last_pass
from pipelines.publication import PublicationError, current, open_publication

STUCK_AFTER = dt.timedelta(hours=24)
STUCK_ATTEMPTS = 5
LARGE_SHARE = 0.01
"""Of the rows of a stream that are put aside: more is no stray row."""


def messages(look: Look) -> Iterator[Finding]:
    """Messages that no channel takes."""
    try:
        waiting = outbox(look.home, look.now)
    except sqlite3.Error as error:
        yield Finding("error", "messages", f"the ledger cannot be read: {error}",
                      str(look.home.ledger), "See docs/backup.md.")  # fmt: skip
        return
    known = {channel.name for channel in look.chosen.alerts.channels}
    stuck = False
    for each in waiting.by_channel:
        if each.channel not in known:
            stuck = True
            yield Finding(
                "warning", "messages", f"{each.pending} wait for channel {each.channel}, which "
                "koers.yaml no longer names", str(look.home.settings_file),
                "Name it again, or leave them.",
            )  # fmt: skip
        elif each.oldest > STUCK_AFTER or each.attempts >= STUCK_ATTEMPTS:
            stuck = True
            yield Finding(
                "error", "messages", f"{each.pending} wait for channel {each.channel}, the oldest "
                f"for {told(each.oldest)}: {each.last_error or 'not tried yet'}", "",
                f"koers alerts test {each.channel}",
            )  # fmt: skip
    if not stuck:
        yield Finding("ok", "messages", f"{waiting.pending} wait, none for long")


def refused(look: Look) -> Iterator[Finding]:
    """Files in an inbox that could not be taken, or that nothing reads."""
    known, found = discover(), False
    for name, files in inbox_files(look.home).items():
        if name not in known:
            if files:
                found = True
                yield Finding(
                    "warning", "inbox", f"{len(files)} files in a folder of no connector",
                    str(look.home.inbox / name), "Move them to the folder of a connector.",
                )  # fmt: skip
            continue
        done = last_pass(look.home, name)
        for file in done.refused if done else ():
            if file.name in files:
                found = True
                yield Finding(
                    "warning", "inbox", f"{name}/{file.name} was refused: {file.reason}",
                    str(look.home.inbox / name), "Correct it and drop it again.",
                )  # fmt: skip
    if not found:
        yield Finding("ok", "inbox", "no file was refused")


def put_aside(look: Look) -> Iterator[Finding]:
    """Rows that could not be read, audiences that were kept back, databases that were broken."""
    for name, why in kept_back(look.home).items():
        yield Finding("error", "publications", told_kept(name, why), "", "Mend it: koers publish")
    try:
        publication = current(look.home)
    except PublicationError:
        publication = None  # told under versions
    if publication is not None:
        with open_publication(publication) as facts:
            there = columns_of(facts, "fct_data_quality")
            if "rows_rejected" in there:
                yield from _rows(facts.execute(
                    "select connector || '.' || stream, sum(rows_read),"
                    " sum(rows_rejected + rows_quarantined) from fct_data_quality"
                    " group by 1 having sum(rows_rejected + rows_quarantined) > 0 order by 3 desc"
                ).fetchall())  # fmt: skip
    broken = look.home.warehouse.parent / "quarantine"
    if broken.is_dir() and (folders := sorted(path.name for path in broken.iterdir())):
        yield Finding(
            "note", "databases", f"{len(folders)} warehouses put aside, the last {folders[-1]}",
            str(broken), "Look why if you want to; then remove the folder.",
        )  # fmt: skip


def _rows(streams: list[tuple[str, int, int]]) -> Iterator[Finding]:
    for name, rows, aside in streams:
        if aside > LARGE_SHARE * rows:
            yield Finding(
                "warning", "rows", f"{name}: {aside:,} of {rows:,} rows were put aside",
                "quarantine in the warehouse", "Correct the source; the reason stands with each.",
            )  # fmt: skip
    few = sum(aside for _, rows, aside in streams if aside <= LARGE_SHARE * rows)
    yield Finding("note" if few else "ok", "rows", f"{few:,} stray rows were put aside",
                  "quarantine in the warehouse" if few else "")  # fmt: skip
