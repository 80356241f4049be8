"""The scorecard of a publication as a picture: targets on and off course, by layer."""

from __future__ import annotations

import base64
from typing import Any

from pipelines.plot_specification import COLOURS, style
from pipelines.publication import Publication, open_publication
from pipelines.report.facts import Facts
from pipelines.report.words import LAYERS, STATES


def scorecard(publication: Publication, language: str = "en") -> str:
    """A PNG as a data URI."""
    # Takes a second to load: only who draws pays for it.
    import vl_convert

    with open_publication(publication) as connection:
        facts = Facts(connection)
    colours, states = COLOURS["light"], STATES[language]
    rows: list[dict[str, Any]] = []
    for layer in facts.layers:
        here = [f for f in facts.newest.values() if facts.units[f.org_unit_id].layer == layer]
        for n, state in enumerate(("on_course", "off_course")):
            count = sum(f.state == state for f in here)
            name = LAYERS[language][layer]
            rows.append({"layer": name, "state": states[state], "n": count, "order": n})
    across = {"field": "n", "type": "quantitative", "stack": True, "axis": {"title": None}}
    colour = {
        "field": "state",
        "type": "nominal",
        "scale": {
            "domain": [states["on_course"], states["off_course"]],
            "range": ["#1a7f37", colours["off"]],
        },
        "legend": {"title": None, "orient": "bottom"},
    }
    png = vl_convert.vegalite_to_png(
        {
            "width": 400,
            "height": {"step": 28},
            "background": colours["background"],
            "data": {"values": rows},
            "mark": {"type": "bar", "height": 14},
            "encoding": {
                "y": {"field": "layer", "type": "nominal", "sort": None, "axis": {"title": None}},
                "x": across,
                "color": colour,
                "order": {"field": "order"},
            },
            "config": style(colours["text"]),
        },
        scale=2,
    )
    return "data:image/png;base64," + base64.b64encode(png).decode()
