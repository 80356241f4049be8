"""Numbers as people write them, under a declared decimal mark; never guessed, never a float."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache

from connectors.core.files.errors import CellError, quoted
from connectors.core.files.table import NumberText

# The warehouse keeps money as DECIMAL(18,2) and no DECIMAL beyond 38 digits.
_WHOLE_DIGITS = 16
_ALL_DIGITS = 38
_BIGINT = 2**63
_LONGEST = 200
# Closed on purpose: NAN is three capitals too.
_CURRENCY = r"(?:€|\$|£|¥|EUR|USD|GBP|CHF|SEK|NOK|DKK|PLN|CZK|HUF|JPY|CAD|AUD)"
_SPACE = r"[ \u00a0\u202f\u2009\u2007]"
_LITERAL = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,4})?", re.ASCII)


@lru_cache(maxsize=4)
def _pattern(mark: str) -> re.Pattern[str]:
    decimal, thousands = re.escape(mark), re.escape("." if mark == "," else ",")
    groups = "|".join(
        rf"[1-9]\d{{0,2}}(?:{sep}\d{{3}})+" for sep in (thousands, _SPACE, "['\u2019]")
    )
    return re.compile(
        rf"""
        (?P<bracket>\()?{_SPACE}*
        (?P<lead>-/-|[-+\u2212])?{_SPACE}*
        (?P<currency>{_CURRENCY})?{_SPACE}*
        (?P<inner>-/-|[-+\u2212])?{_SPACE}*
        (?:(?P<whole>{groups}|\d+)(?:{decimal}(?P<cents>\d+|--?|\u2013|\u2014))?|{decimal}(?P<only>\d+))
        (?:{_SPACE}*(?P<percent>%))?
        {_SPACE}*(?P<trail>-/-|[-\u2212])?
        {_SPACE}*(?P<currency2>{_CURRENCY})?
        {_SPACE}*(?P<closing>\))?
        """,
        re.VERBOSE | re.ASCII,
    )


def _everyday(mark: str) -> Callable[[str], str | None]:
    """The canonical text of the numbers that nearly all cells hold, found without arithmetic;
    None for any other, which the full reading then judges."""
    decimal, thousands = re.escape(mark), "," if mark == "." else "."
    match = re.compile(
        rf"(-?)(?:0*(\d{{1,16}})|([1-9]\d{{0,2}}(?:{re.escape(thousands)}\d{{3}}){{1,4}}))"
        rf"(?:{decimal}(\d{{1,20}}))?",
        re.ASCII,
    ).fullmatch

    def read(text: str) -> str | None:
        found = match(text)
        if found is None:
            return None
        minus, whole, grouped, cents = found.groups()
        number: str = whole or grouped.replace(thousands, "")
        if cents and (cents := cents.rstrip("0")):
            return f"{minus}{number}.{cents}"
        return number if number == "0" else minus + number

    return read


def _readings(text: str) -> str:
    """Both ways to read a number that the declared mark does not fit, for the message."""
    minus = "-" if re.search("[-\u2212(]", text) else ""
    body = re.sub(r"[^\d.,]", "", text)
    ways = []
    for mark, other in ((",", "."), (".", ",")):
        whole, _, cents = body.partition(mark)
        shown = whole.replace(other, "") + (f".{cents}" if cents else "")
        if re.fullmatch(r"\d+(\.\d+)?", shown):
            ways.append(f"{minus}{shown} with decimal mark '{mark}'")
    return f"; it could mean {', or '.join(ways)}" if ways else ""


def _refuse(text: str, mark: str, kind: str) -> CellError:
    if re.fullmatch(r"[-+]?[\d.,]+[eE][-+]?\d+", text.strip()):
        why = "a number in powers of ten has lost digits where it was written"
        return CellError(f"{quoted(text)} is not {kind}: {why}; export it in full")
    return CellError(
        f"{quoted(text)} is not {kind} with the declared decimal mark '{mark}' "
        f"and thousands in threes{_readings(text)}"
    )


def _written(text: str, mark: str, kind: str) -> tuple[Decimal, bool, bool]:
    """Value, whether a percent sign follows, whether a currency is named."""
    match = _pattern(mark).fullmatch(text.strip()) if len(text) < _LONGEST else None
    if match is None:
        raise _refuse(text[:_LONGEST], mark, kind)
    part = match.groupdict()
    minuses = [part[k] for k in ("lead", "inner", "trail") if part[k]]
    if part["bracket"]:
        minuses.append("(")
    if bool(part["bracket"]) != bool(part["closing"]) or len(minuses) > 1:
        raise _refuse(text, mark, kind)
    if part["currency"] and part["currency2"]:
        raise _refuse(text, mark, kind)
    whole = re.sub(r"\D", "", part["whole"] or "0")
    cents = part["only"] or part["cents"] or ""
    value = Decimal(f"{whole}.{cents}" if cents.isdigit() else whole)
    negative = bool(minuses) and minuses[0] != "+"
    currency = bool(part["currency"] or part["currency2"])
    return (value.copy_negate() if negative else value), bool(part["percent"]), currency


def _literal(text: str, kind: str) -> Decimal:
    if len(text) >= _LONGEST or _LITERAL.fullmatch(text) is None:
        raise CellError(f"{quoted(text)} is not {kind}: not a finite number")
    return Decimal(text)


def shifted(value: Decimal, places: int) -> Decimal:
    """Moves the decimal mark exactly; arithmetic would round to 28 digits."""
    sign, digits, exponent = value.as_tuple()
    return Decimal((sign, digits, int(exponent) + places))


def plain(value: Decimal) -> str:
    """A number as canonical text: `1234.5`, `0.125`, `-3`; no exponent, no trailing zeros, no -0.

    Raises CellError beyond 16 digits before the mark or 38 in all: the warehouse has no type
    that holds it exactly."""
    if not value:
        return "0"
    # Judged before it is written out: 1e9999 would be a megabyte of zeros.
    if value.adjusted() >= _WHOLE_DIGITS:
        raise CellError(f"{quoted(str(value))} is too large: at most {_WHOLE_DIGITS} digits")
    if int(value.as_tuple().exponent) < -1000:
        raise CellError(f"{quoted(str(value))} is too small to be a value")
    text = f"{value:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    if sum(c.isdigit() for c in text) > _ALL_DIGITS:
        raise CellError(f"{quoted(text)} has more than {_ALL_DIGITS} digits")
    return text


def decimal_reader(mark: str) -> Callable[[str], str]:
    """Reads a `decimal`."""
    everyday = _everyday(mark)

    def read(text: str) -> str:
        if type(text) is str and (quick := everyday(text)) is not None:
            return quick
        if isinstance(text, NumberText):
            if text.shown_as_percent:
                value = _literal(text, "an amount")
                raise CellError(
                    f"{quoted(text)} is shown as a percentage in the workbook, where an amount is "
                    f"declared: it could mean {text} or {plain(shifted(value, 2))}"
                )
            return plain(_literal(text, "an amount"))
        value, percent, _ = _written(text, mark, "an amount")
        if percent:
            raise CellError(f"{quoted(text)} has a percent sign, where an amount is declared")
        return plain(value)

    return read


def integer_reader(mark: str) -> Callable[[str], str]:
    """Reads an `integer`: a whole number that fits 64 bits."""
    everyday = _everyday(mark)

    def read(text: str) -> str:
        if type(text) is str and (quick := everyday(text)) is not None and "." not in quick:
            return quick
        if isinstance(text, NumberText):
            value, odd = _literal(text, "a whole number"), text.shown_as_percent
        else:
            value, percent, currency = _written(text, mark, "a whole number")
            odd = percent or currency
        if odd:
            raise CellError(
                f"{quoted(text)} is money or a percentage, where a whole number is declared"
            )
        if value.adjusted() > 18 or not -_BIGINT <= value < _BIGINT:
            raise CellError(f"{quoted(text)} is too large for a whole number of 64 bits")
        if value != value.to_integral_value():
            raise CellError(f"{quoted(text)} is not a whole number (decimal mark '{mark}')")
        return str(int(value))

    return read


def percent_reader(mark: str, alone: str = "sign") -> Callable[[str], str]:
    """Reads a `percent` into a fraction. A number without a percent sign is refused, since nothing
    says whether 0.5 is a half or half a percent; unless `alone` does: `points` or `fraction`."""

    def read(text: str) -> str:
        if isinstance(text, NumberText):
            value = _literal(text, "a percentage")
            if text.shown_as_percent:
                return plain(value)
        else:
            value, percent, currency = _written(text, mark, "a percentage")
            if percent and not currency:
                return plain(shifted(value, -2))
            if currency and alone != "sign":
                raise CellError(f"{quoted(text)} is money, where a percentage is declared")
        if alone != "sign":
            return plain(shifted(value, -2) if alone == "points" else value)
        raise CellError(
            f"{quoted(text)} has no percent sign: it could mean {plain(value)}% or the fraction "
            f"{plain(value)} ({plain(shifted(value, 2))}%)"
        )

    return read
