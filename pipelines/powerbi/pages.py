"""The four pages of the report: scorecard, KPI detail, layers, alerts."""

from __future__ import annotations

from dataclasses import replace

from pipelines.powerbi.model import Model, Text
from pipelines.powerbi.pbir import Field, Page, Visual, column, level, measure
from pipelines.powerbi.tables import ALERTS, CONTRIBUTIONS, DATE, FRESHNESS, GRAIN, KPI, UNIT

_LAYERS = tuple(
    level(UNIT, "Layers", name) for name in ("Organisation", "Department", "Team", "Person")
)
_PROJECTS = tuple(
    level(UNIT, "Projects", name) for name in ("Organisation", "Department", "Project")
)
_LAST = tuple(
    measure(name) for name in ("Last value", "Last target", "Last attainment", "Last status")
)
_BY_STATUS = {measure("Last status"): measure("Last status colour")}

_DROPDOWN = {"data": {"mode": "'Dropdown'"}}
_ONE = {**_DROPDOWN, "selection": {"singleSelect": "true"}}


def _slicer(at: int, title: str, *fields: Field, one: bool = False) -> Visual:
    return Visual(
        "slicer", (16 + at * 250, 64, 236, 64), {"Values": fields}, title,
        options=_ONE if one else _DROPDOWN,
    )  # fmt: skip


def _card(at: int, title: str, name: str) -> Visual:
    return Visual("card", (16 + at * 250, 136, 236, 88), {"Values": [measure(name)]}, title)


def _head(text: str) -> Visual:
    return Visual("textbox", (16, 8, 1000, 48), text=text)


