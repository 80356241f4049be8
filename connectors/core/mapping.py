"""`inbox/<connector>/mapping.yaml`: what the files of this organisation are like.

    format: {encoding: cp1252, delimiter: ";", decimal: ",", date: dd-mm-yyyy, blanks: ["-"]}
    streams:
      deals:
        files: ["sales_pipeline*.csv"]       # else a stream is recognised by its headings
        format: {locale: nl}                 # of these files, over what holds for all
        title_rows: 1                        # rows above the headings
        heading_rows: 2                      # the upper heading stands over several columns
        total_rows: [Totaal, "Total *"]      # no records: left out, and counted
        unpivot: {field: closed_date, value: amount, months: first_day}   # columns become rows
        headings: {sales_agent: owner}       # heading in the file: field
        values: {stage: {Gewonnen: won}}     # field: {as in the file: as meant}
        to_choose: [decimal]                 # these files are refused until it is said
        accept_shrink: true                  # far fewer rows, or none, are right
        smallest_share: 0.2                  # how many of the rows known before are enough
        guarded_from: 500                    # of fewer rows known before, any change is believed
        may_lack: [amount]                   # no record of the API need have it any more
    fixed: {"linkedin*": {profile: Acme}}    # what no column of these files says
    ignore: ["accounts.csv"]                 # files that are meant to lie there unread
    accept_shrink: true                      # of all streams

What says how a file is arranged holds for the files that `files` names. `koers inbox inspect` makes
such a part from a file. Every value is read as text, so that `No`, `010` and `12:30` mean what they
say.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from connectors.core.contract import Connector, FileFormat
from connectors.core.errors import MappingError
from connectors.core.files import FileRefused, Layout, Table, Unpivot, check_format, open_table
from connectors.core.files.source import open_regular
from connectors.core.guard import SMALLEST_GUARDED, SMALLEST_SHARE, Guard

FILE_NAME = "mapping.yaml"
LARGEST = 1_000_000


# What people mean by the name of a country or language; each part can be said apart as well.
LOCALES: dict[str, dict[str, str]] = {
    "nl": {"delimiter": ";", "decimal": ",", "date": "dd-mm-yyyy"},
    "nl-be": {"delimiter": ";", "decimal": ",", "date": "dd/mm/yyyy"},
    "de": {"delimiter": ";", "decimal": ",", "date": "dd.mm.yyyy"},
    "fr": {"delimiter": ";", "decimal": ",", "date": "dd/mm/yyyy"},
    "en-gb": {"delimiter": ",", "decimal": ".", "date": "dd/mm/yyyy"},
    "en-us": {"delimiter": ",", "decimal": ".", "date": "mm/dd/yyyy"},
    "iso": {"delimiter": ",", "decimal": ".", "date": "yyyy-mm-dd"},
}


class Format(BaseModel):
    """Overrides of the connector's `FileFormat`, field by field. `locale` gives delimiter, decimal
    mark and date of a country at once; what is said beside it goes before it."""

    model_config = ConfigDict(extra="forbid")

    locale: Literal["nl", "nl-be", "de", "fr", "en-gb", "en-us", "iso"] | None = None
    encoding: str | None = None
    delimiter: str | None = None
    decimal: Literal[".", ","] | None = None
    date: str | None = None
    time_zone: str | None = None
    compact: bool | None = None
    blanks: list[str] | None = None
    percent: Literal["sign", "points", "fraction"] | None = None
    date_numbers: Literal["refused", "1900", "1904", "written"] | None = None
    last_line_may_be_open: bool | None = None

    def said(self) -> dict[str, Any]:
        """The parts of a `FileFormat` that are said here."""
        own = self.model_dump(exclude_none=True, exclude={"last_line_may_be_open", "locale"})
        if "blanks" in own:
            own["blanks"] = tuple(own["blanks"])
        return {**LOCALES.get(self.locale or "", {}), **own}


class UnpivotMapping(BaseModel):
    """See `files.layout.Unpivot`; `field` and `value` are fields of the stream."""

    model_config = ConfigDict(extra="forbid")

    field: str
    value: str | None = None
    months: Literal["first_day", "last_day"] | None = None
    year: int | None = Field(default=None, ge=1900, le=2999)
    columns: dict[str, str] = Field(default_factory=dict)


class StreamMapping(BaseModel):
    """How one stream is recognised and read; see the module."""

    model_config = ConfigDict(extra="forbid")

    files: list[str] = Field(default_factory=list)
    format: Format = Field(default_factory=Format)
    title_rows: int = Field(default=0, ge=0, le=100)
    heading_rows: int = Field(default=1, ge=1, le=2)
    total_rows: list[str] = Field(default_factory=list)
    unpivot: UnpivotMapping | None = None
    headings: dict[str, str] = Field(default_factory=dict)
    values: dict[str, dict[str, str]] = Field(default_factory=dict)
    to_choose: list[str] = Field(default_factory=list)
    accept_shrink: bool = False
    smallest_share: float = Field(default=SMALLEST_SHARE, ge=0, le=1)
    guarded_from: int = Field(default=SMALLEST_GUARDED, ge=1)
    may_lack: list[str] = Field(default_factory=list)

    @field_validator("format", "headings", "values", mode="before")
    @classmethod
    def _nothing_yet(cls, said: object) -> object:
        """A part in which all lines are still commented out."""
        return {} if said == "" else said

    def layout(self) -> Layout:
        """How the rows of its files are arranged."""
        turned = self.unpivot
        return Layout(
            title_rows=self.title_rows,
            heading_rows=self.heading_rows,
            total_rows=tuple(self.total_rows),
            unpivot=Unpivot(
                turned.field, turned.value or "", turned.months, turned.year, dict(turned.columns)
            )
            if turned
            else None,
        )

    def undecided(self) -> list[str]:
        """What is still to be chosen: `decimal`, `date`, ... until `format` says it, `value`,
        `year` or `columns` until `unpivot` does, a field until a heading is mapped to it."""
        said = {*self.format.said(), *self.headings.values()}
        if self.format.last_line_may_be_open is not None:
            said.add("last_line_may_be_open")
        if self.unpivot is not None:
            said |= {name for name, value in self.unpivot if value}
        return [name for name in self.to_choose if name not in said]


@dataclass(frozen=True)
class Way:
    """How a file is read."""

    format: FileFormat
    layout: Layout
    last_line_may_be_open: bool

    def open(self, path: Path) -> Table:
        """Opens it; see `files.open_table`. Raises FileRefused."""
        return open_table(
            path,
            self.format,
            last_line_may_be_open=self.last_line_may_be_open,
            layout=self.layout,
        )


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

    def guard(self, name: str) -> Guard:
        """How far a stream is believed when it tells far less than before."""
        said = self.stream(name)
        accepted = self.accept_shrink or said.accept_shrink
        share = 0.0 if accepted else said.smallest_share
        return Guard(share, said.guarded_from, frozenset(said.may_lack))

    def file_format(self, connector: Connector, stream: str | None = None) -> FileFormat:
        """The connector's format with these overrides, and those of a stream's own files."""
        said = self.format.said() | (self.stream(stream).format.said() if stream else {})
        return FileFormat(**{**asdict(connector.file_format), **said})

    def says_date(self, stream: str | None) -> bool:
        """Whether it says how dates are written, of all files or of those of a stream."""
        return "date" in self.format.said() | (self.stream(stream).format.said() if stream else {})

    def way(self, connector: Connector, stream: str | None) -> Way:
        """How files are read: those that a stream's `files` names, or all others (None)."""
        own = self.stream(stream) if stream else StreamMapping()
        may_be_open = own.format.last_line_may_be_open
        if may_be_open is None:
            may_be_open = bool(self.format.last_line_may_be_open)
        return Way(self.file_format(connector, stream), own.layout(), may_be_open)


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
    return parse_mapping(read_text(file), file, connector)


