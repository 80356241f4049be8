"""What the cells of a column say about decimal mark, date order, percentages and serial dates."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from dataclasses import dataclass, field

from connectors.core.files.errors import quoted
from connectors.core.files.months import month_number
from connectors.core.files.table import Cell, NumberText, cell_text

_NUMBER = re.compile(
    r"[-+\u2212(]?\s*(?:€|\$|£|EUR|USD|GBP)?\s*[-+\u2212]?\s*(?P<body>\d[\d.,' \u00a0\u202f]*)"
    r"(?:,-)?\s*(?P<percent>%)?\s*-?\)?\s*(?:€|EUR|USD|GBP)?",
    re.ASCII,
)
_DATE = re.compile(r"(\d{1,4})([-/. ])(\d{1,2}|[A-Za-z]{3,9}\.?)\2(\d{1,4})(?:[T ,].*)?", re.ASCII)
_DIGITS = re.compile(r"\d{8}", re.ASCII)
_SERIAL = range(20_000, 80_000)


@dataclass
class Evidence:
    """What the cells of one column are, counted; the first example of each is kept."""

    heading: str
    filled: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    examples: dict[str, tuple[int, str]] = field(default_factory=dict)

    def see(self, number: int, cell: Cell) -> None:
        """Count one cell of row `number`."""
        text = (cell_text(cell) or "").strip()
        if not text:
            return
        self.filled += 1
        for kind in _kinds(cell, text):
            self.kinds[kind] += 1
            self.examples.setdefault(kind, (number, text))

    def share(self, *kinds: str) -> float:
        return sum(self.kinds[kind] for kind in kinds) / self.filled if self.filled else 0.0

    @property
    def is_numeric(self) -> bool:
        return self.share("number") >= 0.8

    @property
    def is_date(self) -> bool:
        return self.share("date") >= 0.8

    @property
    def is_serial(self) -> bool:
        return self.is_numeric and self.share("serial") >= 0.8

    def where(self, kind: str) -> str:
        """`row 2, Bedrag: '1.234'`"""
        number, text = self.examples[kind]
        return f"row {number}, {self.heading or 'column without a heading'}: {quoted(text)}"

    @property
    def holds(self) -> str:
        """In a word, what is in it."""
        if not self.filled:
            return "empty"
        if self.is_date:
            return "dates"
        if self.share("percent") >= 0.8:
            return "percentages"
        return "numbers" if self.is_numeric else "text"


def _kinds(cell: Cell, text: str) -> list[str]:
    if isinstance(cell, NumberText):
        percent = ["percent"] if cell.shown_as_percent else []
        return ["number", "typed number", *percent, *_serial(text), *_digits(text)]
    if isinstance(cell, dt.date):
        return ["date", "typed date"]
    if not isinstance(cell, str):
        return ["other"]
    if _DIGITS.fullmatch(text):
        return ["number", "whole", *_digits(text)]
    if dates := _date(text):
        return ["date", *dates]
    found = _NUMBER.fullmatch(text)
    if found is None:
        return ["text"]
    percent = ["percent"] if found["percent"] else []
    return ["number", *_mark(found["body"].strip()), *percent, *_serial(text)]


def _serial(text: str) -> list[str]:
    whole = re.split("[.,]", text)[0]
    return ["serial"] if whole.isdigit() and len(whole) == 5 and int(whole) in _SERIAL else []


def _mark(body: str) -> list[str]:
    """What a number says about the decimal mark: `,` or `.` surely, or `either`."""
    body = re.sub(r"[' \u00a0\u202f]", "", body)
    comma, dot = body.count(","), body.count(".")
    if comma and dot:
        return [","] if body.rfind(",") > body.rfind(".") else ["."]
    if not comma and not dot:
        return ["whole"]
    mark, other = (",", ".") if comma else (".", ",")
    if comma + dot > 1:
        return [other]  # several of one mark are thousands
    before, _, after = body.partition(mark)
    if len(after) == 3 and 1 <= len(before) <= 3 and not before.startswith("0"):
        return ["either", f"either {mark}"]
    return [mark]


def _date(text: str) -> list[str]:
    """What a text says about the order of a date, as formats that would read it."""
    match = _DATE.fullmatch(text)
    if match is None:
        return []
    one, between, two, three = match.groups()
    if not two.isdigit():
        if month_number(two) is None or len(three) != 4:
            return []
        return [f"dd{between}mmm{between}yyyy"]
    a, b = int(one), int(two)
    if len(one) == 4 and len(three) <= 2:
        iso = f"yyyy{between}mm{between}dd"
        return [iso] if b <= 12 and int(three) <= 31 else []
    if len(one) > 2 or len(three) not in (2, 4):
        return []
    year = "yyyy" if len(three) == 4 else "yy"
    day_first, month_first = f"dd{between}mm{between}{year}", f"mm{between}dd{between}{year}"
    orders = [day_first] * (1 <= a <= 31 and 1 <= b <= 12)
    orders += [month_first] * (1 <= a <= 12 and 1 <= b <= 31)
    if len(orders) == 2 and a == b:
        return [*orders, "same"]
    return [*orders, "either order"] if len(orders) == 2 else orders


def _digits(text: str) -> list[str]:
    """The formats in which eight digits are a date; they may well be a number."""
    found: list[str] = []
    if _DIGITS.fullmatch(text) is None:
        return found
    for name, (year, month, day) in {
        "yyyymmdd": (text[:4], text[4:6], text[6:]),
        "ddmmyyyy": (text[4:], text[2:4], text[:2]),
        "mmddyyyy": (text[4:], text[:2], text[2:4]),
    }.items():
        try:
            if 1900 <= dt.date(int(year), int(month), int(day)).year <= 2100:
                found.append(name)
        except ValueError:
            continue
    return found
