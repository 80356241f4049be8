"""How a vendor's list goes on after a page. A paginator holds no state: from a request and the
answer to it follows the next request, or None. So a request alone says where a pull stands, and can
be written down to go on from there another day.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol
from urllib.parse import parse_qsl

from connectors.core.api.messages import Json, Request, Response, at


@dataclass(frozen=True)
class Page:
    """An answer with the records that were found in it."""

    response: Response
    content: Json
    records: list[Json]


class Paginator(Protocol):
    def next(self, request: Request, page: Page) -> Request | None:
        """The request for the page after this one; None after the last."""


class OnePage:
    """A list that always comes whole."""

    def next(self, request: Request, page: Page) -> Request | None:
        return None


@dataclass(frozen=True)
class Token:
    """The body holds a token, at a dotted path, that goes into a parameter of the next request;
    none, null or empty ends the list."""

    path: str
    parameter: str

    def next(self, request: Request, page: Page) -> Request | None:
        token = at(page.content, self.path)
        if token is None or token == "":
            return None
        return request.with_params(**{self.parameter: str(token)})


@dataclass(frozen=True)
class NextLink:
    """The body holds the address of the next page, which may be a whole URL; the client refuses it
    where it leads elsewhere. done: a dotted path that says true on the last page."""

    path: str
    done: str | None = None

    def next(self, request: Request, page: Page) -> Request | None:
        if self.done is not None and at(page.content, self.done) is True:
            return None
        link = at(page.content, self.path)
        if not link:
            return None
        path, _, query = str(link).partition("?")
        return replace(request, path=path, params=dict(parse_qsl(query, keep_blank_values=True)))


@dataclass(frozen=True)
class HeaderToken:
    """A header of the answer holds a token for a parameter of the next request; missing, empty or
    the word `null` ends the list."""

    header: str
    parameter: str

    def next(self, request: Request, page: Page) -> Request | None:
        token = page.response.headers.get(self.header.lower(), "")
        if token in ("", "null"):
            return None
        return request.with_params(**{self.parameter: token})
