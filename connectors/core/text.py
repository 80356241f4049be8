"""Text of others in lines of ours: a log, a terminal, an error."""

from __future__ import annotations

import unicodedata

_CATEGORIES = ("Cc", "Cs", "Zl", "Zp")
"""Control characters (ANSI escapes begin with one), halves of a surrogate pair, and what some
readers take for the end of a line."""

_DIRECTIONS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067")
"""Characters that turn the order of what follows around."""


def visible(text: str) -> str:
    """The same lines, with every character that would do something shown instead of done: `\\x1b`
    for an escape. Line breaks and tabs stay."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(repr(c)[1:-1] if c not in "\n\t" and _does_something(c) else c for c in text)


def one_line(text: str, longest: int) -> str:
    """Text on one line, so that it cannot be taken for another line of a log; cut when long."""
    return visible(" ".join(text.split())[:longest])


def _does_something(character: str) -> bool:
    return character in _DIRECTIONS or unicodedata.category(character) in _CATEGORIES
