"""The picture of how a KPI came where it is, in Vega-Lite: `plots` draws it, a browser can too.

Legend and themes are fixed here, so that it looks the same wherever it is drawn.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pipelines.course import Point

Theme = Literal["light", "dark"]

WIDTH, HEIGHT = 400, 140
_FONT_SIZE = 14

COLOURS: dict[str, dict[str, str]] = {
    # At least 4.5 : 1 against the background for text, 3 : 1 for lines and marks (WCAG 2.2).
    "light": {
        "background": "#ffffff",
        "text": "#57606a",
        "value": "#1f5fa8",
        "usual": "#1f5fa8",
        "target": "#57606a",
        "band": "#b26a00",
        "off": "#b42318",
        "unusual": "#7a3fb0",
        "level": "#1a7f37",
    },
    "dark": {
        "background": "#1c2128",
        "text": "#b6c0ca",
        "value": "#6cb2f7",
        "usual": "#6cb2f7",
        "target": "#b6c0ca",
        "band": "#e0a03c",
        "off": "#ff8a7a",
        "unusual": "#cf9dfa",
        "level": "#57c26b",
    },
}

_WORDS = {
    "nl": {
        "value": "waarde",
        "target": "doel",
        "band": "tolerantieband",
        "usual": "gewoon",
        "off": "uit koers",
        "unusual": "ongewoon",
        "level": "gemiddelde",
    },
    "en": {
        "value": "value",
        "target": "target",
        "band": "tolerance band",
        "usual": "usual",
        "off": "off course",
        "unusual": "unusual",
        "level": "mean",
    },
}
_DATES = {"day": "%-d %b", "week": "%-d %b", "year": "%Y"}
_SHAPES = {"off": "diamond", "unusual": "triangle-up"}
# In the legend: shape and size.
_SYMBOLS = {
    "value": ("stroke", 160),
    "target": ("M-1,0L-0.4,0M0.4,0L1,0", 160),
    "band": ("stroke", 160),
    "usual": ("square", 120),
    "off": ("diamond", 90),
    "unusual": ("triangle-up", 90),
    "level": ("stroke", 160),
}
_FIELDS = {
    "value": ("value",),
    "target": ("target",),
    "band": ("lower", "upper"),
    "usual": ("usual_from", "usual_to"),
    "level": ("level",),
}
_FAINT = 0.16


def specification(
    points: Sequence[Point],
    *,
    unit: str = "count",
    grain: str = "month",
    language: str = "en",
    theme: Theme = "light",
) -> dict[str, Any]:
    """The picture in Vega-Lite, dates as ISO text."""
    colours = COLOURS[theme]
    rows = [_row(point) for point in points]
    return {
        "width": WIDTH,
        "height": HEIGHT,
        "background": colours["background"],
        "padding": 8,
        # The legend keeps its own place, and the marks their own colours and shapes.
        "resolve": {"scale": {"x": "independent", "y": "independent"}},
        "layer": [
            {
                "data": {"values": rows},
                "encoding": {"x": time_axis(grain)},
                "layer": layers(unit, colours, any(_shows(row, "level") for row in rows)),
            },
            *_legend(rows, colours, _WORDS[language]),
        ],
        "config": style(colours["text"]),
    }


def layers(unit: str, colours: Mapping[str, str], has_levels: bool = False) -> list[dict[str, Any]]:
    """What is drawn of the fields usual_from, usual_to, lower, upper, target, value and mark, and
    of level where rows have it."""
    levels = [_line("level", unit, colours["level"], strokeWidth=3)] if has_levels else []
    return [
        _area("usual_from", "usual_to", unit, colours["usual"]),
        _line("lower", unit, colours["band"], strokeWidth=1.5),
        _line("upper", unit, colours["band"], strokeWidth=1.5),
        _line("target", unit, colours["target"], strokeWidth=1.5, strokeDash=[5, 4]),
        *levels,
        _line("value", unit, colours["value"], strokeWidth=2.5, point={"size": 20}),
        *(_marks(name, unit, colours[name]) for name in _SHAPES),
    ]


def _area(lower: str, upper: str, unit: str, colour: str) -> dict[str, Any]:
    """Between two fields; nothing where either is unknown."""
    return {
        "transform": [{"filter": f"isValid(datum.{lower}) && isValid(datum.{upper})"}],
        "mark": {"type": "area", "color": colour, "opacity": _FAINT},
        "encoding": {"y": _y(lower, unit), "y2": {"field": upper}},
    }


def _line(field: str, unit: str, colour: str, **style: Any) -> dict[str, Any]:
    return {
        "mark": {"type": "line", "color": colour, **style},
        "encoding": {"y": _y(field, unit)},
    }


def _marks(name: str, unit: str, colour: str) -> dict[str, Any]:
    """The points that are off course or unusual, told apart by shape and by colour."""
    return {
        "transform": [{"filter": f"datum.mark == '{name}'"}],
        "mark": {
            "type": "point",
            "shape": _SHAPES[name],
            "filled": True,
            "color": colour,
            "size": 110,
            "opacity": 1,
        },
        "encoding": {"y": _y("value", unit)},
    }


def _y(field: str, unit: str) -> dict[str, Any]:
    return {
        "field": field,
        "type": "quantitative",
        "scale": {"zero": False},
        "axis": value_axis(unit),
    }


def value_axis(unit: str) -> dict[str, Any]:
    """The axis of a value in its unit; a percentage is a fraction."""
    shown = "format(datum.value, ',.6~r')"
    if unit == "percent":
        shown = "format(datum.value, '~%')"
    elif unit in ("currency", "count"):
        shown = f"abs(datum.value) >= 10000 ? format(datum.value, '~s') : {shown}"
    return {"title": None, "tickCount": 4, "labelExpr": shown}


def _legend(
    rows: Sequence[dict[str, Any]], colours: dict[str, str], words: dict[str, str]
) -> list[dict[str, Any]]:
    """What is in the picture, in a row under it: Vega's own cannot hold lines, an area and marks
    that are drawn in their own way."""
    places, x, y = [], 0.0, HEIGHT + 42
    for name, (shape, size) in _SYMBOLS.items():
        if any(_shows(row, name) for row in rows):
            width = 30 + 6.8 * len(words[name])
            if x + width > WIDTH + 40:
                x, y = 0.0, y + 22
            faint = _FAINT * 2 if name == "usual" else 1.0
            symbol = {"shape": shape, "size": size, "colour": colours[name], "opacity": faint}
            places.append({"label": words[name], "x": x, "after": x + 11, "y": y, **symbol})
            x += width
    if not places:
        return []

    def layer(mark: dict[str, Any], across: str, **more: Any) -> dict[str, Any]:
        scale = {"domain": [0, WIDTH], "nice": False, "zero": False}
        down = {"field": "y", "type": "quantitative", "axis": None, "scale": None}
        place = {"field": across, "type": "quantitative", "axis": None, "scale": scale}
        return {
            "data": {"values": places},
            "mark": {**mark, "clip": False},
            "encoding": {"x": place, "y": down, **more},
        }

    drawn = {"shape": "shape", "size": "size", "opacity": "opacity"}
    drawn |= {"fill": "colour", "stroke": "colour"}
    as_said = {
        key: {"field": field, "type": "nominal", "scale": None} for key, field in drawn.items()
    }
    return [
        layer({"type": "point", "filled": True, "strokeWidth": 3}, "x", **as_said),
        layer(
            {"type": "text", "align": "left", "baseline": "middle", "fontSize": _FONT_SIZE},
            "after",
            text={"field": "label", "type": "nominal"},
            color={"value": colours["text"]},
        ),
    ]


def _shows(row: dict[str, Any], name: str) -> bool:
    if name in _SHAPES:
        return bool(row["mark"] == name)
    return any(row.get(field) is not None for field in _FIELDS[name])


def time_axis(grain: str) -> dict[str, Any]:
    axis = {"title": None, "format": _DATES.get(grain, "%b %Y"), "tickCount": 4, "grid": False}
    return {"field": "period", "type": "temporal", "scale": {"type": "utc"}, "axis": axis}


def style(text: str) -> dict[str, Any]:
    return {
        "font": "Arial, Liberation Sans, sans-serif",
        "view": {"stroke": None},
        "axis": {
            "labelColor": text,
            "labelFontSize": _FONT_SIZE,
            "tickColor": text,
            "domainColor": text,
            "gridColor": text,
            "gridOpacity": 0.15,
        },
    }


def _row(point: Point) -> dict[str, Any]:
    return {
        "period": point.period_start.isoformat(),
        "value": finite(point.kpi_value),
        "target": finite(point.target),
        "lower": finite(point.band_lower),
        "upper": finite(point.band_upper),
        "usual_from": finite(point.process_lower),
        "usual_to": finite(point.process_upper),
        "mark": "off" if point.is_off_course else "unusual" if point.is_unusual else None,
        **({} if point.level is None else {"level": finite(point.level)}),
    }


def finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
