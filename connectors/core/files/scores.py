"""The answer to a question on a scale, as survey tools write it: `9`, `9,0`, `9 - very likely`."""

from __future__ import annotations

import re
from collections.abc import Callable

from connectors.core.files.amounts import integer_reader
from connectors.core.files.errors import CellError, quoted
from connectors.core.files.table import NumberText

# At most two zeros after a mark: with three it could be a thousand. No digit in the words: `9 - 10`
# and `9/10` could mean more than one thing.
_SCORE = re.compile(r"(?P<number>\d{1,3})(?:[.,]0{1,2})?(?:\s*[-–—:=(]\s*[^\W\d_]\D*)?")


def score_reader(mark: str) -> Callable[[str], str]:
    """Reads a `score`: a whole number, which words may follow. Words without a number are refused:
    nothing says which of several scores they stand for. Whether the number lies on the scale is
    for others to judge. Raises CellError."""
    whole = integer_reader(mark)

    def read(text: str) -> str:
        if isinstance(text, NumberText):
            return whole(text)
        found = _SCORE.fullmatch(text.strip())
        if found is None:
            raise CellError(
                f"{quoted(text)} is no score: a whole number such as 9, or 9 and then words"
            )
        return whole(found["number"])

    return read
