"""Figures in words: values, bands, changes and states, as a Dutch or English reader writes them."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import Any

from pipelines.report.facts import Figure, Kpi, State
from pipelines.report.words import GLYPHS, STATES, VALUES, WORDS
from pipelines.watch.formats import date, number, period, value
from pipelines.watch.words import WORDS as MESSAGE_WORDS

NONE = "–"
_SILENT = ("no_target", "not_judged", "no_data")


@dataclass(frozen=True, slots=True)
class Badge:
    """A state for people: a shape and a word. tone: names its colour."""

    tone: str
    glyph: str
    word: str


class Teller:
    """The words of one language. currency: ISO 4217."""

    def __init__(self, language: str, currency: str) -> None:
        self.language = language
        self.currency = currency
        self.words = WORDS[language]

    def say(self, key: str, **parts: Any) -> str:
        return self.words[key].format(**parts)

    def counted(self, key: str, n: int) -> str:
        """`key_one` or `key_many`, with the number in it."""
        return self.words[f"{key}_one" if n == 1 else f"{key}_many"].format(n=self.whole(n))

    def amount(self, amount: float | None, unit: str) -> str:
        """A value of a KPI; a dash where there is none."""
        if amount is None:
            return NONE
        shown = value(float(amount), unit, self.language, currency=self.currency)
        form = VALUES[self.language].get(unit) if unit in ("days", "hours") else None
        return form.format(n=shown) if form else shown

    def change(self, amount: float | None, unit: str) -> str:
        """A difference between two values, with its sign; percentages differ by points."""
        if amount is None:
            return NONE
        if unit == "percent":
            points = number(abs(amount) * 100, 1, self.language)
            shown = MESSAGE_WORDS[self.language]["points"].format(n=points)
        else:
            shown = self.amount(abs(amount), unit)
        sign = "-" if amount < 0 else "+"
        return sign + shown if re.search(r"[1-9]", shown) else shown

    def band(self, lower: float | None, upper: float | None, unit: str) -> str:
        """`vanaf 90`, `tot en met 10`, `90 tot 110`."""
        if lower is None and upper is None:
            return NONE
        form = "up_to" if lower is None else "from" if upper is None else "between"
        return MESSAGE_WORDS[self.language][form].format(
            lower=self.amount(lower, unit), upper=self.amount(upper, unit)
        )

    def whole(self, n: int | None) -> str:
        return NONE if n is None else number(n, 0, self.language)

    def share(self, part: float | None) -> str:
        return NONE if part is None else number(part * 100, 0, self.language) + "%"

    def date(self, day: dt.date | None) -> str:
        return NONE if day is None else date(day, self.language)

    def period(self, start: dt.date, grain: str) -> str:
        return period(start, grain, self.language)

    def badge(self, state: State) -> Badge:
        return Badge(state, GLYPHS[state], STATES[self.language][state])

    @property
    def unusual(self) -> Badge:
        return Badge("unusual", GLYPHS["unusual"], STATES[self.language]["unusual"])

    def badges(self, figure: Figure) -> list[Badge]:
        """Its state, and whether it is unusual."""
        found = [self.badge(figure.state)]
        return [*found, self.unusual] if figure.is_unusual else found

    def marks(self, figure: Figure) -> list[Badge]:
        """The same where there is no room for what says little."""
        return [badge for badge in self.badges(figure) if badge.tone not in _SILENT]

    def streak(self, figure: Figure) -> str:
        """How long it has been like this."""
        if not figure.streak:
            return ""
        if figure.streak == 1:
            return self.words["streak_one"]
        return self.say("streak", n=self.whole(figure.streak))

    def value_of(self, kpi: str) -> str:
        return VALUES[self.language].get(kpi, kpi)

    def label(self, kpi: Kpi) -> str:
        return kpi.label[self.language]
