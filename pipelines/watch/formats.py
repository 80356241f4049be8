"""Numbers, dates and periods as a Dutch or English reader writes them.

Only the few forms that messages need: a library of all the world's locales would weigh 30 MB.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata

MONTHS = {
    "nl": [
        "januari",
        "februari",
        "maart",
        "april",
        "mei",
        "juni",
        "juli",
        "augustus",
        "september",
        "oktober",
        "november",
        "december",
    ],
    "en": [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ],
}

_SYMBOLS = {"EUR": "€", "USD": "$", "GBP": "£"}
_MAX_LABEL = 80


def number(value: float, decimals: int, language: str) -> str:
    """`1234.5` as `1.234,5` (nl) or `1,234.5` (en)."""
    text = f"{value:,.{decimals}f}"
    if not re.search(r"[1-9]", text):
        text = text.removeprefix("-")  # no minus zero
    if language == "nl":
        text = text.translate(str.maketrans(",.", ".,"))
    return text


def value(amount: float, unit: str, language: str, *, currency: str = "EUR", more: int = 0) -> str:
    """A KPI value in its unit: currency (in `currency`), percent (a fraction), count or score.
    `more` adds decimals."""
    if unit == "percent":
        return number(amount * 100, 1 + more, language) + "%"
    if unit == "currency":
        decimals = (0 if abs(amount) >= 1000 else 2) + more
        text = number(abs(amount), decimals, language)
        sign = "-" if amount < 0 and re.search(r"[1-9]", text) else ""
        symbol = _SYMBOLS.get(currency, f"{currency} ")
        space = " " if language == "nl" and not symbol.endswith(" ") else ""
        return f"{sign}{symbol}{space}{text}"
    if unit == "count":
        whole = float(amount).is_integer() or abs(amount) >= 1000
        return number(amount, (0 if whole else 1) + more, language)
    return number(amount, 1 + more, language)


def date(day: dt.date, language: str) -> str:
    """`12 mei 2025` or `12 May 2025`."""
    return f"{day.day} {MONTHS[language][day.month - 1]} {day.year}"


def period(start: dt.date, grain: str, language: str) -> str:
    """A period by its first day: `mei 2025`, `week 23 van 2025`, `2e kwartaal 2025`, `2025`."""
    dutch = language == "nl"
    if grain == "month":
        return f"{MONTHS[language][start.month - 1]} {start.year}"
    if grain == "week":
        year, week, _ = start.isocalendar()
        return f"week {week} van {year}" if dutch else f"week {week} of {year}"
    if grain == "quarter":
        quarter = (start.month + 2) // 3
        return f"{quarter}e kwartaal {start.year}" if dutch else f"Q{quarter} {start.year}"
    return str(start.year) if grain == "year" else date(start, language)


def label(text: str) -> str:
    """Text of others, safe to stand in any message: one line, no control or direction characters,
    of bounded length, and no `@name` or `<!channel>` that would call people or make a link."""
    shown = "".join(" " if unicodedata.category(c)[0] in "CZ" else c for c in text)
    shown = " ".join(shown.split())
    if len(shown) > _MAX_LABEL:
        shown = shown[: _MAX_LABEL - 1] + "…"
    # A word joiner after it keeps the character and takes the meaning away.
    shown = re.sub(r"(@|<|:(?=//))", "\\1\u2060", shown)
    if any(unicodedata.bidirectional(c) in ("R", "AL") for c in shown):
        # Isolated, so that what is written from right to left moves no figure that follows it.
        shown = f"\u2068{shown}\u2069"
    return shown or "-"
