"""The picture of a series: what is in it, that it is drawn, and that it is the same each time."""

from __future__ import annotations

import datetime as dt
import itertools
import math
import struct
import zlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.course import Point
from pipelines.plot_specification import COLOURS, WIDTH, specification
from pipelines.plots import bars, picture

VALUES = [10.0, 12.0, None, 11.0, 30.0, 5.0]


def points(values: list[float | None] = VALUES, **more: Any) -> list[Point]:
    given_: dict[str, Any] = {"target": 12.0, "band_lower": 9.0, "band_upper": None}
    given_ |= {"process_lower": 6.0, "process_upper": 20.0} | more
    return [
        Point(
            dt.date(2025 + n // 12, n % 12 + 1, 1),
            value,
            **given_,
            process_status="drifting" if value is not None and not 6 <= value <= 20 else "stable",
        )
        for n, value in enumerate(values)
    ]


def size(png: bytes) -> tuple[int, int]:
    """Width and height; raises for what is no whole PNG."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    at, data, kinds = 8, b"", []
    while at < len(png):
        length, kind = struct.unpack(">I4s", png[at : at + 8])
        body = png[at + 8 : at + 8 + length]
        (checksum,) = struct.unpack(">I", png[at + 8 + length : at + 12 + length])
        assert checksum == zlib.crc32(kind + body)
        data += body if kind == b"IDAT" else b""
        kinds.append(kind)
        at += 12 + length
    width, height = struct.unpack(">II", png[16:24])
    assert len(zlib.decompress(data)) == height * (1 + 4 * width)
    assert (kinds[0], kinds[-1]) == (b"IHDR", b"IEND")
    return int(width), int(height)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_picture_of_mail_size(theme: Any) -> None:
    png = picture(points(), language="nl", theme=theme)
    width, height = size(png)
    assert 2 * WIDTH <= width <= 2 * WIDTH + 250
    assert height < width * 0.6
    assert len(png) < 60_000
    assert png == picture(points(), language="nl", theme=theme)


@pytest.mark.parametrize(
    "values",
    [[], [None, None], [1.0], [3.0, 3.0], [math.nan, math.inf, 2.0], [1e308, -1e308]],
)
def test_any_series_is_drawn(values: list[float | None]) -> None:
    assert size(picture(points(values)))[0] >= 2 * WIDTH


def found(drawn: dict[str, Any], key: str) -> list[Any]:
    """All that stands under a key, however deep."""
    inside = drawn.values() if isinstance(drawn, dict) else drawn if isinstance(drawn, list) else []
    below = itertools.chain.from_iterable(found(each, key) for each in inside)
    return ([drawn[key]] if isinstance(drawn, dict) and key in drawn else []) + list(below)


def test_marks_differ_in_shape_as_well_as_in_colour() -> None:
    drawn = specification(points())
    rows = drawn["layer"][0]["data"]["values"]
    assert [row["mark"] for row in rows] == [None, None, None, None, "unusual", "off"]
    marks = [mark for mark in found(drawn, "mark") if isinstance(mark, dict) and "shape" in mark]
    assert len({mark["shape"] for mark in marks}) == len({mark["color"] for mark in marks}) == 2


def test_the_legend_names_what_is_there_in_the_language_of_the_reader() -> None:
    def legend(drawn: dict[str, Any]) -> list[str]:
        return found(drawn["layer"][-1], "label")

    assert legend(specification(points(), language="nl")) == [
        "waarde",
        "doel",
        "tolerantieband",
        "gewoon",
        "uit koers",
        "ongewoon",
    ]
    plain = points([10.0, 11.0], target=None, band_lower=None, process_lower=None)
    assert legend(specification(plain)) == ["value", "usual"]


def contrast(one: str, other: str) -> float:
    """WCAG 2.2, relative luminance and contrast ratio."""

    def luminance(colour: str) -> float:
        parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
        r, g, b = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
        return 0.2126 * r + 0.7152 * g + 0.0722 * b

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_colour_can_be_seen(theme: str) -> None:
    colours = COLOURS[theme]
    for name, colour in colours.items():
        if name != "background":
            needed = 4.5 if name == "text" else 3
            assert contrast(colour, colours["background"]) >= needed, name


def test_bars() -> None:
    assert bars(points([1.0, 2.0, None, 8.0])) == "▁▂·█"
    assert bars(points([5.0, 5.0])) == "▄▄"
    assert bars(points([None])) == bars([]) == ""


@given(st.lists(st.one_of(st.none(), st.floats())))
def test_bars_keep_the_order_of_the_values(values: list[float | None]) -> None:
    drawn = bars(points(values[:24]))
    known = [
        (value, block)
        for value, block in zip(values, drawn, strict=False)
        if value is not None and math.isfinite(value)
    ]
    assert len(drawn) in (0, len(values[:24]))
    ordered = [block for _, block in sorted(known)]
    assert ordered == sorted(ordered)
