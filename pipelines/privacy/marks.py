"""The texts by which a person is known, and what stands in their place."""

from __future__ import annotations

import functools
import html
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, quote_plus

_BEFORE = r"(?:(?<![\w.+\-])|(?<=\\[nrt]))"
_AFTER = r"(?![\w\-]|\.\w)"


def variants(text: str) -> list[str]:
    """A text as it may be written inside JSON, HTML or an address."""
    found = [
        text,
        json.dumps(text)[1:-1],
        json.dumps(json.dumps(text)[1:-1])[1:-1],
        html.escape(text),
        quote(text),
        quote(text, safe="@"),
        quote_plus(text),
    ]
    return list(dict.fromkeys(found))


@dataclass(frozen=True)
class Marks:
    """Texts and their aliases, both for `named` texts (an e-mail address, a name, a pseudonym:
    theirs wherever they stand) and for `ids` (of a user or a unit: theirs only as a whole word,
    where nothing else is called so)."""

    named: Mapping[str, str] = field(default_factory=dict)
    ids: Mapping[str, str] = field(default_factory=dict)

    def text(self, text: str) -> str:
        """The text with aliases for what is named in it."""
        return _replaced(self._named, self._of_named, text)

    def words(self, text: str) -> str:
        """The same, and for ids too."""
        return _replaced(self._all, self._of_all, text)

    def names(self, text: str) -> bool:
        """Whether a text names the person."""
        return self._named is not None and self._named.search(text) is not None

    def mentions(self, text: str) -> bool:
        """The same, or holds an id of theirs as a word."""
        return self._all is not None and self._all.search(text) is not None

    @functools.cached_property
    def _of_named(self) -> dict[str, str]:
        return {
            variant.casefold(): alias
            for text, alias in self.named.items()
            for variant in variants(text)
        }

    @functools.cached_property
    def _of_all(self) -> dict[str, str]:
        return {text.casefold(): alias for text, alias in self.ids.items()} | self._of_named

    @functools.cached_property
    def _named(self) -> re.Pattern[str] | None:
        return _pattern(self._of_named)

    @functools.cached_property
    def _all(self) -> re.Pattern[str] | None:
        return _pattern(self._of_all)


def _pattern(texts: Iterable[str]) -> re.Pattern[str] | None:
    longest_first = sorted((text for text in texts if text), key=len, reverse=True)
    if not longest_first:
        return None
    return re.compile(
        f"{_BEFORE}(?:{'|'.join(map(re.escape, longest_first))}){_AFTER}", re.IGNORECASE
    )


def _replaced(pattern: re.Pattern[str] | None, aliases: Mapping[str, str], text: str) -> str:
    if pattern is None:
        return text
    return pattern.sub(lambda found: aliases[found.group().casefold()], text)
