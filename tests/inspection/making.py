"""From a file that nobody declared to the landing: looked at, written down, chosen, landed."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from connectors.core.discover import discover
from connectors.core.mapping import FILE_NAME
from pipelines.inspecting import Report, inspect, write
from tests.landing.making import counts, ingest, landed, put

CONNECTORS = discover()


def looked_at(home: Path, connector: str, name: str, content: bytes) -> Report:
    file = put(home, CONNECTORS[connector], name, content)
    report = inspect(file, home / "inbox", CONNECTORS)
    write(report)
    return report


def mapping(home: Path, connector: str) -> str:
    return (home / "inbox" / connector / FILE_NAME).read_text()


def choose(home: Path, connector: str, *lines: str) -> None:
    """What a person does: remove the # of the lines that begin so."""
    file = home / "inbox" / connector / FILE_NAME
    text = file.read_text()
    for line in lines:
        text, times = re.subn(rf"^( *)# ({re.escape(line)})", r"\1\2", text, flags=re.MULTILINE)
        assert times == 1, f"{line!r} is {times} times in\n{text}"
    file.write_text(text)


def through(
    home: Path, connector: str, stream: str, name: str, content: bytes, *chosen: str
) -> list[dict[str, Any]]:
    """The records that are landed of a file. Before the choices are made it must be refused."""
    report = looked_at(home, connector, name, content)
    tool = CONNECTORS[connector]
    assert report.finding.stream.name == stream
    assert bool(report.finding.choices) == bool(chosen), report.finding.choices
    if chosen:
        [refused] = ingest(home, tool).files
        assert refused.status == "refused"
        assert "to_choose" in (refused.reason or "")
        choose(home, connector, *chosen)
    result = ingest(home, tool)
    assert [(f.status, f.reason) for f in result.files] == [("loaded", None)]
    assert counts(result, stream)[2] == 0, "rejected"
    return [json.loads(record) for record in landed(home, tool, stream).values()]


def left_out(home: Path, connector: str, stream: str) -> int:
    from connectors.core.landing import Landing

    newest = Landing(home / "landing").newest(connector, stream)
    assert newest is not None
    return newest.counts.left_out
