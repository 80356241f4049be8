"""What `koers status --json` tells a monitoring system, in a form that stays as it is.

docs/status.schema.json is the JSON Schema of it (`koers status --schema`). A field is added with
the same `version`; one that is renamed, removed or changes its meaning takes a new one.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from pipelines.kept_back import kept_back
from pipelines.operations.checks.flow import STUCK_AFTER
from pipelines.operations.checks.machine import needed
from pipelines.operations.figures import Figures, figures
from pipelines.operations.finding import LEVELS
from pipelines.settings import UNFINISHED, Home

Level = Literal["ok", "warning", "error"]
Code = Literal[
    "nothing_published",
    "run_overdue",
    "run_failed",
    "source_failed",
    "file_refused",
    "message_stuck",
    "audience_kept_back",
    "disk_low",
    "unreadable",
    "restore_unfinished",
]


class Problem(BaseModel):
    """One thing that asks for somebody."""

    model_config = ConfigDict(extra="forbid")

    code: Code = Field(description="Stays the same; further codes may be added.")
    level: Level
    what: str = Field(description="For people.")


class Monitoring(BaseModel):
    """How a home stands. Ages and durations are in seconds, moments in UTC, ISO 8601."""

    model_config = ConfigDict(extra="forbid")

    version: Literal[1] = 1
    at: str = Field(description="When this was found.")
    level: Level = Field(description="The worst level of the problems.")
    problems: list[Problem]
    last_run_age: float | None = Field(description="Since a run ended; null before the first.")
    last_success_age: float | None = Field(description="Since a run ended well.")
    last_run_seconds: float | None = Field(description="How long the last good run took.")
    publication_age: float | None = Field(description="Of audience management.")
    data_until: str | None = Field(description="The last day that a source covers.")
    open_alerts: int
    kpis_off_course: int = Field(description="Of units, in their newest closed period.")
    messages_pending: int
    messages_oldest_age: float
    inbox_files: int = Field(description="Export files that wait.")
    disk_free_bytes: int
    disk_needed_bytes: int = Field(description="About what the next build and publications take.")


def monitoring(home: Home, now: dt.datetime) -> Monitoring:
    """How a home stands at `now` (aware). What cannot be read is a problem, and raises nothing."""
    of = figures(home, now)
    need = needed(home)
    problems = list(_problems(home, of, need))
    management = of.publications.get("management")
    return Monitoring(
        at=now.astimezone(dt.UTC).isoformat(timespec="seconds"),
        level=max((each.level for each in problems), key=LEVELS.index, default="ok"),
        problems=problems,
        last_run_age=_age(of.last_run_at, now),
        last_success_age=_age(of.times.succeeded_at, now),
        last_run_seconds=of.times.seconds.get("total"),
        publication_age=_age(management.created_at if management else None, now),
        data_until=of.data_until.isoformat() if of.data_until else None,
        open_alerts=of.open_alerts,
        kpis_off_course=sum(n for (_, status), n in of.kpis.items() if status == "off_course"),
        messages_pending=of.messages,
        messages_oldest_age=max(of.oldest_message.total_seconds(), 0),
        inbox_files=of.waiting_files,
        disk_free_bytes=of.disk_free,
        disk_needed_bytes=need,
    )


def schema() -> dict[str, Any]:
    """The JSON Schema of it."""
    return Monitoring.model_json_schema()


def _problems(home: Home, of: Figures, need: int) -> Iterator[Problem]:
    if (home.root / UNFINISHED).exists():
        yield Problem(code="restore_unfinished", level="error",
                      what="A restore was broken off: koers restore does it over.")  # fmt: skip
    for text in of.wrong:
        yield Problem(code="unreadable", level="error", what=text)
    if of.overdue_since is not None:
        yield Problem(code="run_overdue", level="error",
                      what=f"No run ended since {of.last_run_at:%Y-%m-%d %H:%M} UTC.")  # fmt: skip
    if of.times.failed_at is not None and not of.times.is_good:
        yield Problem(code="run_failed", level="error",
                      what="The last run failed; what was published before stands.")  # fmt: skip
    if "management" not in of.publications and not of.wrong:
        yield Problem(code="nothing_published", level="warning", what="Nothing is published yet.")
    for name in of.failed_sources:
        yield Problem(code="source_failed", level="warning",
                      what=f"{name} could not be read by the last run.")  # fmt: skip
    if of.refused_files:
        yield Problem(code="file_refused", level="warning",
                      what=f"{of.refused_files} files in an inbox were refused.")  # fmt: skip
    if of.oldest_message > STUCK_AFTER:
        yield Problem(code="message_stuck", level="error",
                      what=f"{of.messages} messages wait, one for more than a day.")  # fmt: skip
    for name in kept_back(home):
        yield Problem(code="audience_kept_back", level="error",
                      what=f"Audience {name} keeps its publication of before.")  # fmt: skip
    if of.disk_free < need:
        yield Problem(code="disk_low", level="error",
                      what=f"{of.disk_free:,} bytes free; about {need:,} are needed.")  # fmt: skip


def _age(moment: dt.datetime | None, now: dt.datetime) -> float | None:
    return None if moment is None else round(max((now - moment).total_seconds(), 0), 3)
