"""docs/: the table of streams is as the declarations are, and every connector has its page."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.core.discover import discover
from pipelines import dictionary
from pipelines.marts import MARTS
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


def test_the_data_dictionary_is_current(manifest: dict[str, Any]) -> None:
    """`koers tables --markdown > docs/data-dictionary.md`"""
    text = (PROJECT_DIR / "docs" / "data-dictionary.md").read_text(encoding="utf-8")
    assert text == dictionary.markdown(manifest)


def test_every_published_column_says_its_type_and_what_it_holds(manifest: dict[str, Any]) -> None:
    marts = {mart.name for mart in MARTS}
    found = dictionary.tables(manifest)
    for each in found:
        assert each.description, each.name
        for column in each.columns:
            assert column.description, (each.name, column.name)
            assert column.type or each.name not in marts, (each.name, column.name)
    keys = {
        t.name: tuple(c.name for c in t.columns if c.is_key) for t in dictionary.tables(manifest)
    }
    for mart in MARTS:
        assert set(keys[mart.name]) == set(mart.key)


@pytest.mark.parametrize("name", CONNECTORS)
def test_every_connector_has_its_page(name: str) -> None:
    page = (PROJECT_DIR / "docs" / "connectors" / f"{name}.md").read_text(encoding="utf-8")
    connector = CONNECTORS[name]
    variables = connector.api.variables if connector.api else ()
    names = (f"{v.name}_FILE" if v.kept else v.name for v in variables)
    for word in (*names, *(s.name for s in connector.streams)):
        assert f"`{word}`" in page, f"docs/connectors/{name}.md does not name {word}"
