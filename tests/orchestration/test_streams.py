"""docs/: the table of streams is as the declarations are, and every connector has its page."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.core.discover import discover
from pipelines.settings import PROJECT_DIR
from pipelines.streams import kpis_by_source, markdown, table

CONNECTORS = discover()


def test_the_table_of_streams_is_current(manifest: dict[str, Any]) -> None:
    """`koers streams --markdown > docs/streams.md`"""
    text = (PROJECT_DIR / "docs" / "streams.md").read_text(encoding="utf-8")
    assert text == markdown(CONNECTORS, manifest)


def test_every_stream_is_in_it_and_lineage_reaches_the_kpis(manifest: dict[str, Any]) -> None:
    lines = table(CONNECTORS, manifest)
    assert [(line.connector, line.stream) for line in lines] == [
        (name, stream.name) for name, each in CONNECTORS.items() for stream in each.streams
    ]
    needed = kpis_by_source(manifest)
    assert needed["web", "visits"]
    assert "revenue" in needed["hubspot", "deals"]
    assert "revenue" not in needed["web", "visits"]


@pytest.mark.parametrize("name", CONNECTORS)
def test_every_connector_has_its_page(name: str) -> None:
    page = (PROJECT_DIR / "docs" / "connectors" / f"{name}.md").read_text(encoding="utf-8")
    connector = CONNECTORS[name]
    variables = connector.api.variables if connector.api else ()
    names = (f"{v.name}_FILE" if v.kept else v.name for v in variables)
    for word in (*names, *(s.name for s in connector.streams)):
        assert f"`{word}`" in page, f"docs/connectors/{name}.md does not name {word}"
