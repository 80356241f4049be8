"""Which encoding the bytes of a file are in, and which delimiter its text has."""

from __future__ import annotations

import codecs
from collections import Counter
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from connectors.core.contract import FileFormat
from connectors.core.files import FileRefused, Limits
from connectors.core.files.delimited import raw_delimited
from connectors.core.files.encodings import MARKS
from connectors.core.files.source import open_regular
from connectors.core.inspection.finding import Choice

_LOOKED_AT = 8_000_000
_DELIMITERS = {";": "';'", ",": "','", "\t": "a tab", "|": "'|'"}
_SIGNS = "€£°«»‘’“”–—…•©®½§"
_LETTERS = "àáâãäåæçèéêëìíîïñòóôõöøùúûüÿßœšž" + "ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜŸŒŠŽ"
_SAMPLE = 300


@dataclass(frozen=True)
class Found:
    """name: of the encoding. by_mark: the file says so itself. said: in words. choice: where
    another fits as well."""

    name: str
    by_mark: bool
    said: str
    choice: Choice | None = None
    ends_in_newline: bool = True


def encoding_of(path: Path) -> Found:
    """Looks at the first 8 MB. Raises FileRefused for what is no regular file, or empty."""
    with open_regular(path) as file:
        data = file.read(_LOOKED_AT)
        whole = not file.read(1)
        file.seek(-min(4, len(data)), 2)
        ends = file.read().rstrip(b"\0")[-1:] in (b"\n", b"\r")
    found = _of(data, whole)
    return replace(found, ends_in_newline=ends)


def _of(data: bytes, whole: bool) -> Found:
    for mark, name in MARKS:
        if data.startswith(mark):
            return Found(name, True, f"{name.upper()}, by its byte-order mark")
    if b"\0" in data[:1_000]:
        wide = "utf-16-le" if data[1:400:2].count(0) >= data[0:400:2].count(0) else "utf-16-be"
        return Found(wide, False, f"{wide.upper()}, without a byte-order mark")
    decoder = codecs.getincrementaldecoder("utf-8")("strict")
    try:
        text = decoder.decode(data, final=whole)
    except UnicodeDecodeError:
        return _one_byte(data)
    if text.isascii():
        return Found("utf-8", False, "plain ASCII, which every encoding reads the same")
    return Found("utf-8", False, "UTF-8: all of it is valid")


def _one_byte(data: bytes) -> Found:
    scores = {}
    for name in ("cp1252", "cp850", "mac-roman"):
        try:
            scores[name] = _likely(data[:200_000].decode(name))
        except UnicodeDecodeError:
            continue
    best = max(scores, key=lambda name: scores[name]) if scores else "cp850"
    # Declared only where each of its accented letters fits, and no other encoding fits as well.
    is_sure = list(scores.values()).count(0) == 1 and scores[best] == 0
    shown = _example(data, best)
    said = f"{best}: it is not UTF-8, and reads as '{shown}'"
    if is_sure or len(scores) < 2:
        return Found(best, False, said)
    options = tuple((f"encoding: {name}", f"reads '{_example(data, name)}'") for name in scores)
    return Found(best, False, said, Choice("encoding", "the first accented text", options))


def _likely(text: str) -> int:
    """Less one for every character beyond ASCII that stands where such a character would not: a
    letter that is alone, or of another case than its place, or a sign that offices do not use."""
    score = 0
    for at, character in enumerate(text):
        if character.isascii() or character in _SIGNS:
            continue
        before, after = text[at - 1 : at] if at else "", text[at + 1 : at + 2]
        fits = character in _LETTERS and (before.isalpha() or after.isalpha())
        if character.isupper():
            fits = fits and not before.islower() and not (before.isupper() and after.islower())
        score -= not fits
    return score


def _example(data: bytes, name: str) -> str:
    at = next(i for i, byte in enumerate(data) if byte > 0x7F)
    line = data[max(0, at - 12) : at + 12].decode(name, "replace")
    return " ".join(line.split())


def delimiter_of(path: Path, encoding: str, limits: Limits) -> tuple[str, str, Choice | None]:
    """The delimiter, in words too, and a choice where two fit equally well."""
    marks: dict[str, tuple[float, int]] = {}
    for mark in _DELIMITERS:
        if (score := _regular(path, encoding, mark, limits)) is not None:
            marks[mark] = score
    if not marks:
        return ",", "none of ; , tab | is found: one column", None
    best = max(marks, key=lambda mark: marks[mark])
    rivals = [mark for mark, score in marks.items() if score == marks[best]]
    said = f"{_DELIMITERS[best]}, {marks[best][1]} columns"
    if len(rivals) == 1:
        return best, said, None
    options = tuple((f"delimiter: {written(m)}", f"{marks[m][1]} columns") for m in rivals)
    return best, said, Choice("delimiter", "the first rows", options)


def written(mark: str) -> str:
    """A delimiter as YAML text."""
    return '"\\t"' if mark == "\t" else f'"{mark}"'


def _regular(path: Path, encoding: str, mark: str, limits: Limits) -> tuple[float, int] | None:
    """How regular the rows are with this delimiter: the share that has the usual number of
    columns, and that number; None where it separates nothing."""
    fmt = replace(FileFormat(), encoding=encoding, delimiter=mark)
    try:
        with raw_delimited(path, fmt, limits) as rows:
            widths = Counter(len(cells) for _, cells in islice(rows, _SAMPLE))
    except FileRefused:
        return None
    wide = [width for width in widths if width > 1]
    if not wide:
        return None
    usual = max(wide, key=lambda width: (widths[width], width))
    return round(widths[usual] / widths.total(), 2), usual
