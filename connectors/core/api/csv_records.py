"""Records of a page of CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from connectors.core.api.messages import Json, MalformedError, Response


@dataclass(frozen=True)
class CsvRecords:
    """The rows of a CSV body in UTF-8, as objects: `Owner.Name` is the name of the owner in it. An
    empty cell is null.

    columns: what the body holds. A first row that says so is no record; not every vendor repeats
    it on each page. counted: the header that says how many records the page holds.
    """

    columns: Sequence[str]
    counted: str
    expect: Literal["csv"] = "csv"

    def of(self, response: Response) -> tuple[Json, list[Json]]:
        """See `Records`. Raises MalformedError."""
        try:
            text = response.body.decode("utf-8-sig")
            rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
        except (UnicodeDecodeError, csv.Error) as error:
            raise MalformedError(f"is no CSV ({type(error).__name__})") from None
        if rows and [cell.lower() for cell in rows[0]] == [c.lower() for c in self.columns]:
            rows = rows[1:]
        told = response.headers.get(self.counted.lower())
        if any(len(row) != len(self.columns) for row in rows):
            raise MalformedError("holds a row with more or fewer cells than columns")
        if told is not None and told != str(len(rows)):
            raise MalformedError(f"holds {len(rows)} records and says it holds {told}")
        paths = [column.split(".") for column in self.columns]
        return None, [_nested(paths, row) for row in rows]


def _nested(paths: Sequence[Sequence[str]], row: Sequence[str]) -> Json:
    record: dict[str, Json] = {}
    for path, cell in zip(paths, row, strict=True):
        inner = record
        for name in path[:-1]:
            inner = inner.setdefault(name, {})
        inner[path[-1]] = cell or None
    return record
