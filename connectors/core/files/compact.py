"""Numbers that a tool shortened for the eye: `1,2K`, `3.4M`. Read only where a format says that its
files may hold them."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal

from connectors.core.files.amounts import decimal_reader, plain, shifted
from connectors.core.files.errors import CellError, quoted
from connectors.core.files.table import NumberText

_SHORT = re.compile(r"(?P<number>[-+]?[\d.,]*\d)[ \u00a0\u202f]?(?P<unit>[KkMm])", re.ASCII)
_PLACES = {"k": 3, "m": 6}


def compact_reader(read: Callable[[str], str], mark: str) -> Callable[[str], str]:
    """The same reader, which knows shortened numbers too, under a declared decimal mark. K is a
    thousand and M a million, in capitals or not. Raises CellError."""
    number = decimal_reader(mark)

    def reader(text: str) -> str:
        found = None if isinstance(text, NumberText) else _SHORT.fullmatch(text.strip())
        if found is None:
            return read(text)
        try:
            value = shifted(Decimal(number(found["number"])), _PLACES[found["unit"].lower()])
            return read(NumberText(plain(value)))
        except CellError as error:
            raise CellError(f"{quoted(text)} is a shortened number: {error.reason}") from None

    return reader
