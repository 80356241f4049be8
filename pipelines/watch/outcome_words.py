"""What can be said of a corrective action, in Dutch and English. It never claims a cause."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines.watch.effect import FEWEST_AFTER, FEWEST_BEFORE
from pipelines.watch.formats import number, value

if TYPE_CHECKING:
    from pipelines.watch.actions import Outcome

OUTCOME_WORDS = {
    "nl": {
        "changed": "erna veranderd: van {before} naar {after}, een verschil van {difference}"
        " (95%-interval {lower} tot {upper}; {periods_before} perioden ervoor, {periods_after}"
        " erna)",
        "chance": "niet van toeval te onderscheiden: van {before} naar {after}, een verschil van"
        " {difference} (95%-interval {lower} tot {upper}; {periods_before} perioden ervoor,"
        " {periods_after} erna)",
        "not_due": "nog niet zover",
        "dropped": "niet doorgegaan, dus er is niets te vergelijken",
        "too_few_before": "niet te zeggen: er zijn {n} afgesloten perioden ervoor, en er zijn er"
        " {needed} nodig",
        "too_early": "nog te vroeg: er zijn {n} afgesloten perioden erna, en er zijn er {needed}"
        " nodig",
        "open": "open",
        "done": "gedaan",
        "state_dropped": "vervallen",
        "none": "Er is nog geen actie afgesproken: koers alerts action.",
        "agreed": "{what} ({who}, {start} tot en met {until})",
        "title": "Koers: {kpi} van {unit} na “{what}”",
        "heading": "Een actie, en wat erna kwam",
        "badge_changed": "Veranderd na de actie",
        "badge_chance": "Niet van toeval te onderscheiden",
        "badge_too_few_before": "Niet te zeggen",
        "was": "ervoor {before}",
        "action_name": "Actie",
        "who_name": "Wie",
        "when_name": "Wanneer",
        "when": "{start} tot en met {end}",
        "before_name": "Gemiddeld ervoor",
        "after_name": "Gemiddeld erna",
        "of_periods": "{mean} ({n} perioden)",
        "difference_name": "Verschil",
        "interval": "{difference} (95%-interval {lower} tot {upper})",
        "advice": "Wat dit zegt",
        "caution": "Of het erna anders was; niet dat het erdoor kwam. Een trend of een"
        " seizoen telt mee. Vergelijk het met eenheden waar niets gedaan is.",
        "picture": "Verloop van {first} tot en met {last}: gemiddeld {before} ervoor en {after}"
        " erna.",
    },
    "en": {
        "changed": "changed after it: from {before} to {after}, a difference of {difference} (95%"
        " interval {lower} to {upper}; {periods_before} periods before, {periods_after} after)",
        "chance": "cannot be told from chance: from {before} to {after}, a difference of"
        " {difference} (95% interval {lower} to {upper}; {periods_before} periods before,"
        " {periods_after} after)",
        "not_due": "not due yet",
        "dropped": "dropped, so nothing is compared",
        "too_few_before": "cannot be said: {n} closed periods before it ({needed} are needed)",
        "too_early": "too early to say: {n} closed periods after it ({needed} are needed)",
        "open": "open",
        "done": "done",
        "state_dropped": "dropped",
        "none": "No action was agreed on: koers alerts action.",
        "agreed": "{what} ({who}, {start} to {until})",
        "title": "Koers: {kpi} of {unit} after “{what}”",
        "heading": "An action, and what came after it",
        "badge_changed": "Changed after the action",
        "badge_chance": "Cannot be told from chance",
        "badge_too_few_before": "Cannot be said",
        "was": "{before} before",
        "action_name": "Action",
        "who_name": "Who",
        "when_name": "When",
        "when": "{start} to {end}",
        "before_name": "Mean before",
        "after_name": "Mean after",
        "of_periods": "{mean} ({n} periods)",
        "difference_name": "Difference",
        "interval": "{difference} (95% interval {lower} to {upper})",
        "advice": "What this says",
        "caution": "Whether it was different after it; not that it was because of it. A trend or a"
        " season counts too. Compare it with units where nothing was done.",
        "picture": "Course from {first} up to {last}: a mean of {before} before and {after} after.",
    },
}


def in_words(said: Outcome, language: str, unit: str, currency: str) -> str:
    """An outcome as a sentence without its capital and its point. unit: of the KPI, as in dim_kpi;
    currency: ISO 4217."""
    words = OUTCOME_WORDS[language]
    if said.change is None:
        n, needed = said.closed_after, FEWEST_AFTER
        if said.answer == "too_few_before":
            n, needed = said.closed_before, FEWEST_BEFORE
        return words[said.answer].format(
            n=number(n, 0, language), needed=number(needed, 0, language)
        )
    return words[said.answer].format(**shown(said, language, unit, currency))


def shown(said: Outcome, language: str, unit: str, currency: str) -> dict[str, str]:
    """The figures of a change as a reader writes them; none where there is no change to tell."""
    seen = said.change
    if seen is None:
        return {}

    def mean(amount: float) -> str:
        # A mean of whole numbers is none, and a small change of a small figure is to be seen.
        return value(amount, unit, language, currency=currency, more=int(unit != "currency"))

    def signed(amount: float) -> str:
        sign = "-" if amount < 0 else "+"
        if unit == "percent":
            points = number(abs(amount) * 100, 2, language)
            return f"{sign}{points} {'procentpunt' if language == 'nl' else 'percentage points'}"
        return sign + mean(abs(amount))

    return {
        "before": mean(seen.before),
        "after": mean(seen.after),
        "difference": signed(seen.difference),
        "lower": signed(seen.lower),
        "upper": signed(seen.upper),
        "periods_before": number(seen.periods_before, 0, language),
        "periods_after": number(seen.periods_after, 0, language),
    }
