"""What is inspected is read as what was written, or asked; never read as something else."""

from __future__ import annotations

import contextlib
import csv
import datetime as dt
import io
import json
import tempfile
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.inspection.making import CONNECTORS, choose, looked_at
from tests.landing.making import ingest, landed

ENCODINGS = st.sampled_from(["utf-8", "utf-8-sig", "cp1252", "utf-16"])
AMOUNTS = st.decimals(min_value=-99_999, max_value=99_999, places=2)
DAYS = st.dates(min_value=dt.date(2001, 1, 1), max_value=dt.date(2039, 12, 31))
NAMES = st.text(alphabet="abcdeéëüZ ;,\n\"'", min_size=1, max_size=12).map(
    lambda text: "n" + text.strip() + "m"
)
TITLES = st.lists(st.sampled_from(["Omzet per verkoper", "Periode 2026"]), max_size=2)


def written(amount: Decimal, mark: str) -> str:
    text = f"{amount:,.2f}"
    return text if mark == "." else text.translate(str.maketrans(",.", ".,"))


@settings(max_examples=25, deadline=None)
@given(
    rows=st.lists(st.tuples(NAMES, AMOUNTS, DAYS), min_size=1, max_size=8),
    encoding=ENCODINGS,
    delimiter=st.sampled_from([";", ",", "\t"]),
    mark=st.sampled_from([",", "."]),
    order=st.sampled_from(["%d-%m-%Y", "%m/%d/%Y", "%Y-%m-%d", "%d.%m.%Y"]),
    titles=TITLES,
    total=st.booleans(),
)
def test_what_is_read_is_what_was_written(  # type: ignore[no-untyped-def]
    rows, encoding, delimiter, mark, order, titles, total
) -> None:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\r\n")
    out.write("".join(f"{title}\r\n" for title in titles))
    writer.writerow(["Deal ID", "Account", "Status", "Bedrag", "Sluitdatum"])
    for number, (name, amount, day) in enumerate(rows):
        writer.writerow([number, name, "Open", written(amount, mark), day.strftime(order)])
    if total:
        writer.writerow(["Totaal", "", "", written(sum(r[1] for r in rows), mark), ""])
    data = out.getvalue().encode(encoding)
    tool = CONNECTORS["crm"]
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        report = looked_at(home, "crm", "deals.csv", data)
        asked = {choice.what for choice in report.finding.choices}
        # Two decimals always tell the mark, and only days below 13 leave the order open.
        assert asked <= {"date", "encoding"}
        if asked:
            assert ingest(home, tool).files[0].status == "refused"
        if "date" in asked:
            date = {"%d": "dd", "%m": "mm", "%Y": "yyyy"}
            said = order
            for short, long in date.items():
                said = said.replace(short, long)
            choose(home, "crm", f'date: "{said}"')
        if "encoding" in asked:
            choose(home, "crm", "encoding: cp1252")
        [file] = ingest(home, tool).files
        assert (file.status, file.reason) == ("loaded", None)
        found = {key: json.loads(text) for key, text in landed(home, tool).items()}
    assert len(found) == len(rows)
    for number, (name, amount, day) in enumerate(rows):
        record = found[str(number)]
        assert Decimal(record["amount"]) == amount
        assert record["closed_date"] == day.isoformat()
        assert record["account"].replace("\r\n", "\n") == name.strip()


@pytest.mark.fault("C10")
@settings(max_examples=25, deadline=None)
@given(data=st.binary(min_size=1, max_size=300), suffix=st.sampled_from(["csv", "txt", "xlsx"]))
def test_no_bytes_break_it(data: bytes, suffix: str) -> None:
    from pipelines.inspecting import InspectError

    with tempfile.TemporaryDirectory() as folder, contextlib.suppress(InspectError):
        report = looked_at(Path(folder), "crm", f"a.{suffix}", data)
        ingest(Path(folder), CONNECTORS["crm"])
        assert report.finding.name == f"a.{suffix}"
