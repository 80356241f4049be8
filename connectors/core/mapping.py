"""`mapping.yaml` in an inbox folder: what a connector's declaration cannot know of your files."""

from __future__ import annotations

import dataclasses
import difflib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from connectors.core.contract import Connector, FileFormat, Stream


class MappingError(ValueError):
    """The mapping cannot be used; the text names the file, the entry and what there is."""


@dataclass(frozen=True)
class StreamMapping:
    """files: patterns of names. headings: heading in the file to field. values: per field, the word
    in the file to the word as meant."""

    files: tuple[str, ...] = ()
    headings: dict[str, str] = field(default_factory=dict)
    values: dict[str, dict[str, str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Mapping:
    """The effective format, the streams' mappings, and the files meant to lie unread."""

    file_format: FileFormat
    streams: dict[str, StreamMapping]
    ignore: tuple[str, ...] = ()


def _check(file: Path, what: str, given: dict[str, Any], known: list[str]) -> None:
    for name in given:
        if name not in known:
            near = difflib.get_close_matches(str(name), known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(known)}"
            raise MappingError(f"{file}: no {what} {name!r}; {hint}")


def _stream(file: Path, stream: Stream, given: dict[str, Any]) -> StreamMapping:
    _check(file, "setting", given, ["files", "headings", "values"])
    fields = [f.name for f in stream.fields]
    headings = {str(k): str(v) for k, v in (given.get("headings") or {}).items()}
    _check(file, f"field of {stream.name}", dict.fromkeys(headings.values()), fields)
    values = given.get("values") or {}
    _check(file, f"field of {stream.name}", values, fields)
    return StreamMapping(
        files=tuple(given.get("files") or ()),
        headings=headings,
        values={k: {str(a): str(b) for a, b in v.items()} for k, v in values.items()},
    )


def read_mapping(folder: Path, connector: Connector) -> Mapping:
    """The mapping of an inbox folder, or the declaration's own. Raises MappingError."""
    file = folder / "mapping.yaml"
    if not file.exists():
        return Mapping(connector.file_format, {})
    try:
        given = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
    except yaml.YAMLError as error:
        raise MappingError(f"{file} is not valid YAML: {error}") from error
    _check(file, "setting", given, ["format", "streams", "ignore"])
    settings = given.get("format") or {}
    _check(file, "format", settings, [f.name for f in dataclasses.fields(FileFormat)])
    streams = given.get("streams") or {}
    _check(file, "stream", streams, [s.name for s in connector.streams])
    return Mapping(
        file_format=dataclasses.replace(connector.file_format, **settings),
        streams={
            name: _stream(file, connector.stream(name), entry) for name, entry in streams.items()
        },
        ignore=tuple(given.get("ignore") or ()),
    )
