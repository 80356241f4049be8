"""Cells that a spreadsheet shows, and does not compute.

A text that begins with one of these signs is a formula to Excel and its like, and a formula may
send what stands beside it elsewhere (OWASP, CSV Injection). An apostrophe before it makes it text.
Numbers are numbers: `-5` written as a number stays one.
"""

from __future__ import annotations

FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r", "\n", "\0", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""Also in full width, which Excel reads as the plain signs in some languages."""


def cell(value: object) -> object:
    """A value for a CSV or XLSX file: a text that would be a formula gets an apostrophe before it,
    and so does one that already begins with apostrophes before such a sign, so that `text_of` gives
    every text back."""
    if not isinstance(value, str):
        return value
    return f"'{value}" if value.lstrip(" '").startswith(FORMULA_SIGNS) else value


def text_of(shown: str) -> str:
    """What a cell of `cell` was."""
    inner = shown[1:]
    return inner if shown.startswith("'") and cell(inner) == shown else shown
