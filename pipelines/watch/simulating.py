"""What other settings of a KPI would have told in the past, in lines for people."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pipelines.watch.replay import Change, episodes, past, replay


def simulated(publication: Path, kpi: str, unit: str, change: Change) -> Iterator[str]:
    """The alerts of a KPI (of one unit, or of all where `unit` is empty) as it is, and as asked; no
    line for a KPI without a closed period."""
    for name, tried in (("As it is", None), ("As you ask", change)):
        if tried == Change():
            continue
        with past(publication, kpi, tried) as facts:
            row = facts.execute(
                "select min(period_end), max(period_end) from every_status"
            ).fetchone()
            found = [e for e in episodes(replay(facts)) if unit in ("", e.series[1])]
        if row is None or row[0] is None:
            return
        years = max((row[1] - row[0]).days / 365.25, 0.01)
        told = sum(each.told for each in found)
        yield (
            f"{name}: {len(found)} alerts from {row[0]} to {row[1]}, {told} told on their own or "
            f"with another; {told / years:.1f} a year"
        )
        for each in found:
            over = f"over on {each.over}" if each.over else "not over"
            yield f"  {each.alert_id:<56}raised on {each.raised}, {over}"


def periods(text: str) -> tuple[int | None, int | None]:
    """`2`, or `2 of 3`, or nothing. Raises ValueError."""
    if not text:
        return None, None
    parts = text.split()
    try:
        numbers = [int(part) for part in parts if part != "of"]
    except ValueError:
        numbers = []
    if len(numbers) not in (1, 2) or min(numbers) < 1 or numbers[0] > numbers[-1]:
        raise ValueError(f"{text!r} is not like 2, or '2 of 3'")
    return numbers[0], numbers[-1]
