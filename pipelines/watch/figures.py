"""The figures of a judged period in words: values, bands, gaps and changes, as its reader writes
them."""

from __future__ import annotations

from pipelines.watch.drift import DRIFT, Judged
from pipelines.watch.formats import label, number, period, value
from pipelines.watch.words import WORDS

_MOST_DECIMALS = 4


class Figures:
    """The words for figures in one language. currency: ISO 4217."""

    def __init__(self, language: str, currency: str) -> None:
        self.language = language
        self.currency = currency
        self.words = WORDS[language]

    def said(self, row: Judged) -> str:
        """Value, target and tolerance band, a sentence."""
        shown, band, target = self.parts(row)
        key = "value_only" if row.target is None else "with_target"
        return self.words[key].format(value=shown, target=target, band=band)

    def usual(self, row: Judged) -> list[str]:
        """Whether it is unusual, whatever was agreed: a sentence, or none."""
        if band := self.usual_band(row):
            how = self.words[f"how_{row.process_status}"]
            return [self.words["usual"].format(band=band, how=how)]
        if row.process_status == "insufficient_data":
            return [self.words["unknown_usual"]]
        return []

    def usual_band(self, row: Judged) -> str:
        lower, upper = row.process_band_lower, row.process_band_upper
        known = row.process_status in ("drifting", "stable")
        return self._band(row, lower, upper, 0) if known and (lower, upper) != (None, None) else ""

    def parts(self, row: Judged) -> tuple[str, str, str]:
        """Value, band and target, with as many decimals as show that the value is outside."""
        edges = [edge for edge in (row.band_lower, row.band_upper) if edge is not None]
        actual = row.kpi_value or 0.0
        more = 0
        while more < _MOST_DECIMALS and any(
            edge != actual and self._value(edge, row, more) == self._value(actual, row, more)
            for edge in edges
        ):
            more += 1
        band = self._band(row, row.band_lower, row.band_upper, more)
        target = "-" if row.target is None else self._value(row.target, row, 0)
        return self._value(actual, row, more), band, target

    def gap(self, row: Judged) -> str:
        """How far it is outside its band, a sentence; empty inside."""
        if not row.outside:
            return ""
        gap = abs(row.outside)
        if row.unit == "percent":
            decimals = 1 if gap >= 0.001 else _MOST_DECIMALS
            shown = self.words["points"].format(n=number(gap * 100, decimals, self.language))
        else:
            shown = self._value(gap, row, 0)
        drift = "drift_" if row.kind == DRIFT else ""
        side = "below" if row.outside < 0 else "above"
        return self.words[drift + side].format(gap=shown)

    def signed(self, amount: float, row: Judged) -> str:
        sign = "-" if amount < 0 else "+"
        if row.unit == "percent":
            points = number(abs(amount) * 100, 1, self.language)
            return sign + self.words["points"].format(n=points)
        return sign + self._value(abs(amount), row, 0)

    def label(self, row: Judged) -> str:
        return label(row.label_nl if self.language == "nl" else row.label_en)

    def period(self, row: Judged) -> str:
        return period(row.period_start, row.grain, self.language)

    def count(self, n: int) -> str:
        return number(n, 0, self.language)

    def _band(self, row: Judged, low: float | None, high: float | None, more: int) -> str:
        lower, upper = (
            None if edge is None else self._value(edge, row, more) for edge in (low, high)
        )
        form = "between" if lower and upper else "from" if lower else "up_to"
        return self.words[form].format(lower=lower, upper=upper) if lower or upper else "-"

    def _value(self, amount: float, row: Judged, more: int) -> str:
        return value(amount, row.unit, self.language, currency=self.currency, more=more)
