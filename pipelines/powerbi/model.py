"""The parts of a tabular model that Koers uses, as data. Names are those of TMDL.

A `Text` has a word for each language. The English one is the name of the object, which measures and
visuals refer to; the other is its translation.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import Literal

_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "urn:koers:powerbi")


@dataclass(frozen=True)
class Text:
    """What is said in English and in Dutch."""

    en: str
    nl: str

    def of(self, language: str) -> str:
        return self.nl if language == "nl" else self.en


NOTHING = Text("", "")

DataType = Literal["string", "int64", "double", "decimal", "dateTime", "boolean"]


def tag(*path: str) -> str:
    """A lineage tag or id: the same for the same object each time, so that making the project again
    changes nothing that did not change."""
    return str(uuid.uuid5(_NAMESPACE, "/".join(path)))


@dataclass(frozen=True)
class Column:
    """`source` is the column of the published table; none where `expression` (DAX) computes it."""

    name: Text
    data_type: DataType
    source: str | None = None
    about: Text = NOTHING
    expression: str | None = None
    is_hidden: bool = False
    is_key: bool = False
    sort_by: str | None = None
    format_string: str | None = None


@dataclass(frozen=True)
class Measure:
    """`expression` is DAX; `format_expression` DAX that gives the format string."""

    name: Text
    expression: str
    about: Text
    folder: Text = NOTHING
    format_string: str | None = None
    format_expression: str | None = None
    is_hidden: bool = False


@dataclass(frozen=True)
class Hierarchy:
    name: Text
    levels: tuple[str, ...]
    about: Text = NOTHING


@dataclass(frozen=True)
class Table:
    """`mart` is the published table it is read from; none where `query` (M) says all."""

    name: Text
    about: Text
    columns: tuple[Column, ...]
    mart: str | None = None
    query: str | None = None
    measures: tuple[Measure, ...] = ()
    hierarchies: tuple[Hierarchy, ...] = ()
    is_date_table: bool = False
    is_hidden: bool = False

    def column(self, name: str) -> Column:
        return next(column for column in self.columns if column.name.en == name)


@dataclass(frozen=True)
class Relationship:
    """Many rows of `from_table` to one of `to_table`, by columns of these names."""

    from_table: str
    from_column: str
    to_table: str
    to_column: str


@dataclass(frozen=True)
class Parameter:
    """A Power Query parameter; `choices` are offered in Power BI where there are any."""

    name: str
    value: str
    about: str
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Model:
    tables: tuple[Table, ...]
    relationships: tuple[Relationship, ...]
    parameters: tuple[Parameter, ...]
    functions: dict[str, str] = field(default_factory=dict)

    def table(self, name: str) -> Table:
        return next(table for table in self.tables if table.name.en == name)
