"""What a connector declares: its streams, their fields, and how its export files are written.

A connector module holds one `CONNECTOR = Connector(...)`. It is found by its place in
`connectors/`; no list names it. Everything that happens to the data (reading, minimising,
landing) is done by the rest of `connectors.core` from these declarations.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from connectors.core.api.declare import Api, Pull

FieldType = Literal["text", "integer", "decimal", "percent", "score", "date", "datetime", "boolean"]
Mode = Literal["incremental", "full"]


@dataclass(frozen=True)
class Field:
    """One field of a stream.

    name: its name in the landed `record`.
    type: how a cell of an export file is read. In the landed record a `decimal` or `integer` is
        plain text with a dot (`1234.56`), a `percent` is a fraction (`12,5%` becomes `0.125`), a
        `score` is the whole number of an answer on a scale (`9`, `9,0` and `9 - very likely`), a
        `date` is `YYYY-MM-DD`, a `datetime` is UTC `YYYY-MM-DDTHH:MM:SSZ`, a `boolean` is
        `true` or `false`. An empty cell is null, never zero.
    headings: the headings an export file may give it, English and Dutch; compared after trimming
        and case-folding. The name itself is always one of them.
    personal: an e-mail address, name or phone number of a contact; replaced by a keyed HMAC before
        anything is written.
    required: a file without this heading is not a file of this stream; a row without a value is
        rejected.
    path: where it stands in a record of the API (`properties.amount`), in which `{NAME}` is the
        value of a variable of the connector. Empty where the API does not give it.
    """

    name: str
    type: FieldType = "text"
    headings: tuple[str, ...] = ()
    personal: bool = False
    required: bool = False
    path: str = ""


@dataclass(frozen=True)
class FileFormat:
    """How a vendor writes its export files. Each is a default: `mapping.yaml` in the inbox folder
    of the connector overrides it. Nothing here is guessed from the data.

    encoding: for files without a byte-order mark.
    delimiter: of CSV files; a `sep=` line in the file goes before it.
    decimal: the decimal mark; the other one of `.` and `,` is the thousands mark.
    date: `dd-mm-yyyy`, `mm/dd/yyyy`, `yyyy-mm-dd`, ... (d, m, y with any separator); `mmm` is the
        name of a month, English or Dutch (`mmm d, yyyy`).
    time_zone: of date-times without an offset.
    compact: whether a number may be shortened, as in `1,2K` or `3.4M`; it is landed as 1200, as
        rounded as the vendor wrote it.
    blanks: words that stand for an empty cell (`-`, `N/A`), in any field.
    percent: what a percentage without a percent sign means: `points` (12.5 is 12.5%) or `fraction`
        (0.125 is); with `sign` it is refused.
    date_numbers: what a number means where a date is: days as Excel counts them (`1900`; `1904`
        for workbooks of old Macs), or digits `written` as `date` says; else it is refused.
    """

    encoding: str = "utf-8"
    delimiter: str = ","
    decimal: Literal[".", ","] = "."
    date: str = "yyyy-mm-dd"
    time_zone: str = "Europe/Amsterdam"
    compact: bool = False
    blanks: tuple[str, ...] = ()
    percent: Literal["sign", "points", "fraction"] = "sign"
    date_numbers: Literal["refused", "1900", "1904", "written"] = "refused"


@dataclass(frozen=True)
class Variant:
    """How one of several tools writes the files of a stream.

    name: of the tool. headings: its headings by field, in the place of the field's own. says: what
    holds for every row though no column says it, by field. date: see `FileFormat`; what
    `mapping.yaml` says goes before it.
    """

    name: str
    headings: Mapping[str, tuple[str, ...]]
    says: Mapping[str, str] = field(default_factory=dict)
    date: str | None = None


@dataclass(frozen=True)
class Stream:
    """One kind of record that a connector delivers.

    key: the fields that together identify a record; `record_id` is their values joined by `|`.
    updated_at: the field that holds the source's last change, or None: then the load's order
        alone decides which version is the latest.
    activity: the field (date or datetime) that says how far the data reach; the newest value is
        the stream's watermark. None for reference data.
    mode: `full` when a file holds everything there is, so that what it leaves out is gone;
        `incremental` when a file adds to or corrects what came before.
    pull: how it is read from the API; None where it comes from export files only.
    files: names that the vendor gives its export files (`*`, `?`), for those whose headings fit
        several streams.
    deleted: the field (boolean) by which an export file says that a record is gone; None where
        files hold only what is there.
    variants: of the tools whose files are of this stream, each with headings of its own.
    """

    name: str
    description: str
    fields: tuple[Field, ...]
    key: tuple[str, ...]
    updated_at: str | None = None
    activity: str | None = None
    mode: Mode = "incremental"
    pull: Pull | None = None
    files: tuple[str, ...] = ()
    deleted: str | None = None
    variants: tuple[Variant, ...] = ()

    def __post_init__(self) -> None:
        names = {f.name for f in self.fields}
        used = {*self.key, *filter(None, (self.updated_at, self.activity, self.deleted))}
        used = used.union(*(set(each.headings) | set(each.says) for each in self.variants))
        if missing := sorted(used - names):
            raise ValueError(f"stream {self.name}: no such field: {', '.join(missing)}")


@dataclass(frozen=True)
class Connector:
    """A tool that Koers reads.

    kind: what it is to an organisation, for grouping: crm, email, social, survey, finance, web,
        hr, organisation.
    keeps_files: files stay in the inbox after reading, since people edit them there.
    api: how its API is reached; None where there are export files only.
    version: raised when a change here changes what is landed.
    """

    name: str
    label: str
    kind: str
    streams: tuple[Stream, ...]
    file_format: FileFormat = field(default_factory=FileFormat)
    keeps_files: bool = False
    version: int = 1
    api: Api | None = None

    def stream(self, name: str) -> Stream:
        """The stream of that name. Raises KeyError, naming what there is."""
        for stream in self.streams:
            if stream.name == name:
                return stream
        known = ", ".join(s.name for s in self.streams)
        raise KeyError(f"{self.name} has no stream {name!r}; it has: {known}")
