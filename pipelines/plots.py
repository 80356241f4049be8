"""Small pictures of a KPI, drawn without a browser or a network."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

from pipelines.course import Point

WIDTH, HEIGHT = 300, 80


def sparkline(points: Sequence[Point]) -> str:
    """A PNG of value (line), target (dashes), the edges of the band (thin) and the process band
    (a light area), as a data URI."""
    # Takes a second to load: only who draws pays for it.
    import vl_convert

    png = vl_convert.vegalite_to_png(specification(points), scale=1)
    return "data:image/png;base64," + base64.b64encode(png).decode()


def specification(points: Sequence[Point]) -> dict[str, Any]:
    """The picture in Vega-Lite, dates as ISO text."""
    rows = [
        {
            "period": point.period_start.isoformat(),
            "value": point.kpi_value,
            "target": point.target,
            "lower": point.band_lower,
            "upper": point.band_upper,
            "usual_from": point.process_lower,
            "usual_to": point.process_upper,
        }
        for point in points
    ]
    return {
        "data": {"values": rows},
        "width": WIDTH,
        "height": HEIGHT,
        "encoding": {
            "x": {
                "field": "period",
                "type": "temporal",
                "axis": {"title": None, "format": "%b %y", "tickCount": 4, "grid": False},
            }
        },
        "layer": [
            _area("usual_from", "usual_to", "#1f5fa8"),
            _line("lower", "#c98500", strokeWidth=1),
            _line("upper", "#c98500", strokeWidth=1),
            _line("target", "#6b7280", strokeWidth=1, strokeDash=[4, 3]),
            _line("value", "#1f5fa8", strokeWidth=2, point={"size": 12}),
        ],
    }


def _area(lower: str, upper: str, colour: str) -> dict[str, Any]:
    """Between two fields; nothing where either is unknown."""
    return {
        "transform": [{"filter": f"isValid(datum.{lower}) && isValid(datum.{upper})"}],
        "mark": {"type": "area", "color": colour, "opacity": 0.12},
        "encoding": {
            "y": {"field": lower, "type": "quantitative", "scale": {"zero": False}},
            "y2": {"field": upper},
        },
    }


def _line(field: str, colour: str, **style: Any) -> dict[str, Any]:
    return {
        "mark": {"type": "line", "color": colour, **style},
        "encoding": {
            "y": {
                "field": field,
                "type": "quantitative",
                "scale": {"zero": False},
                "axis": {"title": None, "tickCount": 3},
            }
        },
    }
