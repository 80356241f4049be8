"""The pieces of a PBIR report as JSON: fields, visuals, pages. The schemas are Microsoft's, of the
versions named here: https://github.com/microsoft/json-schemas/tree/main/fabric/item/report
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pipelines.powerbi.model import tag

SCHEMAS = "https://developer.microsoft.com/json-schemas/fabric/"
VISUAL = SCHEMAS + "item/report/definition/visualContainer/2.4.0/schema.json"
PAGE = SCHEMAS + "item/report/definition/page/2.0.0/schema.json"
PAGES = SCHEMAS + "item/report/definition/pagesMetadata/1.0.0/schema.json"
REPORT = SCHEMAS + "item/report/definition/report/3.0.0/schema.json"
VERSION = SCHEMAS + "item/report/definition/versionMetadata/1.0.0/schema.json"

WIDTH, HEIGHT = 1280, 720

Json = dict[str, Any]


@dataclass(frozen=True)
class Field:
    """A column, measure, or level of a hierarchy; `table` and `name` as the model has them."""

    table: str
    name: str
    kind: str = "Column"
    hierarchy: str = ""

    @property
    def reference(self) -> str:
        return ".".join(part for part in (self.table, self.hierarchy, self.name) if part)

    def expression(self, source: Json | None = None) -> Json:
        entity = {"SourceRef": source or {"Entity": self.table}}
        if self.hierarchy:
            of = {"Hierarchy": {"Expression": entity, "Hierarchy": self.hierarchy}}
            return {"HierarchyLevel": {"Expression": of, "Level": self.name}}
        return {self.kind: {"Expression": entity, "Property": self.name}}


def column(table: str, name: str) -> Field:
    return Field(table, name)


def measure(name: str, table: str = "Figures") -> Field:
    return Field(table, name, "Measure")


def level(table: str, hierarchy: str, name: str) -> Field:
    return Field(table, name, hierarchy=hierarchy)


@dataclass(frozen=True)
class Visual:
    """`roles` are the wells of the visual type with their fields; `place` is x, y, width, height in
    pixels; `coloured` maps a measure to the measure with its colour."""

    kind: str
    place: tuple[int, int, int, int]
    roles: Mapping[str, Sequence[Field]] = field(default_factory=dict)
    title: str = ""
    text: str = ""
    coloured: Mapping[Field, Field] = field(default_factory=dict)
    where: Mapping[Field, str] = field(default_factory=dict)
    options: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def fields(self) -> set[Field]:
        return {
            *(each for fields in self.roles.values() for each in fields),
            *self.coloured.values(),
            *self.where,
        }


@dataclass(frozen=True)
class Page:
    name: str
    title: str
    visuals: tuple[Visual, ...]


def files(pages: Sequence[Page]) -> dict[str, Json]:
    """The files of the folder `definition` of a report, by their path in it."""
    found: dict[str, Json] = {
        "version.json": {"$schema": VERSION, "version": "2.0.0"},
        "report.json": {
            "$schema": REPORT,
            "themeCollection": {},
            "settings": {
                "useStylableVisualContainerHeader": True,
                "exportDataMode": "AllowSummarized",
                "defaultDrillFilterOtherVisuals": True,
            },
        },
        "pages/pages.json": {
            "$schema": PAGES,
            "pageOrder": [page.name for page in pages],
            "activePageName": pages[0].name,
        },
    }
    for page in pages:
        found[f"pages/{page.name}/page.json"] = {
            "$schema": PAGE,
            "name": page.name,
            "displayName": page.title,
            "displayOption": "FitToPage",
            "height": HEIGHT,
            "width": WIDTH,
        }
        for at, visual in enumerate(page.visuals):
            content = _visual(page.name, at, visual)
            found[f"pages/{page.name}/visuals/{content['name']}/visual.json"] = content
    return found


def _visual(page: str, at: int, visual: Visual) -> Json:
    x, y, width, height = visual.place
    name = tag("visual", page, visual.kind, visual.title or visual.text, str(at))
    body: Json = {"visualType": visual.kind}
    if visual.roles:
        body["query"] = {
            "queryState": {
                role: {"projections": [_projection(each) for each in fields]}
                for role, fields in visual.roles.items()
            }
        }
    if objects := _objects(visual):
        body["objects"] = objects
    if visual.title:
        body["visualContainerObjects"] = {
            "title": [{"properties": {"show": literal("true"), "text": _quoted(visual.title)}}]
        }
    body["drillFilterOtherVisuals"] = True
    container: Json = {
        "$schema": VISUAL,
        "name": name.replace("-", "")[:20],
        "position": {
            "x": x, "y": y, "z": at * 1000, "height": height, "width": width,
            "tabOrder": at * 1000,
        },
        "visual": body,
    }  # fmt: skip
    if visual.where:
        container["filterConfig"] = {
            "filters": [
                _filter(tag("filter", name, on.reference), on, value)
                for on, value in visual.where.items()
            ]
        }
    return container


def _projection(each: Field) -> Json:
    return {
        "field": each.expression(),
        "queryRef": each.reference,
        "nativeQueryRef": f"{each.hierarchy} {each.name}".strip(),
        **({"active": True} if each.kind == "Column" else {}),
    }


def literal(value: str) -> Json:
    """A constant of the report: true, 12D, or a text in single quotes."""
    return {"expr": {"Literal": {"Value": value}}}


def _quoted(text: str) -> Json:
    return literal("'" + text.replace("'", "''") + "'")


def _objects(visual: Visual) -> Json:
    objects: Json = {
        name: [{"properties": {key: literal(value) for key, value in properties.items()}}]
        for name, properties in visual.options.items()
    }
    if visual.text:
        run = {"value": visual.text, "textStyle": {"fontSize": "20pt", "fontWeight": "bold"}}
        objects["general"] = [{"properties": {"paragraphs": [{"textRuns": [run]}]}}]
    if visual.coloured:
        objects["values"] = [
            {
                "properties": {"fontColor": {"solid": {"color": {"expr": colour.expression()}}}},
                "selector": {
                    "data": [{"dataViewWildcard": {"matchingOption": 1}}],
                    "metadata": shown.reference,
                },
            }
            for shown, colour in visual.coloured.items()
        ]
    return objects


def _filter(name: str, on: Field, value: str) -> Json:
    return {
        "name": name.replace("-", "")[:20],
        "field": on.expression(),
        "type": "Categorical",
        "filter": {
            "Version": 2,
            "From": [{"Name": "t", "Entity": on.table, "Type": 0}],
            "Where": [
                {
                    "Condition": {
                        "In": {
                            "Expressions": [on.expression({"Source": "t"})],
                            "Values": [[{"Literal": {"Value": value}}]],
                        }
                    }
                }
            ],
        },
    }
