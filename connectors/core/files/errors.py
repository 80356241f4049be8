"""What can be wrong with a file or with a cell.

ValueError
├── FileRefused   the file cannot be read as a whole; it stays where it lies
└── CellError     one value is not what its field declares; its row is rejected
"""

from __future__ import annotations

from pathlib import Path


class FileRefused(ValueError):  # noqa: N818 - the name says what happened to the file
    """A file that cannot be read as a whole: nothing of it may be landed.

    path: the file. reason: where in it, what is wrong, and what to do.
    """

    def __init__(self, path: Path, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(f"{printable(path.name)}: {reason}")


class CellError(ValueError):
    """A value that is not what its field declares. `reason` names the value, the declared format
    and, where there are two, both readings."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


def printable(text: str, longest: int = 120) -> str:
    """Text that is safe to show on one line: control characters escaped, shortened when long."""
    shown = "".join(c if c.isprintable() else repr(c)[1:-1] for c in text[: longest + 1])
    return shown if len(shown) <= longest else shown[: longest - 1] + "…"


def quoted(text: str) -> str:
    """The text of a cell, as messages show it."""
    return f"'{printable(text, 60)}'"
