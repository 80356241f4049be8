"""The same records from export files: every stream of an API takes them too, and lands the same."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from decimal import Decimal
from pathlib import Path

import pytest

from connectors.core.contract import Field, FileFormat, Stream
from connectors.core.export import ingest_inbox
from connectors.core.landing import Landing
from tests.api.pulling import CONNECTORS, alive, serving, small_tables

STREAMS = [
    (name, stream.name)
    for name, connector in CONNECTORS.items()
    for stream in connector.streams
    # Events of single contacts are in no export: such a stream declares no heading at all.
    if stream.pull is not None and any(field.headings for field in stream.fields)
]


@pytest.mark.parametrize(("name", "stream"), STREAMS)
def test_contract_an_export_file_lands_what_the_api_does(
    name: str, stream: str, tmp_path: Path
) -> None:
    declared = CONNECTORS[name].stream(stream)
    with serving(name, tmp_path, small_tables(contacts=30, others=30)) as account:
        account.pull(streams=[stream])
        told = {key: json.loads(text) for key, text in account.state()[stream].items()}
    if not told:
        return  # the fake has no such records
    inbox = tmp_path / "files" / "inbox" / name
    inbox.mkdir(parents=True)
    file = inbox / (declared.files[0] if declared.files else "export.csv")
    fmt = CONNECTORS[name].file_format
    file.write_text(as_file(declared, list(told.values()), fmt), encoding="utf-8-sig")
    result = ingest_inbox(
        CONNECTORS[name],
        inbox.parent,
        tmp_path / "files" / "landing",
        now=dt.datetime.now(dt.UTC),
        settle_seconds=0,
    )
    [outcome] = result.files
    assert (outcome.status, outcome.stream) == ("loaded", stream), outcome.reason
    landed = alive(Landing(tmp_path / "files" / "landing"), name, stream)
    found = {key: json.loads(text) for key, text in landed.items()}
    assert {key: values(declared, record) for key, record in found.items()} == {
        key: values(declared, record) for key, record in told.items()
    }


def as_file(stream: Stream, records: list[dict[str, str | None]], fmt: FileFormat) -> str:
    """The records as the vendor might export them, under the first heading of each field. Dates are
    in ISO, which is read whatever is declared."""
    fields = [field for field in stream.fields if field.headings]
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=fmt.delimiter)
    writer.writerow([field.headings[0] for field in fields])
    writer.writerows([cell(f, record[f.name], fmt) for f in fields] for record in records)
    return text.getvalue()


def cell(field: Field, text: str | None, fmt: FileFormat) -> str | None:
    if field.personal:
        return "x@klant.example"
    is_number = field.type in ("decimal", "integer")
    return text.replace(".", fmt.decimal) if text and is_number else text


def values(stream: Stream, record: dict[str, str | None]) -> list[object]:
    """What a record says in the fields that a file has. A moment of a file has no fraction of a
    second, and a number may be spelled in more than one way."""
    said: list[object] = []
    for field in stream.fields:
        text = record[field.name]
        if not field.headings or field.personal:
            continue
        if text is not None and field.type == "decimal":
            said.append(Decimal(text))
        elif text is not None and field.type == "datetime" and text[-5:-4] == ".":
            said.append(text[:-5] + "Z")
        else:
            said.append(text)
    return said
