"""Headings as the rest of Koers compares them."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from pathlib import Path

from connectors.core.files.errors import FileRefused
from connectors.core.files.table import Limits


def clean_headings(path: Path, raw: Iterable[str], limits: Limits) -> list[str]:
    """Trimmed, white space (a line break in a heading too) as one space, accents in one spelling.

    Raises FileRefused for too many headings, one that is too long, or a NUL character."""
    headings = [" ".join(unicodedata.normalize("NFC", text).split()) for text in raw]
    if len(headings) > limits.columns:
        raise FileRefused(path, f"has {len(headings):,} columns; at most {limits.columns:,}")
    if any("\0" in heading for heading in headings):
        raise FileRefused(path, "a NUL character in the headings; export it again")
    if any(len(heading) > 1_000 for heading in headings):
        raise FileRefused(path, "a heading is longer than 1,000 characters; is this a data file?")
    return headings
