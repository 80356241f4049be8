"""Numbers where a date should be: days as Excel counts them, or the digits of a date.

Excel counts days from 1900 with a 29 February 1900 that never was, so its day 1 to 59 are one off;
those are refused. Workbooks of old Macs count from 1904 instead.
"""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal

from connectors.core.files.errors import CellError, quoted
from connectors.core.files.table import Cell

_NUMBER = re.compile(r"\d{1,7}(?:[.,]\d{1,15})?", re.ASCII)
_DAY_ZERO = {"1900": dt.datetime(1899, 12, 30), "1904": dt.datetime(1904, 1, 1)}  # noqa: DTZ001
_FIRST_SURE = {"1900": 61, "1904": 0}
_DAY = 86_400


def number_as_date(text: str, numbers: str) -> Cell:
    """A text that is a number, as the moment it means; any other text as it is.

    numbers: `1900`, `1904`, or `written`, where the digits are read as the declared date says.
    Raises CellError for a number that is no day.
    """
    if numbers == "written" or _NUMBER.fullmatch(text.strip()) is None:
        return str(text)
    days = Decimal(text.strip().replace(",", "."))
    if days < _FIRST_SURE[numbers] or days > 2_958_465:
        raise CellError(f"{quoted(text)} is no day that Excel counts from {numbers}")
    whole = int(days)
    # To the nearest second, since a time is kept as a part of a day.
    seconds = int((days - whole) * _DAY + Decimal("0.5"))
    try:
        return _DAY_ZERO[numbers] + dt.timedelta(days=whole, seconds=seconds)
    except OverflowError as error:
        raise CellError(f"{quoted(text)} is outside the years 1 to 9999") from error
