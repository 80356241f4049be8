"""The picture of how a KPI came where it is, drawn without a browser or a network.

Drawn as PNG, since mail programs show no SVG, from the specification that a browser can draw as
well. A theme has a background of its own, so the picture can be read on any page.
"""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Sequence
from typing import Literal

from pipelines.course import Point
from pipelines.plot_specification import Theme, finite, specification

SCALE = 2
"""Pixels of the picture per pixel of the page: sharp on the screen of a telephone."""

_LEVELS = "▁▂▃▄▅▆▇█"


def picture(
    points: Sequence[Point],
    *,
    unit: str = "count",
    grain: str = "month",
    language: str = "en",
    theme: Theme = "light",
) -> bytes:
    """A PNG of value (line), target (dashes), the edges of the tolerance band and the process band
    (an area); points off course are diamonds, those that are only unusual triangles.

    points: oldest first, also none. unit, grain: as in dim_kpi. The same points give the same
    bytes.
    """
    # Takes a second to load: only who draws pays for it.
    import vl_convert

    drawn = specification(points, unit=unit, grain=grain, language=language, theme=theme)
    locale: Literal["nl-NL", "en-GB"] = "nl-NL" if language == "nl" else "en-GB"
    png = vl_convert.vegalite_to_png(
        drawn, scale=SCALE, format_locale=locale, time_format_locale=locale
    )
    return _packed(png)


def _packed(png: bytes) -> bytes:
    """The same picture in two fifths of the bytes: the drawing library packs for speed, and a mail
    carries several. The highest level of zlib takes three times as long for a twentieth less.
    PNG chunks are length, type, data and a CRC-32 of the last two."""
    head, data, tail = png[:8], b"", b""
    at = len(head)
    while at < len(png):
        length, kind = struct.unpack(">I4s", png[at : at + 8])
        if kind == b"IDAT":
            data += png[at + 8 : at + 8 + length]
        elif data:
            tail += png[at : at + 12 + length]
        else:
            head += png[at : at + 12 + length]
        at += 12 + length
    chunk = b"IDAT" + zlib.compress(zlib.decompress(data), 6)
    return (
        head
        + struct.pack(">I", len(chunk) - 4)
        + chunk
        + struct.pack(">I", zlib.crc32(chunk))
        + tail
    )


def sparkline(points: Sequence[Point], *, unit: str = "count", grain: str = "month") -> str:
    """The picture as a data URI."""
    png = picture(points, unit=unit, grain=grain)
    return "data:image/png;base64," + base64.b64encode(png).decode()


def bars(points: Sequence[Point]) -> str:
    """The values as text, a block each, for where no picture can go; `·` where there is none."""
    values = [finite(point.kpi_value) for point in points]
    known = [value for value in values if value is not None]
    if not known:
        return ""
    low, high = min(known), max(known)
    top = len(_LEVELS) - 1

    def block(value: float | None) -> str:
        if value is None:
            return "·"
        # Halved, since the distance of the two largest numbers there are is too large for one.
        width = high / 2 - low / 2
        return _LEVELS[round((value / 2 - low / 2) / width * top) if width else top // 2]

    return "".join(map(block, values))
