"""The same records from export files: every stream of an API takes them too, and lands the same."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from decimal import Decimal
from pathlib import Path

import pytest

from connectors.core.contract import Stream
from connectors.core.export import ingest_inbox
from connectors.core.landing import Landing
from tests.api.pulling import CONNECTORS, alive, serving, small_tables

STREAMS = [
    (name, stream.name)
    for name, connector in CONNECTORS.items()
    for stream in connector.streams
    if stream.pull is not None
]


@pytest.mark.parametrize(("name", "stream"), STREAMS)
def test_contract_an_export_file_lands_what_the_api_does(
    name: str, stream: str, tmp_path: Path
) -> None:
    declared = CONNECTORS[name].stream(stream)
    with serving(name, tmp_path, small_tables(contacts=30, others=30)) as account:
        account.pull(streams=[stream])
        told = {key: json.loads(text) for key, text in account.state()[stream].items()}
    inbox = tmp_path / "files" / "inbox" / name
    inbox.mkdir(parents=True)
    file = inbox / (declared.files[0] if declared.files else "export.csv")
    file.write_text(as_file(declared, list(told.values())), encoding="utf-8")
    result = ingest_inbox(
        CONNECTORS[name],
        inbox.parent,
        tmp_path / "files" / "landing",
        now=dt.datetime.now(dt.UTC),
        settle_seconds=0,
    )
    [outcome] = result.files
    if not told:
        return  # the fake has no such records; that the file is taken for the stream is enough
    assert (outcome.status, outcome.stream) == ("loaded", stream), outcome.reason
    landed = alive(Landing(tmp_path / "files" / "landing"), name, stream)
    found = {key: json.loads(text) for key, text in landed.items()}
    assert {key: values(declared, record) for key, record in found.items()} == {
        key: values(declared, record) for key, record in told.items()
    }


def as_file(stream: Stream, records: list[dict[str, str | None]]) -> str:
    """The records as the vendor might export them, under the first heading of each field."""
    fields = [field for field in stream.fields if field.headings]
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow([field.headings[0] for field in fields])
    writer.writerows(
        ["x@klant.example" if f.personal else record[f.name] for f in fields] for record in records
    )
    return text.getvalue()


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
