"""JSON: an array of objects, or an object that holds exactly one such array; read strictly.

JSON is UTF-8 whatever the connector declares for its text files (a byte-order mark wins), and its
numbers have a dot whatever the declared decimal mark. They are kept as written.
"""

from __future__ import annotations

import codecs
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from connectors.core.files.encodings import survey
from connectors.core.files.errors import FileRefused
from connectors.core.files.headings import clean_headings
from connectors.core.files.source import open_regular, what_it_is
from connectors.core.files.table import BadText, Cell, Limits, NumberText, Row, Table


class _StrictError(ValueError):
    """What Python's JSON reader would let pass."""


def open_json(path: Path, limits: Limits) -> Table:
    """Opens a JSON file. Raises FileRefused, with line and column where the JSON is broken."""
    with open_regular(path) as file:
        if (kind := what_it_is(file.peek(512)[:512])) is not None:
            raise FileRefused(path, f"is {kind}, not JSON")
        if os.fstat(file.fileno()).st_size > limits.json_bytes:
            raise FileRefused(
                path, f"is larger than {limits.json_bytes:,} bytes; split it, or use CSV"
            )
        found = survey(path, file, "utf-8", Limits(record_characters=limits.json_bytes))
        file.seek(found.start)
        data = file.read()
    document = _load(path, codecs.decode(data, found.encoding))
    notes: list[str] = []
    records = _records(path, document, notes)
    _refuse_depth(path, records, limits)
    keys = list(dict.fromkeys(key for r in records if isinstance(r, dict) for key in r))
    headings = clean_headings(path, keys, limits)
    return Table(path, headings, 0, notes, _rows(records, keys, limits), lambda: None)


def _load(path: Path, text: str) -> Any:
    try:
        return json.loads(
            text,
            parse_float=NumberText,
            parse_int=NumberText,
            parse_constant=_no_constant,
            object_pairs_hook=_unique,
        )
    except json.JSONDecodeError as error:
        raise FileRefused(
            path, f"line {error.lineno}, column {error.colno}: broken JSON ({error.msg})"
        ) from error
    except _StrictError as error:
        raise FileRefused(path, str(error)) from error
    except RecursionError as error:
        raise FileRefused(path, "nests far too deep to be records") from error


def _no_constant(name: str) -> Any:
    raise _StrictError(f"{name} is not a JSON number")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise _StrictError(f"an object has the key {twice[:100]!r} twice; which one is meant?")
    return made


def _records(path: Path, document: Any, notes: list[str]) -> list[Any]:
    if isinstance(document, list):
        return document
    if isinstance(document, dict):
        arrays = [key for key, value in document.items() if isinstance(value, list)]
        if len(arrays) == 1:
            if others := [key for key in document if key != arrays[0]]:
                notes.append(f"only {arrays[0]!r} is read, not {', '.join(others)[:200]}")
            return list(document[arrays[0]])
        raise FileRefused(
            path,
            f"its object holds {len(arrays)} arrays ({', '.join(arrays)[:200]}); one is expected",
        )
    raise FileRefused(path, "is JSON, but not an array of objects")


def _refuse_depth(path: Path, records: list[Any], limits: Limits) -> None:
    level: list[Any] = records
    for _ in range(limits.json_depth):
        level = [
            inner
            for value in level
            if isinstance(value, dict | list)
            for inner in (value.values() if isinstance(value, dict) else value)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return
    raise FileRefused(path, f"nests deeper than {limits.json_depth} levels")


def _rows(records: list[Any], keys: list[str], limits: Limits) -> Iterator[Row]:
    for number, record in enumerate(records, 1):
        if not isinstance(record, dict):
            yield Row(number, [], "not an object with named values")
            continue
        cells = [_cell(record.get(key)) for key in keys]
        yield Row(number, cells, _problem(cells, limits))


def _cell(value: Any) -> Cell:
    if isinstance(value, dict | list):
        return BadText(json.dumps(value, ensure_ascii=False), "a nested value, not a single one")
    return value  # type: ignore[no-any-return]  # str, NumberText, bool or None by construction


def _problem(cells: list[Cell], limits: Limits) -> str | None:
    for cell in cells:
        if isinstance(cell, str) and cell:
            if len(cell) > limits.cell_characters:
                return f"a cell is longer than {limits.cell_characters:,} characters"
            if "\0" in cell:
                return "a NUL character in it"
            # JSON can spell half a surrogate pair, which is no text and cannot be stored.
            if not cell.isascii() and any("\ud800" <= c <= "\udfff" for c in cell):
                return "half a character in it (a lone surrogate)"
    return None
