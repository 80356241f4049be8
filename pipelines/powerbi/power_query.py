"""The Power Query (M) of the model: one function that reads a published table, and a query each.

The function is the only place that knows where tables come from. It names either the DuckDB
connector or the Parquet files, never both: Power Query refuses a query that names a connector that
is not installed, even in a branch it does not take.
"""

from __future__ import annotations

from typing import Literal

from pipelines.powerbi.model import Column, Parameter, Table

Source = Literal["duckdb", "parquet"]

READER = "Published table"

_TYPES = {
    "string": "type text",
    "int64": "Int64.Type",
    "double": "type number",
    "decimal": "Currency.Type",
    "dateTime": "type datetime",
    "boolean": "type logical",
}

# As the connector's source and smoke test have it (motherduckdb/duckdb-power-query-connector, 0.1.6
# and later): a token, `localtoken` for a file; read_only; saas_mode; attach_mode; a record of
# options. It lists tables flat, by `Item`.
_READERS: dict[Source, str] = {
    "parquet": """(name as text) =>
    let
        Path = Text.TrimEnd(Folder, {"\\", "/"}) & "\\parquet\\" & name & ".parquet"
    in
        Parquet.Document(File.Contents(Path))""",
    "duckdb": """(name as text) =>
    let
        Path = Text.TrimEnd(Folder, {"\\", "/"}) & "\\koers.duckdb",
        Tables = DuckDB.Contents(Path, "localtoken", true, false, "single", [])
    in
        Tables{[Item = name]}[Data]""",
}


def text(value: str) -> str:
    """A text as M writes it."""
    return '"' + value.replace('"', '""') + '"'


def reader(source: Source) -> str:
    """The function that gives a published table by its name."""
    return _READERS[source]


def parameters(folder: str, language: str, first_year: int) -> tuple[Parameter, ...]:
    """What can be changed in Power BI under Transform data, Edit parameters."""
    return (
        Parameter(
            "Folder",
            folder,
            "The folder of the publication: it holds koers.duckdb and the folder parquet.",
        ),
        Parameter(
            "Language",
            language,
            "nl or en: the language of names of KPIs and statuses in the data.",
            ("nl", "en"),
        ),
        Parameter("FirstYear", str(first_year), "The first calendar year of the table Date."),
    )


def query(table: Table) -> str:
    """What reads a table: its own query, or the published columns under their names in the model.
    Times are taken as they are (UTC); days become midnight of that day."""
    if table.query is not None:
        return table.query
    read = [column for column in table.columns if column.source]
    sources = ", ".join(_source(column) for column in read)
    renamed = ", ".join(f"{{{_source(column)}, {text(column.name.en)}}}" for column in read)
    typed = ", ".join(f"{{{text(column.name.en)}, {_TYPES[column.data_type]}}}" for column in read)
    return (
        f"let\n    Rows = #{text(READER)}({text(table.mart or '')}),\n"
        f"    Chosen = Table.SelectColumns(Rows, {{{sources}}}),\n"
        f"    Named = Table.RenameColumns(Chosen, {{{renamed}}}),\n"
        f"    Typed = Table.TransformColumnTypes(Named, {{{typed}}})\n"
        "in\n    Typed"
    )


def _source(column: Column) -> str:
    source = column.source or ""
    if "{language}" not in source:
        return text(source)
    before, after = source.split("{language}")
    return f"{text(before)} & Language" + (f" & {text(after)}" if after else "")