def read_text(file: Path) -> str:
    """The text of a mapping file. Raises MappingError."""
    try:
        with open_regular(file) as opened:
            text = opened.read(LARGEST + 1).decode("utf-8-sig")
    except FileRefused as error:
        raise MappingError(f"{file} {error.reason}") from error
    except UnicodeDecodeError as error:
        raise MappingError(f"{file} is not UTF-8 (byte {error.start}); save it as UTF-8") from error
    if len(text) > LARGEST:
        raise MappingError(f"{file} is larger than {LARGEST:,} characters; is it a mapping?")
    return text


def parse_mapping(text: str, file: Path, connector: Connector) -> Mapping:
    """The mapping that a text says; `file` is named in a MappingError."""
    try:
        loader = _Loader(text)
        try:
            content = loader.get_single_data()
        finally:
            loader.dispose()
        mapping = Mapping.model_validate(content or {})
    except (yaml.YAMLError, RecursionError) as error:
        raise MappingError(f"{file} is not valid YAML: {error}") from error
    except ValidationError as error:
        raise MappingError(f"{file}: {'; '.join(_told(e) for e in error.errors())}") from error
    if wrong := list(_wrong_names(mapping, connector)):
        raise MappingError(f"{file}: {'; '.join(wrong)}")
    for stream in (None, *mapping.streams):
        try:
            check_format(mapping.file_format(connector, stream))
        except ValueError as error:
            where = f"streams.{stream}.format" if stream else "format"
            raise MappingError(f"{file}: {where}: {error}") from error
    return mapping


