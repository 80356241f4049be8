"""The pictures that go with a letter: of the first alerts that have a series, in both themes."""

from __future__ import annotations

import math
from dataclasses import dataclass

from pipelines.plot_specification import Theme
from pipelines.plots import picture
from pipelines.watch.formats import number, period, value
from pipelines.watch.letter import Entry, Letter
from pipelines.watch.outcome_words import OUTCOME_WORDS
from pipelines.watch.words import WORDS

PICTURED = 6
"""So that a mail stays well under a megabyte: two themes of some 30 kB each."""

_THEMES: tuple[Theme, ...] = ("light", "dark")


@dataclass(frozen=True, slots=True)
class Picture:
    """A PNG. alt: what it shows, for who cannot see it."""

    name: str
    theme: Theme
    png: bytes
    alt: str


def pictures(letter: Letter, most: int = PICTURED) -> list[tuple[Picture, ...]]:
    """Those of each alert, in the order of the letter: none for one without a series."""
    found: list[tuple[Picture, ...]] = []
    drawn = 0
    for entry in letter.entries:
        known = [p for p in entry.points if p.kpi_value is not None and math.isfinite(p.kpi_value)]
        if not known or drawn >= most:
            found.append(())
            continue
        drawn += 1
        alt = described(entry, letter.language)
        found.append(
            tuple(
                Picture(
                    f"koers-{drawn}-{theme}.png",
                    theme,
                    picture(
                        entry.points,
                        unit=entry.value_unit,
                        grain=entry.grain,
                        language=letter.language,
                        theme=theme,
                    ),
                    alt,
                )
                for theme in _THEMES
            )
        )
    return found


def described(entry: Entry, language: str) -> str:
    """What the picture of an alert shows, in a sentence or two."""
    points = entry.points
    levels = [point.level for point in points if point.level is not None]
    if levels:
        first, last = (period(points[n].period_start, entry.grain, language) for n in (0, -1))
        before, after = (_shown(levels[n], entry, language) for n in (0, -1))
        return OUTCOME_WORDS[language]["picture"].format(
            first=first, last=last, before=before, after=after
        )
    values = [p.kpi_value for p in points if p.kpi_value is not None and math.isfinite(p.kpi_value)]
    first, last = (period(points[n].period_start, entry.grain, language) for n in (0, -1))
    low, high = (_shown(amount, entry, language) for amount in (min(values), max(values)))
    return WORDS[language]["picture"].format(
        first=first,
        last=last,
        low=low,
        high=high,
        now=entry.value,
        off=number(sum(p.is_off_course for p in points), 0, language),
        unusual=number(sum(p.is_unusual for p in points), 0, language),
        n=number(len(points), 0, language),
    )


def _shown(amount: float, entry: Entry, language: str) -> str:
    # Money as a plain number: the entry says the currency.
    unit = "count" if entry.value_unit == "currency" else entry.value_unit
    return value(amount, unit, language)
