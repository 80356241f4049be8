"""Opening a file of the inbox: a regular file, read by handle, never through a link or a pipe."""

from __future__ import annotations

import os
import stat
from io import BufferedReader
from pathlib import Path

from connectors.core.files.errors import FileRefused

# Windows has no links that open() would follow unasked, hence no such flags.
_FLAGS = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
_FLAGS |= getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)

_MAGIC = {
    b"PK\x03\x04": "a zip or an XLSX workbook",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook (.xls) or one with a password",
    b"%PDF": "a PDF",
    b"\x1f\x8b": "a gzip archive",
    b"SQLite": "a database",
}


def open_regular(path: Path) -> BufferedReader:
    """The bytes of a regular file. Raises FileRefused for a symbolic link, a folder, a pipe or a
    device, an empty file, and one that cannot be opened."""
    try:
        handle = os.open(path, _FLAGS)
    except (OSError, ValueError) as error:
        reason = "it is a symbolic link; put the file itself here" if path.is_symlink() else error
        raise FileRefused(path, f"cannot be opened: {reason}") from error
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise FileRefused(path, "is not a regular file (a folder, pipe or device)")
    file = open(handle, "rb")  # noqa: PTH123, SIM115 - by handle, which the caller closes
    if not file.peek(1):
        file.close()
        raise FileRefused(path, "is empty (0 bytes); the export failed, so export it again")
    return file


def what_it_is(start: bytes) -> str | None:
    """What a file is by its first bytes, when it surely is no text."""
    for magic, name in _MAGIC.items():
        if start.startswith(magic):
            return name
    beginning = start.lstrip(b"\xef\xbb\xbf \t\r\n")[:64].lower()
    if beginning.startswith((b"<!doctype", b"<html", b"<?xml", b"<table")):
        return "a web page or XML (a log-in page, perhaps)"
    return None
