"""Which bytes are which characters: a byte-order mark first, else as declared, and strictly."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path

from connectors.core.files.errors import FileRefused
from connectors.core.files.table import Limits

_CHUNK = 1 << 20
# UTF-32 before UTF-16: its little-endian mark begins with the same two bytes.
MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_WIDE = ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")
_CONTROL = re.compile("[\x80-\x9f]")
_SINGLE_BYTE = ("cp1252", "iso8859-1", "iso8859-15", "cp850", "cp437", "mac-roman", "ascii")
KNOWN = ("utf-8", *_WIDE, *_SINGLE_BYTE)


def known_encoding(declared: str) -> str:
    """The canonical name of an encoding. Raises ValueError, naming those that can be read."""
    try:
        name = codecs.lookup(declared).name
    except (LookupError, ValueError):
        name = ""
    name = {"utf-8-sig": "utf-8", "utf-16": "utf-16-le", "utf-32": "utf-32-le"}.get(name, name)
    if name not in KNOWN:
        raise ValueError(f"encoding {declared!r} cannot be read; known are {', '.join(KNOWN)}")
    return name


@dataclass(frozen=True)
class Survey:
    """What one pass over the bytes of a text file tells.

    encoding: to decode with, from byte `start` on (after a byte-order mark).
    has_nul: whether a NUL character is in it.
    ends_in_newline: whether its last line is closed.
    """

    encoding: str
    start: int
    has_nul: bool
    ends_in_newline: bool


def survey(path: Path, file: BufferedReader, declared: str, limits: Limits) -> Survey:
    """Decodes the whole file once, strictly, so that what cannot be read is refused before any
    row of it is. Raises FileRefused with the place of the first byte that is wrong."""
    head = file.read(4)
    mark, encoding = next(
        ((len(m), e) for m, e in MARKS if head.startswith(m)), (0, known_encoding(declared))
    )
    if b"\0" in head[mark:] and encoding not in _WIDE:
        raise FileRefused(
            path,
            "looks like UTF-16 without a byte-order mark (NUL bytes at its start); "
            "save it as UTF-8, or set encoding: utf-16-le",
        )
    if encoding in _SINGLE_BYTE:
        _refuse_utf8(path, file, encoding)
    has_nul, last, blank, run = False, "", True, 0
    for text, offset in _decoded(path, file, mark, encoding):
        has_nul = has_nul or "\0" in text
        blank = blank and text.isspace()
        last = text[-1]
        if encoding.startswith("iso8859") and (control := _CONTROL.search(text)):
            before = _lines_before(file, mark, offset, encoding)
            line = before + text.count("\n", 0, control.start()) + 1
            at = offset + control.start()
            raise FileRefused(path, _not_latin(control.group(), line, at, encoding))
        newest = max(text.rfind("\n"), text.rfind("\r"))
        run = run + len(text) if newest < 0 else len(text) - newest
        if run > limits.record_characters:
            lines = _lines_before(file, mark, offset, encoding)
            raise FileRefused(path, f"has a line of over {run:,} characters after line {lines}")
    if blank:
        raise FileRefused(path, "holds nothing but white space; export it again")
    return Survey(encoding, mark, has_nul, last in "\r\n")


def _decoded(
    path: Path, file: BufferedReader, start: int, encoding: str
) -> Iterator[tuple[str, int]]:
    """Pieces of text with the byte offset each begins at."""
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    file.seek(start)
    offset = start
    while True:
        chunk = file.read(_CHUNK)
        pending = len(decoder.getstate()[0])
        try:
            text = decoder.decode(chunk, final=not chunk)
        except UnicodeDecodeError as error:
            good = error.object[: error.start].decode(encoding, "ignore")
            wrong = error.object[error.start]
            at = offset - pending + error.start
            before = _lines_before(file, start, offset - pending, encoding)
            line = before + good.count("\n") + 1
            raise FileRefused(
                path,
                f"line {line}, byte {at} (0x{wrong:02x}) is not {encoding}, as declared; set the "
                "right encoding under format (often cp1252 or utf-8), or save the file as UTF-8",
            ) from error
        if text:
            yield text, offset - pending
        if not chunk:
            return
        offset += len(chunk)


def _lines_before(file: BufferedReader, start: int, end: int, encoding: str) -> int:
    """The line ends between two places of a file, counted only where something is wrong: to count
    them takes longer than all other looking at it."""
    decoder = codecs.getincrementaldecoder(encoding)("ignore")
    file.seek(start)
    lines = 0
    while chunk := file.read(min(_CHUNK, end - start)):
        start += len(chunk)
        lines += decoder.decode(chunk).count("\n")
    return lines


def _not_latin(control: str, line: int, offset: int, encoding: str) -> str:
    byte = ord(control)
    meant = bytes([byte]).decode("cp1252", "replace")
    return (
        f"line {line} has at byte {offset} 0x{byte:02x}, a control character in the "
        f"declared {encoding} but '{meant}' in cp1252; set encoding: cp1252"
    )


def _refuse_utf8(path: Path, file: BufferedReader, encoding: str) -> None:
    """A one-byte encoding reads any bytes, so UTF-8 would turn into 'RenÃ©' without an error. Text
    whose every accented letter happens to be valid UTF-8 is not text in a one-byte encoding."""
    decoder = codecs.getincrementaldecoder("utf-8")("strict")
    file.seek(0)
    letter, line = "", 1
    while True:
        chunk = file.read(_CHUNK)
        try:
            text = decoder.decode(chunk, final=not chunk)
        except UnicodeDecodeError:
            return
        if not letter:
            letter = next((c for c in text if c > "\x7f"), "")
            line += text.count("\n", 0, text.index(letter) if letter else len(text))
        if not chunk:
            break
    if letter:
        other = letter.encode("utf-8").decode(encoding, "replace")
        raise FileRefused(
            path,
            f"line {line} has '{letter}' read as UTF-8 and '{other}' read as the declared "
            f"{encoding}; all of the file is valid UTF-8, so set encoding: utf-8",
        )
