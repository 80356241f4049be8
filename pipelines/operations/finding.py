"""What `koers doctor` found: how bad it is, about what, where, and what to do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Literal

Level = Literal["ok", "note", "warning", "error"]

LEVELS: tuple[Level, ...] = ("ok", "note", "warning", "error")
"""From good to bad. A note asks for nothing; a warning will become a problem; an error is one."""

EXIT_CODES = {"ok": 0, "note": 0, "warning": 1, "error": 2}
"""As monitoring plug-ins have them: 0 well, 1 warning, 2 critical."""


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. `topic` groups findings; `where` names a file, process or
    variable; `do` says what to do, and is empty where nothing is to be done."""

    level: Level
    topic: str
    what: str
    where: str = ""
    do: str = ""


def worst(levels: Iterable[Level]) -> Level:
    """The worst of some levels; `ok` where there is none."""
    return max(levels, key=LEVELS.index, default="ok")


def as_json(findings: Iterable[Finding]) -> dict[str, Any]:
    """What `koers doctor --json` prints: `version`, the worst `level`, and `findings`, worst
    first."""
    found = sorted(findings, key=lambda each: -LEVELS.index(each.level))
    return {
        "version": 1,
        "level": worst(each.level for each in found),
        "findings": [asdict(each) for each in found],
    }


def lines(findings: Iterable[Finding]) -> list[str]:
    """The same for people: a line each, in the order of the checks, with what to do below it; then
    how many of each level there are."""
    said, counted = [], dict.fromkeys(LEVELS, 0)
    for each in findings:
        counted[each.level] += 1
        where = f"  [{each.where}]" if each.where else ""
        said.append(f"{each.level:<8} {each.topic:<14} {each.what}{where}")
        if each.do:
            said.append(f"{'':<8} {'':<14} → {each.do}")
    totals = ", ".join(f"{number} {level}" for level, number in counted.items() if number)
    return [*said, "", f"{totals}."]