def pages(language: str) -> tuple[Page, ...]:
    """The pages with titles in a language. Visuals name tables that a publication may lack: see
    `fitting`."""

    def say(en: str, nl: str) -> str:
        return Text(en, nl).of(language)

    unit, which = say("Unit", "Eenheid"), say("KPI", "KPI")
    month, grain = say("Period", "Periode"), say("Period type", "Periodesoort")
    calendar = tuple(level(DATE, "Calendar", name) for name in ("Year", "Quarter", "Month"))
    scorecard = say("Scorecard", "Scorekaart")
    detail = say("KPI detail", "KPI in detail")
    layers = say("Layers", "Lagen")
    alerts = say("Alerts", "Meldingen")
    return (
        Page("scorecard", scorecard, (
            _head(scorecard),
            _slicer(0, unit, *_LAYERS),
            _slicer(1, month, *calendar),
            _slicer(2, say("Home layer", "Stuurlaag"), column(KPI, "Home layer")),
            _slicer(3, say("KPI owner", "KPI-eigenaar"), column(KPI, "KPI owner")),
            _card(0, say("KPIs on course", "KPI's op koers"), "KPIs on course"),
            _card(1, say("KPIs off course", "KPI's uit koers"), "KPIs off course"),
            _card(2, say("Open alerts", "Open meldingen"), "Open alerts"),
            Visual("tableEx", (16, 232, 1248, 472), {"Values": (
                column(KPI, "KPI"), column(KPI, "KPI owner"), measure("Last closed period"), *_LAST,
            )}, say("Last closed period of each KPI", "Laatste gesloten periode van elke KPI"),
                coloured=_BY_STATUS),
        )),
        Page("kpi", detail, (
            _head(detail),
            _slicer(0, which, column(KPI, "KPI"), one=True),
            _slicer(1, unit, *_LAYERS),
            _slicer(2, month, *calendar),
            _card(0, say("Last value", "Laatste waarde"), "Last value"),
            _card(1, say("Last target", "Laatste doel"), "Last target"),
            _card(2, say("Last attainment", "Laatste realisatie"), "Last attainment"),
            _card(3, say("Last status", "Laatste status"), "Last status"),
            Visual("lineChart", (16, 232, 760, 472), {
                "Category": (column(DATE, "Month"),),
                "Y": tuple(measure(name) for name in (
                    "Value", "Target", "Band lower", "Band upper", "Usual lower", "Usual upper")),
            }, say("Value, target and bands by month", "Waarde, doel en banden per maand")),
            Visual("tableEx", (792, 232, 472, 272), {"Values": (
                column(CONTRIBUTIONS, "Comparison"), column(CONTRIBUTIONS, "Kind of contributor"),
                column(CONTRIBUTIONS, "Contributor"), column(CONTRIBUTIONS, "Effect"),
                measure("Contribution"),
            )}, say("Why it changed", "Waarom het veranderde")),
            Visual("tableEx", (792, 512, 472, 192), {"Values": (
                column(KPI, "Definition"), column(KPI, "Cadence"), column(KPI, "KPI owner"),
                column(KPI, "SMART: measurable"), column(KPI, "SMART: time-bound"),
            )}, say("Definition", "Definitie")),
        )),
        Page("layers", layers, (
            _head(layers),
            _slicer(0, which, column(KPI, "KPI"), one=True),
            _slicer(1, month, *calendar),
            _slicer(2, grain, column(GRAIN, "Period type"), one=True),
            Visual("pivotTable", (16, 136, 616, 568), {"Rows": _LAYERS, "Values": _LAST},
                   say("Organisation to person", "Organisatie tot persoon"), coloured=_BY_STATUS),
            Visual("pivotTable", (648, 136, 616, 276), {"Rows": _PROJECTS, "Values": _LAST},
                   say("Projects", "Projecten"), coloured=_BY_STATUS),
            Visual("clusteredBarChart", (648, 420, 616, 284), {
                "Category": (column(UNIT, "Department"),), "Y": (measure("Last value"),),
            }, say("By department", "Per afdeling")),
        )),
        Page("alerts", alerts, (
            _head(alerts),
            _slicer(0, unit, *_LAYERS),
            _slicer(1, which, column(KPI, "KPI")),
            _slicer(2, say("Kind of alert", "Soort melding"), column(ALERTS, "Kind of alert")),
            _card(0, say("Open alerts", "Open meldingen"), "Open alerts"),
            _card(1, say("Alerts raised", "Meldingen gedaan"), "Alerts raised"),
            Visual("tableEx", (16, 232, 760, 472), {"Values": (
                column(ALERTS, "Occurred at (UTC)"), column(KPI, "KPI"), column(UNIT, "Unit"),
                column(ALERTS, "Kind of alert"), column(ALERTS, "State"),
                column(ALERTS, "Period from"),
            )}, say("Last state of each alert", "Laatste toestand van elke melding"),
                where={column(ALERTS, "Is latest"): "true"}),
            Visual("clusteredColumnChart", (792, 232, 472, 228), {
                "Category": (column(DATE, "Month"),), "Y": (measure("Alerts raised"),),
            }, say("Alerts raised by month", "Meldingen per maand")),
            Visual("tableEx", (792, 468, 472, 236), {"Values": (
                column(FRESHNESS, "Source"), column(FRESHNESS, "Stream"),
                column(FRESHNESS, "Last loaded at (UTC)"), column(FRESHNESS, "Covers until"),
            )}, say("How old the data are", "Hoe oud de gegevens zijn")),
        )),
    )  # fmt: skip


def fitting(found: tuple[Page, ...], model: Model) -> tuple[Page, ...]:
    """The pages without the visuals that name what the model lacks."""
    there = {
        *((table.name.en, "", each.name.en) for table in model.tables for each in table.columns),
        *((table.name.en, "", each.name.en) for table in model.tables for each in table.measures),
        *(
            (table.name.en, hierarchy.name.en, name)
            for table in model.tables
            for hierarchy in table.hierarchies
            for name in hierarchy.levels
        ),
    }
    return tuple(
        replace(
            page,
            visuals=tuple(
                visual
                for visual in page.visuals
                if all((f.table, f.hierarchy, f.name) in there for f in visual.fields())
            ),
        )
        for page in found
    )