def nearest(name: str, known: Iterable[str]) -> str:
    """`did you mean a or b?`, or all the known names where none is near."""
    names = list(known)
    folded = {n.casefold(): n for n in names}
    near = [folded[n] for n in difflib.get_close_matches(name.casefold(), folded, n=2)]
    return f"did you mean {' or '.join(near)}?" if near else f"known are: {', '.join(names)}"


_PARTS: dict[str, type[BaseModel]] = {"format": Format, "unpivot": UnpivotMapping}


def _told(error: Any) -> str:
    place = [str(part) for part in error["loc"]]
    where = ".".join(place) or "the whole"
    if error["type"] == "extra_forbidden":
        part = _PARTS.get(place[-2], StreamMapping) if len(place) > 1 else Mapping
        return f"{where} is unknown; {nearest(place[-1], part.model_fields)}"
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
        for part, named in (("values", said.values), ("may_lack", said.may_lack)):
            for field in named:
                if field not in fields:
                    yield f"streams.{name}.{part}.{field}: no such field; {nearest(field, fields)}"
        yield from _wrong_layout(name, said, fields)
    texts = {f.name for each in connector.streams for f in each.fields if f.type == "text"}
    for pattern, values in mapping.fixed.items():
        for field in values:
            if field not in texts:
                yield f"fixed.{pattern}.{field}: no such field of text; {nearest(field, texts)}"


def _wrong_layout(name: str, said: StreamMapping, fields: list[str]) -> Iterable[str]:
    arranged = said.title_rows or said.heading_rows > 1 or said.total_rows or said.unpivot
    if (arranged or said.format.model_dump(exclude_none=True)) and not said.files:
        yield (
            f"streams.{name}.files: is missing; the format and the arrangement of a stream's files "
            "hold for the files that it names"
        )
    turned = said.unpivot
    if turned is None:
        return
    if turned.field not in fields:
        yield (
            f"streams.{name}.unpivot.field: no such field {turned.field!r}; "
            f"{nearest(turned.field, fields)}"
        )
    if turned.value is not None and turned.value not in fields:
        yield (
            f"streams.{name}.unpivot.value: no such field {turned.value!r}; "
            f"{nearest(turned.value, fields)}"
        )
    if turned.value is None and said.heading_rows == 1 and "value" not in said.to_choose:
        yield f"streams.{name}.unpivot.value: is missing; the field that the cells are of"
    if turned.months is None and not turned.columns and "columns" not in said.to_choose:
        yield f"streams.{name}.unpivot: says neither months nor columns"
