"""What a connector needs to know about an account: from environment variables or files, never from
the project or KOERS_HOME.

A variable NAME is given by the environment variable of that name, or by NAME_FILE, the path of a
file that holds it (as container platforms mount secrets). Empty is not given. A variable that is
`kept` changes with each use: it is given by NAME_FILE only, since Koers rewrites that file.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, quote_plus

from connectors.core.errors import CredentialsError
from connectors.core.privacy import mask
from connectors.core.text import one_line

HIDDEN = "***"
_SHORTEST_SECRET = 6
_LONGEST_TEXT = 400


@dataclass(frozen=True)
class Variable:
    """One thing to know about an account. `default` None means that it is needed, unless
    `optional`. `secret`: never shown, and at least six characters long. `is_document`: may hold
    line breaks, as a file of JSON does; it is taken apart, and never put in a header as it is.
    `kept`: see the module; its value is the path of the file."""

    name: str
    help: str
    secret: bool = False
    default: str | None = None
    optional: bool = False
    is_document: bool = False
    kept: bool = False


class Values(Mapping[str, str]):
    """The variables of one connector, by name; what is optional and not given is ''."""

    def __init__(self, variables: Iterable[Variable], given: Mapping[str, str]) -> None:
        self._variables = tuple(variables)
        self._found = {v.name: given.get(v.name) or v.default or "" for v in self._variables}
        self._extra: list[str] = []

    def __getitem__(self, name: str) -> str:
        return self._found[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)

    def __repr__(self) -> str:
        return f"Values({', '.join(self._found)})"

    @property
    def missing(self) -> list[str]:
        """The needed variables that are not given; NAME_FILE of one that is kept."""
        return [
            f"{v.name}_FILE" if v.kept else v.name
            for v in self._variables
            if not v.optional and not self._found[v.name]
        ]

    def hide(self, secret: str) -> None:
        """Also keep this out of every text: an access token that was just handed out."""
        if len(secret) >= _SHORTEST_SECRET:
            self._extra.append(secret)
            del self._extra[:-20]

    def redact(self, text: str) -> str:
        """Text for people and logs, in one line: without secrets, in any spelling that a URL or a
        header may give them, and without e-mail addresses."""
        secrets = [self._found[v.name] for v in self._variables if v.secret and not v.kept]
        secrets += self._extra
        for secret in sorted(filter(None, secrets), key=len, reverse=True):
            for spelling in {secret, quote(secret, safe=""), quote_plus(secret)}:
                text = text.replace(spelling, HIDDEN)
        text = re.sub(r"(?i)(bearer|basic)\s+[\w+/.=~-]+", rf"\1 {HIDDEN}", text)
        return mask(one_line(text, _LONGEST_TEXT))


def resolve(variables: Iterable[Variable], environment: Mapping[str, str] | None = None) -> Values:
    """The variables as the environment gives them. Raises CredentialsError for a file that cannot
    be read, a secret that is too short to be one, and a character that no header can hold."""
    env = os.environ if environment is None else environment
    variables = tuple(variables)
    given: dict[str, str] = {}
    for variable in variables:
        text = env.get(variable.name, "").strip()
        if variable.kept:
            if text:
                raise CredentialsError(
                    f"{variable.name} is replaced by the vendor at each use and could not be kept: "
                    f"write it in a file of its own, and let {variable.name}_FILE name that file"
                )
            given[variable.name] = env.get(f"{variable.name}_FILE", "").strip()
            continue
        if not text and (file := env.get(f"{variable.name}_FILE", "").strip()):
            text = _read(variable.name, Path(file))
        if variable.secret and text and len(text) < _SHORTEST_SECRET:
            raise CredentialsError(f"{variable.name} is shorter than {_SHORTEST_SECRET} characters")
        if not variable.is_document and any(ord(c) < 32 or ord(c) > 126 for c in text):
            raise CredentialsError(
                f"{variable.name} holds a character that no HTTP header can hold; copy it again"
            )
        given[variable.name] = text
    return Values(variables, given)


def whole_number(values: Mapping[str, str], name: str, most: int) -> int:
    """A variable as a number from 0 to `most`. Raises CredentialsError, naming the variable."""
    text = values[name]
    if not re.fullmatch(r"[0-9]{1,9}", text) or int(text) > most:
        raise CredentialsError(f"{name} is to be a whole number from 0 to {most}")
    return int(text)


def number(values: Mapping[str, str], name: str) -> float:
    """The positive number that a variable holds. Raises CredentialsError, naming the variable."""
    try:
        found = float(values[name])
    except ValueError:
        found = 0.0
    if not 0 < found < math.inf:
        raise CredentialsError(f"{name} is not a positive number: {values[name]!r}")
    return found


def is_configured(variables: Iterable[Variable]) -> bool:
    """Whether anything secret of the account is given: then it is meant to be pulled."""
    return any(
        os.environ.get(v.name, "").strip() or os.environ.get(f"{v.name}_FILE", "").strip()
        for v in variables
        if v.secret
    )


def _read(name: str, file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise CredentialsError(f"{name}_FILE cannot be read: {type(error).__name__}") from None
