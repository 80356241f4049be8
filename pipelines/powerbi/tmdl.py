"""Writes a model as TMDL, the text form of Microsoft's tabular object model.

One file per table, the order of objects that of the model, and lineage tags that follow from the
names: the same model gives the same bytes, those that Microsoft's own library writes for it. What
TMDL is: https://learn.microsoft.com/analysis-services/tmdl/tmdl-overview
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from pipelines.powerbi.model import (
    NOTHING,
    Column,
    Hierarchy,
    Measure,
    Model,
    Parameter,
    Table,
    Text,
    tag,
)
from pipelines.powerbi.power_query import query, text

COMPATIBILITY_LEVEL = 1601  # of Power BI; the first with format strings that are computed
BASE_CULTURE, CULTURE = "en-US", "nl-NL"

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def files(model: Model) -> dict[str, str]:
    """The files of the folder `definition`, by their path in it."""
    return {
        "database.tmdl": f"database\n\tcompatibilityLevel: {COMPATIBILITY_LEVEL}\n\n",
        "model.tmdl": _model(model),
        "expressions.tmdl": _expressions(model),
        "relationships.tmdl": _relationships(model),
        f"cultures/{CULTURE}.tmdl": _culture(model),
        **{f"tables/{table.name.en}.tmdl": _table(table) for table in model.tables},
    }


def quoted(name: str) -> str:
    """A name as TMDL writes it."""
    return name if _PLAIN.fullmatch(name) else "'" + name.replace("'", "''") + "'"


def _indented(lines: Iterable[str], tabs: int) -> list[str]:
    return [("\t" * tabs + line) if line else "" for line in lines]


def _about(words: str, tabs: int) -> list[str]:
    one_line = " ".join(words.split())
    return _indented([f"/// {one_line}"], tabs) if one_line else []


def _value(words: str) -> str:
    """A text as the value of a property: in quotes where it would be read as something else."""
    one_line = " ".join(words.split())
    if one_line != words or one_line[:1] in ('"', "'", "`") or not one_line:
        return '"' + words.replace('"', '""') + '"'
    return one_line


def _expression(head: str, body: str, tabs: int) -> list[str]:
    """An expression under the object it belongs to; deeper than that object's properties."""
    if "\n" not in body:
        return _indented([f"{head} = {body}"], tabs)
    return [*_indented([f"{head} ="], tabs), *_indented(body.split("\n"), tabs + 2)]


def _model(model: Model) -> str:
    lines = [
        "model Model",
        f"\tculture: {BASE_CULTURE}",
        "\tdefaultPowerBIDataSourceVersion: powerBI_V3",
        "\tdiscourageImplicitMeasures",
        f"\tsourceQueryCulture: {BASE_CULTURE}",
        "",
        "annotation __PBI_TimeIntelligenceEnabled = 0",
        "",
        *(f"ref table {quoted(table.name.en)}" for table in model.tables),
        "",
        f"ref cultureInfo {CULTURE}",
    ]
    return "\n".join(lines) + "\n\n"


def _expressions(model: Model) -> str:
    lines: list[str] = []
    for parameter in model.parameters:
        lines += [
            *_about(parameter.about, 0),
            f"expression {quoted(parameter.name)} = {_parameter(parameter)}",
            f"\tlineageTag: {tag('expression', parameter.name)}",
            "",
            "\tannotation PBI_ResultType = Text",
            "",
        ]
    for name, body in model.functions.items():
        lines += [
            *_expression(f"expression {quoted(name)}", body, 0),
            f"\tlineageTag: {tag('expression', name)}",
            "",
            "\tannotation PBI_ResultType = Function",
            "",
        ]
    return "\n".join(lines) + "\n"


def _parameter(parameter: Parameter) -> str:
    choices = ", ".join(text(choice) for choice in parameter.choices)
    offered = f"List={{{choices}}}, DefaultValue={text(parameter.value)}, " if choices else ""
    return (
        f"{text(parameter.value)} meta [IsParameterQuery=true, {offered}"
        'Type="Text", IsParameterQueryRequired=true]'
    )


def _relationships(model: Model) -> str:
    lines: list[str] = []
    for each in model.relationships:
        name = tag("relationship", each.from_table, each.from_column, each.to_table)
        lines += [
            f"relationship {name}",
            f"\tfromColumn: {quoted(each.from_table)}.{quoted(each.from_column)}",
            f"\ttoColumn: {quoted(each.to_table)}.{quoted(each.to_column)}",
            "",
        ]
    return "\n".join(lines) + "\n"


