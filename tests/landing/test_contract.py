"""What every connector must do, whichever it is: each found connector runs through these."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest

from connectors.core.contract import Connector, Field, FileFormat, Stream
from connectors.core.discover import discover
from tests.landing.making import counts, ingest, landed, put

CONNECTORS = discover()
STREAMS = [
    pytest.param(connector, stream, id=f"{name}.{stream.name}")
    for name, connector in CONNECTORS.items()
    for stream in connector.streams
]


def cell(field: Field, fmt: FileFormat, number: int) -> str:
    """A good value as this connector's tool would write it."""
    day = dt.date(2026, 3, number)
    written = (
        fmt.date.replace("yyyy", f"{day:%Y}").replace("mm", f"{day:%m}").replace("dd", f"{day:%d}")
    )
    return {
        "text": f"{field.name}-{number}",
        "integer": str(number),
        "score": f"{number} - likely",
        "decimal": f"{number}{fmt.decimal}50",
        "percent": f"{number}%",
        "date": written,
        "datetime": f"{written} 10:30",
        "boolean": "true",
    }[field.type]


def export(connector: Connector, stream: Stream, headings: list[str], rows: range) -> bytes:
    fmt = connector.file_format
    lines = [headings] + [[cell(f, fmt, n) for f in stream.fields] for n in rows]
    text = "".join(fmt.delimiter.join(line) + "\n" for line in lines)
    return text.encode(fmt.encoding)


def names(stream: Stream) -> list[str]:
    return [field.name for field in stream.fields]


@pytest.mark.parametrize(("connector", "stream"), STREAMS)
def test_contract_a_whole_file_lands_whole(
    tmp_path: Path, connector: Connector, stream: Stream
) -> None:
    put(tmp_path, connector, "a.csv", export(connector, stream, names(stream), range(1, 4)))
    result = ingest(tmp_path, connector)
    assert counts(result, stream.name) == (3, 3, 0, 0), result.files
    records = [json.loads(r) for r in landed(tmp_path, connector, stream.name).values()]
    assert len(records) == 3
    for record in records:
        assert list(record) == names(stream)
        assert None not in record.values()
        for field in stream.fields:
            if field.personal:
                assert len(record[field.name]) == 64
                assert field.name not in record[field.name]


@pytest.mark.fault("C3")
@pytest.mark.parametrize(("connector", "stream"), STREAMS)
def test_contract_every_alias_is_known(
    tmp_path: Path, connector: Connector, stream: Stream
) -> None:
    """Each alias once, the others by their first."""
    longest = max(len(field.headings) for field in stream.fields)
    for number in range(longest):
        headings = [
            f.headings[min(number, len(f.headings) - 1)] if f.headings else f.name
            for f in stream.fields
        ]
        home = tmp_path / str(number)
        put(home, connector, "a.csv", export(connector, stream, headings, range(1, 3)))
        result = ingest(home, connector)
        assert counts(result, stream.name) == (2, 2, 0, 0), (headings, result.files)


@pytest.mark.fault("C8")
@pytest.mark.parametrize(("connector", "stream"), STREAMS)
def test_contract_the_same_again_is_nothing_new(
    tmp_path: Path, connector: Connector, stream: Stream
) -> None:
    for _ in range(2):
        put(tmp_path, connector, "a.csv", export(connector, stream, names(stream), range(1, 3)))
        result = ingest(tmp_path, connector)
    assert not result.loads
    assert len(landed(tmp_path, connector, stream.name)) == 2


@pytest.mark.parametrize(("connector", "stream"), STREAMS)
def test_contract_a_file_without_rows_is_no_error(
    tmp_path: Path, connector: Connector, stream: Stream
) -> None:
    put(tmp_path, connector, "a.csv", export(connector, stream, names(stream), range(0)))
    result = ingest(tmp_path, connector)
    assert not result.refused
    assert counts(result, stream.name) == (0, 0, 0, 0)


@pytest.mark.fault("C3")
@pytest.mark.parametrize(("connector", "stream"), STREAMS)
def test_contract_what_is_required_is_required(
    tmp_path: Path, connector: Connector, stream: Stream
) -> None:
    required = [field.name for field in stream.fields if field.required]
    assert required, "nothing would tell this stream from another"
    headings = [f"not {n}" if n == required[0] else n for n in names(stream)]
    put(tmp_path, connector, "a.csv", export(connector, stream, headings, range(1, 3)))
    result = ingest(tmp_path, connector)
    assert counts(result, stream.name) == (0, 0, 0, 0)


@pytest.mark.parametrize("name", CONNECTORS)
def test_contract_a_connector_says_what_it_is(name: str) -> None:
    connector = CONNECTORS[name]
    assert connector.name == name
    assert connector.label
    assert connector.kind in {
        "crm",
        "email",
        "social",
        "survey",
        "finance",
        "web",
        "hr",
        "organisation",
    }
    for stream in connector.streams:
        assert stream.description.startswith("One row ")
        # Reference data, such as companies, may come by change; what counts says how far it is.
        reference = stream.mode == "full" or stream.pull is not None
        assert reference or stream.activity, f"{stream.name} needs a watermark"
