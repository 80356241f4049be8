"""All streams in a table, from the declarations and the lineage: `koers streams`, docs/streams.md.

Nothing in it is listed by hand: a new connector is in it because it is there.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from connectors.core.api.declare import Pull, Window
from connectors.core.api.values import Values
from connectors.core.contract import Connector, Stream

_NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
_MANY = 8


@dataclass(frozen=True)
class Line:
    """One stream. kpis: those that are computed from it, sorted."""

    connector: str
    stream: str
    is_of: str
    read_from: str
    cursor: str
    window: str
    cost: str
    needs: str
    kpis: tuple[str, ...]


def table(connectors: Mapping[str, Connector], manifest: Mapping[str, Any]) -> list[Line]:
    """A line for each stream, in the order declared. manifest: dbt's."""
    needed = kpis_by_source(manifest)
    return [
        Line(
            name,
            stream.name,
            stream.description,
            "API, files" if stream.pull is not None else "files",
            _cursor(stream),
            _window(stream.pull, stream),
            _cost(connector, stream.pull),
            (stream.pull.needs if stream.pull else "") or "-",
            tuple(sorted(needed.get((name, stream.name), ()))),
        )
        for name, connector in connectors.items()
        for stream in connector.streams
    ]


def kpis_by_source(manifest: Mapping[str, Any]) -> dict[tuple[str, str], set[str]]:
    """By source and table of it: the KPIs whose facts are made from it."""
    found: dict[tuple[str, str], set[str]] = {}
    for metric in manifest["metrics"].values():
        meta = (metric.get("config") or {}).get("meta") or metric.get("meta") or {}
        if "kpi" not in meta:
            continue
        for node in _above(manifest, metric["unique_id"]):
            if (source := manifest["sources"].get(node)) is not None:
                found.setdefault((source["source_name"], source["name"]), set()).add(metric["name"])
    return found


def _above(manifest: Mapping[str, Any], start: str) -> set[str]:
    """Everything that a node of the manifest depends on."""
    seen: set[str] = set()
    going = [start]
    while going:
        node = going.pop()
        for kind in ("metrics", "semantic_models", "nodes"):
            if (found := manifest[kind].get(node)) is not None:
                fresh = set(found.get("depends_on", {}).get("nodes", [])) - seen
                seen |= fresh
                going += fresh
    return seen


def _cursor(stream: Stream) -> str:
    """What the next pull goes on from."""
    if stream.pull is None or stream.pull.changes is None:
        return "none"
    return "row version" if stream.pull.version else "moment of the last pull"


def _window(pull: Pull | None, stream: Stream) -> str:
    if pull is None:
        return "a file is all there is" if stream.mode == "full" else "a file adds to the others"
    if pull.changes is None:
        return "everything, each time"
    swept = f"swept every {_span(pull.sweep)}" if pull.sweep else "never swept"
    if pull.version:
        return f"what changed since; {swept}"
    told = f"reaches back {_span(pull.overlap)}; {swept}"
    if pull.whole_days or pull.reconcile:
        told += "; what vanished within it is found"
    return told


def _span(time: dt.timedelta) -> str:
    for unit, size in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        count, rest = divmod(int(time.total_seconds()), size)
        if count and not rest:
            return f"{count} {unit}{'s' if count > 1 else ''}"
    return f"{int(time.total_seconds())} seconds"


def _cost(connector: Connector, pull: Pull | None) -> str:
    """Requests of reading everything, as far as the declaration says it for any account."""
    if pull is None or connector.api is None:
        return "-"
    # Which lists there are may depend on an account's settings; these are those of a bare one.
    bare = Values(connector.api.variables, {})
    try:
        lists = pull.everything(bare, Window(None, _NOW))
    except (KeyError, ValueError, TypeError):
        return "depends on the account"
    if not lists:
        return "depends on the account"
    sizes = sorted({each.size for each in lists})
    told = f"1 per {' or '.join(f'{size:,}' for size in sizes)} records"
    if len(lists) > 1:
        told += f", in {len(lists)} lists"
    if any(each.enrich is not None for each in lists):
        told += ", and more for what completes a page"
    if any(each.prepare is not None for each in lists):
        told += ", after one that prepares the list"
    return told


def kpi_text(line: Line, total: int) -> str:
    """The KPIs of a stream; those that all KPIs need say so in a word."""
    if not line.kpis:
        return "-"
    if len(line.kpis) == total:
        return f"all {total}"
    if len(line.kpis) > _MANY:
        return f"{', '.join(line.kpis[:_MANY])} and {len(line.kpis) - _MANY} more"
    return ", ".join(line.kpis)


def _total(lines: list[Line]) -> int:
    return len({kpi for line in lines for kpi in line.kpis})


def markdown(connectors: Mapping[str, Connector], manifest: Mapping[str, Any]) -> str:
    """docs/streams.md: `koers streams --markdown > docs/streams.md`."""
    lines = table(connectors, manifest)
    text = [
        "# Streams",
        "",
        "Made from the declarations by `koers streams --markdown`; do not edit. Cost is of reading "
        "everything once: requests per records. A first pull reads everything, the next ones what "
        "changed in the window.",
    ]
    for name, connector in connectors.items():
        text += ["", f"## {connector.label} (`{name}`)", ""]
        text.append("| Stream | What it is | From | Cursor | Window | Requests | Right | KPIs |")
        text.append("|---|---|---|---|---|---|---|---|")
        for line in lines:
            if line.connector == name:
                cells = (
                    f"`{line.stream}`", line.is_of, line.read_from, line.cursor, line.window,
                    line.cost, line.needs, kpi_text(line, _total(lines)),
                )  # fmt: skip
                text.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
    return "\n".join(text) + "\n"


def shown(connectors: Mapping[str, Connector], manifest: Mapping[str, Any]) -> Iterator[str]:
    """The same for a screen."""
    lines = table(connectors, manifest)
    for line in lines:
        yield f"{line.connector}.{line.stream} ({line.read_from}): {line.is_of}"
        yield f"    {line.cursor.replace('`', '')}; {line.window}; requests: {line.cost}"
        yield f"    right: {line.needs}; KPIs: {kpi_text(line, _total(lines))}"
