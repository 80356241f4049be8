"""The figures as Prometheus reads them from a file: the textfile collector of node_exporter.

The file is written after each run, also after one that failed. Its format, and its rule that a file
is replaced as a whole: https://prometheus.io/docs/instrumenting/exposition_formats/ (text format
0.0.4). Moments are in seconds since 1970, so that Prometheus tells ages itself.
"""

from __future__ import annotations

import datetime as dt
import importlib.metadata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.operations.figures import Figures, figures
from pipelines.passes import Pass
from pipelines.publication import Clock, utc_now
from pipelines.settings import Home, Settings

Labels = tuple[tuple[str, str], ...]
FILE_NAME = "metrics.prom"


@dataclass(frozen=True)
class Metric:
    """One metric with its samples; all are gauges. `help` is one line."""

    name: str
    help: str
    samples: tuple[tuple[Labels, float], ...]


def metrics_file(home: Home, settings: Settings) -> Path:
    """Where they are written: `metrics_file` of koers.yaml, or `state/metrics.prom`."""
    named = settings.metrics_file
    return Path(named) if named is not None else home.state / FILE_NAME


def write_metrics(home: Home, settings: Settings, clock: Clock = utc_now) -> Path:
    """Write the file as a whole; a reader sees the old one or the new one. Raises OSError."""
    file = metrics_file(home, settings)
    file.parent.mkdir(parents=True, exist_ok=True)
    new = file.with_name(f".{file.name}.new")
    new.write_text(text_of(metrics(figures(home, clock()))), encoding="utf-8")
    # node_exporter runs as another user; there is nobody's name in it.
    new.chmod(0o644)
    new.replace(file)
    return file


def text_of(found: Iterable[Metric]) -> str:
    """The text of the file."""
    lines = []
    for metric in found:
        if metric.samples:
            lines.append(f"# HELP {metric.name} {_escaped(metric.help, quote=False)}")
            lines.append(f"# TYPE {metric.name} gauge")
            for labels, value in metric.samples:
                named = ",".join(f'{name}="{_escaped(text)}"' for name, text in labels)
                lines.append(f"{metric.name}{'{' + named + '}' if named else ''} {value!r}")
    return "\n".join(lines) + "\n"


def metrics(of: Figures) -> Iterator[Metric]:
    """Every metric there is, in the order of docs/monitoring.md."""
    yield _one(
        "koers_info",
        "The version of Koers; always 1.",
        1,
        version=importlib.metadata.version("koers"),
    )
    yield _one("koers_metrics_timestamp_seconds", "When this was written.", of.at)
    yield _one("koers_last_run_timestamp_seconds", "When a run last ended.", of.last_run_at)
    yield _one(
        "koers_last_success_timestamp_seconds",
        "When a run last published or found nothing new.",
        of.times.succeeded_at,
    )
    yield _one(
        "koers_last_run_success",
        "1 if the last run ended well, 0 if it failed.",
        float(of.times.is_good),
    )
    yield _one("koers_run_overdue", "1 if a night was missed.", float(of.overdue_since is not None))
    yield _many(
        "koers_run_part_seconds",
        "How long a part of the last run that had it took.",
        ("part",),
        {(name,): value for name, value in of.times.seconds.items()},
    )
    yield _many(
        "koers_source_failed",
        "1 if the source could not be read by the last run.",
        ("source",),
        {(name,): float(name in of.failed_sources) for name in {*of.passes, *of.failed_sources}},
    )
    yield _many(
        "koers_source_pass_timestamp_seconds",
        "When the source was last looked at.",
        ("source",),
        {(name,): _seconds(dt.datetime.fromisoformat(done.at)) for name, done in of.passes.items()},
    )
    yield _many(
        "koers_source_requests",
        "Requests made of the API by the last look at the source.",
        ("source",),
        {(name,): done.requests for name, done in of.passes.items()},
    )
    yield _many(
        "koers_stream_rows",
        "Rows of the last look at the source that had any.",
        ("source", "stream", "outcome"),
        _rows(of.passes),
    )
    yield _one("koers_inbox_files", "Export files that wait in an inbox.", of.waiting_files)
    yield _one("koers_inbox_refused_files", "Of these, how many were refused.", of.refused_files)
    yield _many(
        "koers_kpis",
        "KPIs of units by how they stand in their newest closed period.",
        ("layer", "status"),
        of.kpis,
    )
    yield _one("koers_alerts_open", "Alerts that fired and are not over.", of.open_alerts)
    yield _one("koers_messages_pending", "Messages that no channel took yet.", of.messages)
    yield _one(
        "koers_messages_oldest_seconds",
        "How long the oldest of them waits.",
        max(of.oldest_message.total_seconds(), 0),
    )
    yield _many(
        "koers_publication_timestamp_seconds",
        "When the current publication was made.",
        ("audience",),
        {(name,): _seconds(each.created_at) for name, each in of.publications.items()},
    )
    yield _many(
        "koers_publication_rows",
        "Rows of all its tables.",
        ("audience",),
        {(name,): sum(each.tables.values()) for name, each in of.publications.items()},
    )
    until = of.data_until
    yield _one(
        "koers_data_until_timestamp_seconds",
        "The end of the last day that any source covers.",
        dt.datetime.combine(until, dt.time(), dt.UTC) + dt.timedelta(days=1) if until else None,
    )
    yield _one("koers_disk_free_bytes", "Free on the disk of the home.", of.disk_free)
    yield _one("koers_disk_total_bytes", "Size of the disk of the home.", of.disk_total)
    yield _one("koers_unreadable", "Parts of the home that could not be read.", len(of.wrong))


def _rows(passes: Mapping[str, Pass]) -> dict[tuple[str, ...], float]:
    found: dict[tuple[str, ...], float] = {}
    for name, done in passes.items():
        for load in done.loads:
            for outcome in ("loaded", "rejected", "duplicate", "left_out"):
                key = (name, load.stream, outcome)
                found[key] = found.get(key, 0) + getattr(load, outcome)
    return found


def _one(name: str, help_text: str, value: float | dt.datetime | None, **labels: str) -> Metric:
    if value is None:
        return Metric(name, help_text, ())
    number = _seconds(value) if isinstance(value, dt.datetime) else float(value)
    return Metric(name, help_text, ((tuple(labels.items()), number),))


def _many(
    name: str, help_text: str, labels: tuple[str, ...], values: Mapping[Any, float]
) -> Metric:
    samples = (
        (tuple(zip(labels, key, strict=True)), float(value)) for key, value in values.items()
    )
    return Metric(name, help_text, tuple(sorted(samples)))


def _seconds(moment: dt.datetime) -> float:
    return moment.timestamp()


def _escaped(text: str, *, quote: bool = True) -> str:
    text = text.replace("\\", "\\\\").replace("\n", "\\n")
    return text.replace('"', '\\"') if quote else text
