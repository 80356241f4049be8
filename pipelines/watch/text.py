"""A letter as plain text, whole or as much of it as a channel takes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from pipelines.watch.formats import number
from pipelines.watch.letter import Entry, Letter
from pipelines.watch.words import WORDS

Form = TypeVar("Form")


def text(letter: Letter) -> str:
    """All of it, paragraphs with an empty line between."""
    parts = list(letter.opening)
    for section in letter.sections:
        parts.append(section.heading)
        parts += [_entry(n, entry) for n, entry in enumerate(section.entries, start=1)]
        if rest := section.rest_line(letter.language):
            parts.append(rest)
    if letter.advice:
        parts.append("\n".join(filter(None, letter.advice)))
    return "\n\n".join(filter(None, (*parts, letter.reference)))


def text_within(letter: Letter, most: int) -> str:
    """The same in at most so many characters: fewer alerts, the others counted; where even one is
    too long, cut at the end of a line."""
    shown = fitting(letter, text, lambda each: len(each) <= most)
    return cut(shown, most, letter.language)


def fitting(
    letter: Letter, lay_out: Callable[[Letter], Form], fits: Callable[[Form], bool]
) -> Form:
    """The letter laid out with as many alerts as fit, the others counted; with none of them where
    nothing fits."""
    laid_out = lay_out(letter)
    most = len(letter.entries)
    while not fits(laid_out) and most > 0:
        most -= 1
        laid_out = lay_out(letter.shortened(most))
    return laid_out


def cut(shown: str, most: int, language: str) -> str:
    """At most so many characters, cut at the end of a line, with how many lines are left out."""
    if len(shown) <= most:
        return shown
    lines = shown.split("\n")
    for kept in range(len(lines) - 1, 0, -1):
        more = WORDS[language]["more_lines"].format(n=number(len(lines) - kept, 0, language))
        short = "\n".join((*lines[:kept], more))
        if len(short) <= most:
            return short
    return lines[0][: max(most - 1, 0)] + "…" if most > 0 else ""


def _entry(ordinal: int, entry: Entry) -> str:
    lines = [f"{ordinal}. {entry.name}", *entry.lines]
    if entry.course:
        lines.insert(2, entry.course)
    lines += [f"{link.text}: {link.url}" for link in entry.links]
    return "\n   ".join(lines)
