"""YAML that people write, read as what is written there.

YAML 1.1, which most readers still speak, turns `NO` into false, `12:30` into 750 and `010` into 8,
builds Python objects on request, and lets ten lines stand for a billion. Here a plain word is a
word: only `true`, `false`, `null`, whole numbers and numbers with a point are anything else, no key
stands twice, and nothing refers to another part.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

LARGEST = 1_000_000
"""Bytes. What people write by hand is a hundredth of it."""

DEEPEST = 40

_TRUE_FALSE = re.compile(r"true|True|TRUE|false|False|FALSE")
_NULL = re.compile(r"~|null|Null|NULL|")
_WHOLE = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_NUMBER = re.compile(r"[-+]?((0|[1-9][0-9]*)(\.[0-9]+)?|\.[0-9]+)([eE][-+]?[0-9]+)?")


class YamlError(ValueError):
    """A text that is not used; it says where and why, and nothing of what else the file holds."""


class _Strict(yaml.SafeLoader):
    """Without tags, aliases and double keys."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event: Any = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent):
            raise _fault(event.start_mark, "`*` refers to another part; write it out")
        if getattr(event, "tag", None):
            raise _fault(event.start_mark, "`!` names a type; write the value alone")
        self._depth = getattr(self, "_depth", 0) + 1
        if self._depth > DEEPEST:
            raise _fault(event.start_mark, f"is nested more than {DEEPEST} deep")
        try:
            return super().compose_node(parent, index)
        finally:
            self._depth -= 1

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        for key in _doubles(node):
            raise _fault(key.start_mark, f"`{_short(key.value)}` stands here twice")
        return super().construct_mapping(node, deep)


class _Plain(_Strict):
    """YAML 1.2. Dates are text: the fields know better."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - its type there


class _ForDbt(_Strict):
    """YAML 1.1, as dbt reads the same file; what that reads as something else is refused."""

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        if isinstance(node, yaml.ScalarNode) and node.style is None:
            text, kind = str(node.value), node.tag.rpartition(":")[2]
            says = _TRUE_FALSE if kind == "bool" else _WHOLE if kind == "int" else None
            if kind == "float" and ":" in text:
                says = _WHOLE
            if says is not None and not says.fullmatch(text):
                found = super().construct_object(node, deep)
                raise _fault(
                    node.start_mark,
                    f"`{_short(text)}` means {str(found).lower()} here; put it in quotes if that "
                    "is not meant, else write it so",
                )
        return super().construct_object(node, deep)


def _scalar(loader: _Plain, node: yaml.ScalarNode) -> Any:
    text = str(node.value)
    if node.style is not None:
        return text
    if _NULL.fullmatch(text):
        return None
    if _TRUE_FALSE.fullmatch(text):
        return text.lower() == "true"
    if len(text) <= 40:
        if _WHOLE.fullmatch(text):
            return int(text)
        if _NUMBER.fullmatch(text) and math.isfinite(found := float(text)):
            return found
    return text


_Plain.add_constructor("tag:yaml.org,2002:str", _scalar)


def read_yaml(file: Path) -> Any:
    """What a file says. Raises YamlError; OSError where it cannot be read."""
    with file.open("rb") as opened:
        raw = opened.read(LARGEST + 1)
    if len(raw) > LARGEST:
        raise YamlError(f"is larger than {LARGEST:,} bytes; it is no file of settings")
    try:
        return parse_yaml(raw.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise YamlError(f"is not valid YAML: no UTF-8 (byte {error.start})") from None


def parse_yaml(text: str) -> Any:
    """What a text says. Raises YamlError."""
    return _parsed(text, _Plain)


def parse_for_dbt(text: str) -> Any:
    """What a text says to dbt, which reads the same file. Raises YamlError, also for a word that
    dbt would take for something else."""
    return _parsed(text, _ForDbt)


def _parsed(text: str, loader: type[_Strict]) -> Any:
    try:
        # Safe loaders, with less in them.
        return yaml.load(text, loader)  # noqa: S506 # nosec B506
    except yaml.YAMLError as error:
        raise YamlError(f"is not valid YAML: {_where(error)}") from None
    except (RecursionError, ValueError) as error:
        raise YamlError(f"is not valid YAML ({type(error).__name__})") from None


def _where(error: yaml.YAMLError) -> str:
    """What is wrong and on which line; never the line itself, which may hold a secret."""
    mark = getattr(error, "problem_mark", None)
    what = getattr(error, "problem", None) or "it cannot be read"
    return f"{what} (line {mark.line + 1})" if mark else str(what)


def _doubles(node: yaml.MappingNode) -> Iterator[yaml.Node]:
    """The keys of a mapping that stand there a second time."""
    seen = set()
    for key, _ in node.value:
        name = (key.tag, str(key.value))
        if name in seen:
            yield key
        seen.add(name)


def _fault(mark: Any, what: str) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=what, problem_mark=mark)


def _short(text: object) -> str:
    return str(text)[:40]
