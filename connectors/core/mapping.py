"""`inbox/<connector>/mapping.yaml`: what the files of this organisation are like.

    format: {encoding: cp1252, delimiter: ";", decimal: ",", date: dd-mm-yyyy, blanks: ["-"]}
    streams:
      deals:
        files: ["sales_pipeline*.csv"]       # else a stream is recognised by its headings
        headings: {sales_agent: owner}       # heading in the file: field
        values: {stage: {Gewonnen: won}}     # field: {as in the file: as meant}
    fixed: {"linkedin*": {profile: Acme}}    # what no column of these files says
    ignore: ["accounts.csv"]                 # files that are meant to lie there unread
    accept_shrink: true                      # a full load may hold far fewer rows, this once

Every value is read as text, so that `No`, `010` and `12:30` mean what they say.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from connectors.core.contract import Connector, FileFormat
from connectors.core.errors import MappingError
from connectors.core.files import FileRefused, check_format
from connectors.core.files.source import open_regular

FILE_NAME = "mapping.yaml"
LARGEST = 1_000_000


class Format(BaseModel):
    """Overrides of the connector's `FileFormat`, field by field."""

    model_config = ConfigDict(extra="forbid")

    encoding: str | None = None
    delimiter: str | None = None
    decimal: Literal[".", ","] | None = None
    date: str | None = None
    time_zone: str | None = None
    compact: bool | None = None
    blanks: list[str] | None = None
    last_line_may_be_open: bool = False


class StreamMapping(BaseModel):
    """How one stream is recognised and read; see the module."""

    model_config = ConfigDict(extra="forbid")

    files: list[str] = Field(default_factory=list)
    headings: dict[str, str] = Field(default_factory=dict)
    values: dict[str, dict[str, str]] = Field(default_factory=dict)


class Mapping(BaseModel):
    """`mapping.yaml`."""

    model_config = ConfigDict(extra="forbid")

    format: Format = Field(default_factory=Format)
    streams: dict[str, StreamMapping] = Field(default_factory=dict)
    fixed: dict[str, dict[str, str]] = Field(default_factory=dict)
    ignore: list[str] = Field(default_factory=list)
    accept_shrink: bool = False

    def stream(self, name: str) -> StreamMapping:
        """The mapping of a stream; an empty one where nothing is said."""
        return self.streams.get(name, StreamMapping())

    def file_format(self, connector: Connector) -> FileFormat:
        """The connector's format with these overrides."""
        said = self.format.model_dump(exclude_none=True, exclude={"last_line_may_be_open"})
        if "blanks" in said:
            said["blanks"] = tuple(said["blanks"])
        return FileFormat(**{**asdict(connector.file_format), **said})


class _Loader(yaml.BaseLoader):
    """YAML as text only, in which no key stands twice and nothing refers to something else."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            mark = self.current_event.start_mark if self.current_event else None
            raise yaml.composer.ComposerError(
                None, None, "`*` refers to another part; write it out", mark
            )
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"{key.value!r} stands here twice", key.start_mark
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def read_mapping(file: Path, connector: Connector) -> Mapping:
    """The mapping of a connector; an empty one where there is no file.

    Raises MappingError: which file, what is wrong in it, and the nearest right names.
    """
    if not file.exists() and not file.is_symlink():
        return Mapping()
    try:
        with open_regular(file) as opened:
            text = opened.read(LARGEST + 1).decode("utf-8-sig")
        if len(text) > LARGEST:
            raise MappingError(f"{file} is larger than {LARGEST:,} characters; is it a mapping?")
        loader = _Loader(text)
        try:
            content = loader.get_single_data()
        finally:
            loader.dispose()
        mapping = Mapping.model_validate(content or {})
    except FileRefused as error:
        raise MappingError(f"{file} {error.reason}") from error
    except UnicodeDecodeError as error:
        raise MappingError(f"{file} is not UTF-8 (byte {error.start}); save it as UTF-8") from error
    except (yaml.YAMLError, RecursionError) as error:
        raise MappingError(f"{file} is not valid YAML: {error}") from error
    except ValidationError as error:
        raise MappingError(f"{file}: {'; '.join(_told(e) for e in error.errors())}") from error
    if wrong := list(_wrong_names(mapping, connector)):
        raise MappingError(f"{file}: {'; '.join(wrong)}")
    try:
        check_format(mapping.file_format(connector))
    except ValueError as error:
        raise MappingError(f"{file}: format: {error}") from error
    return mapping


def nearest(name: str, known: Iterable[str]) -> str:
    """`did you mean a or b?`, or all the known names where none is near."""
    names = list(known)
    folded = {n.casefold(): n for n in names}
    near = [folded[n] for n in difflib.get_close_matches(name.casefold(), folded, n=2)]
    return f"did you mean {' or '.join(near)}?" if near else f"known are: {', '.join(names)}"


_PARTS: dict[int, type[BaseModel]] = {0: Mapping, 1: Format, 2: StreamMapping}


def _told(error: Any) -> str:
    place = [str(part) for part in error["loc"]]
    where = ".".join(place) or "the whole"
    if error["type"] == "extra_forbidden":
        depth = {1: 0, 2: 1, 3: 2}[len(place)]
        return f"{where} is unknown; {nearest(place[-1], _PARTS[depth].model_fields)}"
    return f"{where}: {error['msg']}, not {error['input']!r}"


def _wrong_names(mapping: Mapping, connector: Connector) -> Iterable[str]:
    streams = {stream.name: stream for stream in connector.streams}
    for name, said in mapping.streams.items():
        if name not in streams:
            yield f"streams.{name}: no such stream; {nearest(name, streams)}"
            continue
        fields = [field.name for field in streams[name].fields]
        for heading, field in said.headings.items():
            if field not in fields:
                yield (
                    f"streams.{name}.headings.{heading}: no such field {field!r}; "
                    f"{nearest(field, fields)}"
                )
        for field in said.values:
            if field not in fields:
                yield f"streams.{name}.values.{field}: no such field; {nearest(field, fields)}"
    texts = {f.name for each in connector.streams for f in each.fields if f.type == "text"}
    for pattern, values in mapping.fixed.items():
        for field in values:
            if field not in texts:
                yield f"fixed.{pattern}.{field}: no such field of text; {nearest(field, texts)}"
