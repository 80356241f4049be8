"""Requests and responses, as the client and the paginators see them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode

Json = Any


class MalformedError(ValueError):
    """A body that is not what it says it is."""


@dataclass(frozen=True)
class Request:
    """One request, without credentials, so that it may be written down and sent later.

    path: relative to the base URL, or a whole URL, which must then be of the same origin.
    json, form: the body, or None. cost: in the units of the vendor's rate limit.
    repeatable: whether it may be sent twice (a query by POST may).
    """

    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    method: str = "GET"
    json: Json = None
    form: Mapping[str, str] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    cost: float = 1.0
    repeatable: bool = True

    def with_params(self, **params: str) -> Request:
        """The same request with parameters added or replaced."""
        return replace(self, params={**self.params, **params})

    def with_json(self, **fields: Json) -> Request:
        """The same request with fields of its JSON body added or replaced."""
        return replace(self, json={**(self.json or {}), **fields})

    @property
    def query(self) -> str:
        return urlencode(self.params)

    def to_json(self) -> dict[str, Json]:
        """What `of_json` takes."""
        return {
            "path": self.path,
            "params": dict(self.params),
            "method": self.method,
            "json": self.json,
            "cost": self.cost,
        }

    @staticmethod
    def of_json(content: Mapping[str, Json]) -> Request:
        return Request(**content)


_UNREAD = object()


@dataclass
class Response:
    """An answer, read whole. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    _content: Json = field(default=_UNREAD, repr=False)

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "").split(";")[0].strip().lower()

    def json(self) -> Json:
        """The body. Numbers with a fraction are their own text, so that no digit is lost.

        Raises MalformedError for what is no JSON, for NaN and infinity, for a name twice in one
        object, for nesting and numbers beyond reason.
        """
        if self._content is _UNREAD:
            try:
                self._content = json.loads(
                    self.body, parse_float=str, parse_constant=_refuse, object_pairs_hook=_object
                )
                if _SURROGATE.search(self.body):
                    self._content = _whole(self._content)
            except (ValueError, RecursionError) as error:
                raise MalformedError(f"is no JSON ({type(error).__name__})") from None
        return self._content


_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


def _whole(content: Json) -> Json:
    """Half of a character, which no text file can hold, becomes a question mark."""
    return json.loads(json.dumps(content, ensure_ascii=False).encode("utf-8", "replace"))


def _refuse(text: str) -> None:
    raise ValueError(f"{text} is no number")


def _object(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name twice in one object")
    return found


def at(content: Json, path: str) -> Json:
    """What stands at a dotted path in nested objects; None where there is nothing."""
    for name in path.split("."):
        if not isinstance(content, dict):
            return None
        content = content.get(name)
    return content
