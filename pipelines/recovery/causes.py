"""Why a build failed, where its own words do not say it to people: memory, or the disk."""

from __future__ import annotations

import re
from pathlib import Path

from connectors.core.disk import is_full, room, size
from pipelines.machine import MEMORY_VARIABLE, memory, memory_limit

_MEMORY_WORDS = ("out of memory", "memoryerror", "bad_alloc", "cannot allocate memory")
_SPILL_WORDS = ("max_temp_directory_size", "failed to offload")
_KILLED = re.compile(r"code `?(-9|137)\b")


def why(wrong: str, folder: Path) -> str:
    """A sentence on the cause and the remedy, of what a failed build said; empty where it is
    neither. folder: where it was building."""
    said = wrong.lower()
    if any(word in said for word in _SPILL_WORDS):
        return (
            f"It needed more than memory ({memory_limit()}) and the room beside it: "
            f"{size(room(folder))} are free on the disk of {folder}. Make room, or give it more "
            f"memory. What was published before still stands."
        )
    if any(word in said for word in _MEMORY_WORDS) or _KILLED.search(said):
        return (
            f"It ran out of memory: DuckDB may use {memory_limit()} of {size(memory())}. Give the "
            f"machine or the container more, or set {MEMORY_VARIABLE} lower where another program "
            "needs it too. What was published before still stands."
        )
    if is_full(RuntimeError(said)):
        return (
            f"The disk is full: {size(room(folder))} are free where {folder} is. Make room, and "
            "run again. What was published before still stands."
        )
    return ""
