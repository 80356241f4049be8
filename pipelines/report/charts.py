"""The charts of the pages as Vega-Lite, without data: a page's script takes those from the table
that stands under the chart, so picture and numbers cannot disagree.

Colours are the style sheet's variables, so a chart follows the theme and the printer by itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import vl_convert

from pipelines.plot_specification import layers, style, time_axis, value_axis

COLOURS = {
    name: f"var(--{name})"
    for name in ("text", "value", "usual", "target", "band", "off", "unusual", "up", "down")
}
_LOCALES = {"nl": "nl-NL", "en": "en-GB"}
LAYERS = ("usual_from", "lower", "upper", "target", "value", "off", "unusual")
"""The layers of a trend by the field or mark that each draws: one without any is left out."""


def script(language: str, trends: Iterable[tuple[str, str]]) -> str:
    """A script that gives the pages of a language their charts. trends: units of values and
    cadences that there are."""
    wanted = sorted(set(trends))
    specs = {f"trend/{unit}/{grain}": trend(unit, grain) for unit, grain in wanted}
    specs |= {f"waterfall/{unit}": waterfall(unit) for unit in sorted({unit for unit, _ in wanted})}
    locale: Any = _LOCALES[language]
    said = {
        "specs": specs,
        "number": vl_convert.get_format_locale(locale),
        "time": vl_convert.get_time_format_locale(locale),
    }
    return f"window.koers = {json.dumps(said, ensure_ascii=True, sort_keys=True)};\n"


def trend(unit: str, grain: str) -> dict[str, Any]:
    """Value, target and both bands over time; what a point says stands in its field `told`."""
    hover = {
        "mark": {"type": "point", "filled": True, "size": 300, "opacity": 0},
        "encoding": {
            "y": {"field": "value", "type": "quantitative"},
            "tooltip": {"field": "told", "type": "nominal"},
        },
    }
    drawn = [
        {"name": name, **layer} for name, layer in zip(LAYERS, layers(unit, COLOURS), strict=True)
    ]
    return {
        **_frame(260),
        "encoding": {"x": time_axis(grain)},
        "layer": [*drawn, {"name": "hover", **hover}],
    }


def waterfall(unit: str) -> dict[str, Any]:
    """From a value to another in steps: a bar from `from` to `to` each, in the order of `n`; the
    two ends are ticks."""
    axis = {"title": None, "labelLimit": 230, "labelPadding": 8, "ticks": False, "domain": False}
    by_order = {"field": "n", "op": "min", "order": "ascending"}
    down = {"field": "label", "type": "nominal", "sort": by_order, "axis": axis}
    across = {"type": "quantitative", "scale": {"zero": False}, "axis": value_axis(unit)}
    told = {"field": "told", "type": "nominal"}
    colour = {
        "condition": {"test": "datum.to < datum.from", "value": COLOURS["down"]},
        "value": COLOURS["up"],
    }
    return {
        **_frame(300),
        "encoding": {"y": down},
        "layer": [
            {
                "transform": [{"filter": "datum.kind == 'step'"}],
                "mark": {"type": "bar", "height": 14, "cornerRadius": 2},
                "encoding": {
                    "x": {"field": "from", **across},
                    "x2": {"field": "to"},
                    "color": colour,
                    "tooltip": told,
                },
            },
            {
                "transform": [{"filter": "datum.kind == 'end'"}],
                "mark": {"type": "tick", "thickness": 4, "size": 20, "color": COLOURS["value"]},
                "encoding": {"x": {"field": "to", **across}, "tooltip": told},
            },
        ],
    }


def _frame(height: Any) -> dict[str, Any]:
    return {
        "width": "container",
        "height": height,
        "autosize": {"type": "fit-x", "contains": "padding"},
        "background": "transparent",
        "padding": {"left": 4, "right": 12, "top": 8, "bottom": 4},
        "config": {**style(COLOURS["text"]), "aria": False},
    }
