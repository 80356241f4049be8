"""From what the columns hold to the declared format, or to a choice where two formats fit."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence

from connectors.core.contract import Field as StreamField
from connectors.core.contract import FileFormat
from connectors.core.files import CellError, parse_cell
from connectors.core.inspection.evidence import Evidence
from connectors.core.inspection.finding import Choice, Finding

Pairs = Sequence[tuple[StreamField | None, Evidence]]
_NUMBERS = ("decimal", "integer", "percent")
_DATES = ("date", "datetime")
_DIGITS = ("yyyymmdd", "ddmmyyyy", "mmddyyyy")


def declare_formats(finding: Finding, pairs: Pairs, days_from: str | None) -> None:
    """Adds decimal mark, date order, percentages and serial dates. pairs: each column's evidence,
    with its field where that is known. days_from: of a workbook, the year it counts days from."""
    numbers = [(f, e) for f, e in pairs if f is None or f.type in _NUMBERS]
    _decimal(finding, [_whole(e) if f and f.type == "integer" else e for f, e in numbers])
    serial = [e for f, e in pairs if f is not None and f.type in _DATES and e.is_serial]
    digits = [
        e for f, e in pairs if f is not None and f.type in _DATES and e.share(*_DIGITS) >= 0.8
    ]
    _dates(finding, [e for f, e in pairs if f is None or f.type in _DATES], digits)
    if serial:
        _serials(finding, serial[0], days_from)
    elif any(e.kinds["typed number"] for e in digits):
        finding.format["date_numbers"] = "written"
    for field, evidence in pairs:
        if field is not None and field.type == "percent":
            _percent(finding, evidence)


def _whole(evidence: Evidence) -> Evidence:
    """Of a whole number `1.234` has one reading only: the mark is of thousands."""
    known = Evidence(evidence.heading, evidence.filled, +evidence.kinds, dict(evidence.examples))
    for mark, other in ((",", "."), (".", ",")):
        if (count := known.kinds.pop(f"either {other}", 0)) and mark not in known.kinds:
            known.kinds[mark] = count
            known.examples[mark] = known.examples[f"either {other}"]
    known.kinds.pop("either", None)
    return known


def _decimal(finding: Finding, columns: Sequence[Evidence]) -> None:
    columns = [e for e in columns if e.is_numeric and e.share("typed number") < 1]
    commas, dots, either = ([e for e in columns if e.kinds[kind]] for kind in (",", ".", "either"))
    if commas and dots:
        options = (
            ('decimal: ","', f"as in {commas[0].where(',')}"),
            ('decimal: "."', f"as in {dots[0].where('.')}"),
        )
        finding.conflicts.append(
            f"numbers of both kinds: {commas[0].where(',')}, and {dots[0].where('.')}; rows of the "
            "other kind are rejected, so export the file with one decimal mark"
        )
        finding.choices.append(Choice("decimal", dots[0].where("."), options))
    elif commas or dots:
        mark = "," if commas else "."
        finding.format["decimal"] = f'"{mark}"'
        finding.told.append(("decimal mark", f"'{mark}', as in {(commas or dots)[0].where(mark)}"))
    elif either:
        text = either[0].examples["either"][1]
        readings = tuple(
            (f'decimal: "{mark}"', f"'{text}' is {_read(text, mark)}") for mark in (",", ".")
        )
        finding.choices.append(Choice("decimal", either[0].where("either"), readings))


def _read(text: str, mark: str) -> str:
    fmt = FileFormat(decimal="," if mark == "," else ".")
    for kind in ("decimal", "percent"):
        try:
            return parse_cell(text, kind, fmt) or "empty"
        except CellError:
            continue
    return "refused"


def _dates(finding: Finding, columns: Sequence[Evidence], digits: Sequence[Evidence]) -> None:
    possible: set[str] | None = None
    seen: list[Evidence] = []
    for evidence in columns:
        texts = evidence.kinds["date"] - evidence.kinds["typed date"]
        if evidence in digits:
            texts = evidence.filled
        elif not evidence.is_date:
            continue
        texts -= evidence.kinds["yyyy-mm-dd"]
        if texts <= 0:
            continue
        seen.append(evidence)
        # A few cells that are no dates at all do not decide: they are rejected with a reason.
        counted = {name: evidence.kinds[name] for name in _formats(evidence)}
        most = max(counted.values(), default=0)
        own = {name for name, count in counted.items() if count == most}
        possible = own if possible is None else possible & own
    if possible is None:
        if any(e.is_date and e.kinds["yyyy-mm-dd"] for e in columns):
            finding.format["date"] = "yyyy-mm-dd"
        return
    if any(name.count("y") == 2 for name in possible):
        finding.conflicts.append(
            f"years of two digits ({seen[0].where('date')}) are not read; export them with four"
        )
        return
    if len(possible) == 1:
        finding.format["date"] = date = possible.pop()
        example = next(e for e in seen if e.kinds[date])
        finding.told.append(("dates", f"{date}, as in {example.where(date)}"))
        return
    names = sorted(possible or {name for e in seen for name in _formats(e)})
    if not possible:
        finding.conflicts.append("no one date format reads all columns of dates")
    kind = "either order" if seen[0].kinds["either order"] else names[0]
    example = next((e for e in seen if e.kinds[kind]), seen[0])
    text = example.examples[kind][1]
    options = tuple((f'date: "{name}"', f"'{text}' is {_day(text, name)}") for name in names)
    finding.choices.append(Choice("date", example.where(kind), options))


def _formats(evidence: Evidence) -> Iterator[str]:
    """The kinds that are date formats, other than ISO."""
    for kind in evidence.kinds:
        if {"d", "m", "y"} <= set(kind) and set(kind) <= set("dmy-/. ") and kind != "yyyy-mm-dd":
            yield kind


def _day(text: str, date: str) -> str:
    try:
        told = parse_cell(text.split("T")[0], "date", FileFormat(date=date))
    except CellError:
        return "no date"
    return dt.date.fromisoformat(told or "").strftime("%-d %B %Y")


def _serials(finding: Finding, evidence: Evidence, days_from: str | None) -> None:
    text = evidence.examples["serial"][1]
    read = {
        year: parse_cell(text, "date", FileFormat(date_numbers=year))  # type: ignore[arg-type]
        for year in ("1900", "1904")
    }
    if days_from is not None:
        finding.format["date_numbers"] = f'"{days_from}"'
        said = f"{evidence.where('serial')} is {read[days_from]}, as the workbook counts days"
        finding.told.append(("dates as numbers", said))
        return
    options = tuple((f'date_numbers: "{year}"', f"'{text}' is {day}") for year, day in read.items())
    finding.choices.append(Choice("date_numbers", evidence.where("serial"), options))


def _percent(finding: Finding, evidence: Evidence) -> None:
    if not evidence.filled or evidence.kinds["percent"] == evidence.filled:
        return
    if "percent" in {choice.what for choice in finding.choices} or not evidence.is_numeric:
        return
    number, text = next(iter(evidence.examples.values()))
    options = (
        ("percent: points", f"'{text}' is {text}%"),
        ("percent: fraction", f"'{text}' is that times 100%"),
    )
    where = f"row {number}, {evidence.heading}: '{text}' has no percent sign"
    finding.choices.append(Choice("percent", where, options))
