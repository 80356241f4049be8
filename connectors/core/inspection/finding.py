"""What was found out about a file."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from connectors.core.contract import Stream
from connectors.core.mapping import UnpivotMapping

How = Literal["alias", "mapping", "alike", "maybe", "unpivot", ""]


def yaml_text(text: str) -> str:
    """A text between quotes as YAML, whatever characters are in it."""
    shown = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in shown) + '"'


@dataclass(frozen=True)
class Choice:
    """Something that can be read in more than one way.

    what: the part of the mapping that is to be chosen (`decimal`, `date`, ..., or a field).
    example: where it is seen, as `row 2, Bedrag: '1.234'`. options: the line of the mapping for
    each reading, and what it would mean. is_optional: it may as well be none of them.
    """

    what: str
    example: str
    options: tuple[tuple[str, str], ...]
    is_optional: bool = False


@dataclass(frozen=True)
class Column:
    """A heading of the file. how: `alias` or `mapping` where it is known, `alike` where it is so
    like one field that it is proposed, `maybe` where a person must say, `unpivot` where it is one
    of those that become rows. score: of the likeness, 0 to 1. holds: what its cells look like."""

    heading: str
    field: str | None = None
    how: How = ""
    score: float = 0.0
    holds: str = ""


@dataclass(frozen=True)
class Fit:
    """How well a stream fits: the fields found, and the required ones that are missing."""

    connector: str
    stream: str
    found: int
    missing: tuple[str, ...]
    score: float


@dataclass
class Finding:
    """All about one file, for one stream.

    pattern: for `files`. told: what was recognised, as label and words. format, choices: the
    declared format proposed, and what is open. conflicts: where the mapping says otherwise, or the
    file contradicts itself.
    """

    name: str
    pattern: str
    stream: Stream
    told: list[tuple[str, str]] = field(default_factory=list)
    format: dict[str, str] = field(default_factory=dict)
    title_rows: int = 0
    heading_rows: int = 1
    total_rows: dict[str, str] = field(default_factory=dict)
    unpivot: UnpivotMapping | None = None
    columns: list[Column] = field(default_factory=list)
    choices: list[Choice] = field(default_factory=list)
    conflicts: list[str] = field(default_factory=list)
    missing: tuple[str, ...] = ()
    fit: Fit | None = None

    @property
    def headings(self) -> dict[str, tuple[str, float]]:
        """The headings to map: field and likeness."""
        return {c.heading: (c.field, c.score) for c in self.columns if c.how == "alike" and c.field}