def _table(table: Table) -> str:
    name = table.name.en
    lines = [
        *_about(table.about.en, 0),
        f"table {quoted(name)}",
        *(["\tisHidden"] if table.is_hidden else []),
        f"\tlineageTag: {tag('table', name)}",
        *(["\tdataCategory: Time"] if table.is_date_table else []),
        "",
    ]
    for measure in table.measures:
        lines += [*_measure(measure), ""]
    for column in table.columns:
        lines += [*_column(name, column), ""]
    for hierarchy in table.hierarchies:
        lines += [*_hierarchy(name, hierarchy), ""]
    lines += [
        f"\tpartition {quoted(name)} = m",
        "\t\tmode: import",
        *_expression("source", query(table), 2),
        "",
    ]
    return "\n".join(lines) + "\n"


def _measure(measure: Measure) -> list[str]:
    return [
        *_about(measure.about.en, 1),
        *_expression(f"measure {quoted(measure.name.en)}", measure.expression, 1),
        *([f"\t\tformatString: {_value(measure.format_string)}"] if measure.format_string else []),
        *(["\t\tisHidden"] if measure.is_hidden else []),
        *([f"\t\tdisplayFolder: {_value(measure.folder.en)}"] if measure.folder.en else []),
        f"\t\tlineageTag: {tag('measure', measure.name.en)}",
        *(
            ["", *_expression("formatStringDefinition", measure.format_expression, 2)]
            if measure.format_expression
            else []
        ),
    ]


def _column(table: str, column: Column) -> list[str]:
    head = f"column {quoted(column.name.en)}"
    first = (
        _expression(head, column.expression, 1) if column.expression is not None else [f"\t{head}"]
    )
    return [
        *_about(column.about.en, 1),
        *first,
        f"\t\tdataType: {column.data_type}",
        *(["\t\tisHidden"] if column.is_hidden else []),
        *(["\t\tisKey"] if column.is_key else []),
        *([f"\t\tformatString: {_value(column.format_string)}"] if column.format_string else []),
        f"\t\tlineageTag: {tag('column', table, column.name.en)}",
        "\t\tsummarizeBy: none",
        *([f"\t\tsourceColumn: {_value(column.name.en)}"] if column.expression is None else []),
        *([f"\t\tsortByColumn: {quoted(column.sort_by)}"] if column.sort_by else []),
    ]


def _hierarchy(table: str, hierarchy: Hierarchy) -> list[str]:
    name = hierarchy.name.en
    lines = [
        *_about(hierarchy.about.en, 1),
        f"\thierarchy {quoted(name)}",
        f"\t\tlineageTag: {tag('hierarchy', table, name)}",
    ]
    for level in hierarchy.levels:
        lines += [
            "",
            f"\t\tlevel {quoted(level)}",
            f"\t\t\tlineageTag: {tag('level', table, name, level)}",
            f"\t\t\tcolumn: {quoted(level)}",
        ]
    return lines


def _culture(model: Model) -> str:
    """The Dutch captions, descriptions and display folders."""
    lines = [f"cultureInfo {CULTURE}", "\ttranslations", "\t\tmodel Model"]
    for table in model.tables:
        lines += _translated("table", table.name, table.about, 3)
        for column in table.columns:
            lines += _translated("column", column.name, column.about, 4)
        for measure in table.measures:
            if not measure.is_hidden:
                lines += _translated("measure", measure.name, measure.about, 4)
                if measure.folder.nl:
                    lines.append(f"\t\t\t\t\tdisplayFolder: {_value(measure.folder.nl)}")
        for hierarchy in table.hierarchies:
            lines += _translated("hierarchy", hierarchy.name, hierarchy.about, 4)
            for level in hierarchy.levels:
                lines += _translated("level", table.column(level).name, NOTHING, 5)
    return "\n".join(lines) + "\n\n"


def _translated(kind: str, name: Text, about: Text, tabs: int) -> list[str]:
    lines = [f"{kind} {quoted(name.en)}", f"\tcaption: {_value(name.nl)}"]
    if about.nl:
        lines.append(f"\tdescription: {_value(about.nl)}")
    return _indented(lines, tabs)
