"""Rows land the same whether they are read together or one by one, cell by cell."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

import connectors.core.files.delimited as delimited
import connectors.core.rows as rows
from connectors.core.contract import Connector, Field, Stream
from connectors.core.files import Table
from connectors.core.landing import Landing
from tests.landing.making import ingest, put

KINDS = Stream(
    name="kinds",
    description="One row is one of everything.",
    key=("id", "part"),
    updated_at="changed_at",
    activity="day",
    deleted="gone",
    fields=(
        Field("id", required=True),
        Field("part"),
        Field("stage", required=True),
        Field("amount", "decimal"),
        Field("seats", "integer"),
        Field("share", "percent"),
        Field("score", "score"),
        Field("day", "date", required=True),
        Field("changed_at", "datetime"),
        Field("gone", "boolean"),
        Field("contact", personal=True),
        Field("profile"),
        Field("absent"),
    ),
)
TOOL = Connector("tool", "Tool", "crm", (KINDS,))
HEADINGS = "id;part;stage;amount;seats;share;score;day;changed_at;gone;contact"
DUTCH = 'decimal: ",", date: dd-mm-yyyy'
ENGLISH = "date: mm/dd/yyyy"
ISO = "percent: points"


def some(*usual: str, odd: tuple[str, ...] = ()) -> st.SearchStrategy[str]:
    """Mostly what is usual."""
    return st.one_of(*[st.sampled_from(usual)] * 4, st.sampled_from(usual + odd))


IDS = st.one_of(
    *[st.integers(0, 40).map(str)] * 3,
    st.sampled_from(["", " 7 ", "a|b", "a\\b", '"a;b"', "é", "00123", "\x1b", "Totaal", "\xa0"]),
)
AMOUNTS = {
    DUTCH: some("1,50", "12", "1.234,00", "0,10", "", odd=("1.5", "x", "-0,00", "€ 3", "-2,50")),
    ENGLISH: some("1.50", "12", "1,234.00", "0.10", "", odd=("1,5", "x", "007", " 4", "1e3")),
}
DAYS = {
    DUTCH: some("03-02-2026", "2026-02-03", odd=("31-02-2026", "", "1-2-2026", "03-02-2026 10:00")),
    ENGLISH: some("02/03/2026", "2026-02-03", odd=("31/12/2026", "", "9999-12-31", "2026-2-3")),
}
DAYS[ISO], AMOUNTS[ISO] = DAYS[ENGLISH], AMOUNTS[ENGLISH]
MOMENTS = some("", "2026-03-01 10:00", "2026-03-02T11:00:00Z", odd=("2026-03-29 02:30", "x"))


@st.composite
def files(draw: st.DrawFn) -> tuple[str, bytes, str]:
    """What `mapping.yaml` says of the format, the bytes of a file, and its encoding."""
    kind = draw(st.sampled_from([DUTCH, ENGLISH, ISO]))
    encoding = draw(st.sampled_from(["utf-8", "cp1252"]))
    end = draw(st.sampled_from(["\n", "\n", "\r\n", "\r"]))
    row = st.tuples(
        IDS, some("", "x", odd=(" ", "y\u2028")),
        some("won", "Gewonnen", odd=("", '"lost"', "n/a")),
        AMOUNTS[kind], some("", "3", "12", odd=("3.0", "-1", "x")),
        some("12%", "", odd=("12", "1,5 %")), some("9", "", odd=("9 - good", "x")),
        DAYS[kind], MOMENTS, some("", "ja", "no", odd=("x",)),
        some("", "a@example.com", odd=(" A@example.com",)),
    )  # fmt: skip
    line = st.one_of(
        *[row.map(";".join)] * 6,
        st.sampled_from(["", ";;;", ";" * 10, "Totaal;;;5", '1;"a', "1;2;3;4;5;6;7;8;9;10;11;12"]),
    )
    lines = draw(st.lists(line, max_size=25))
    if draw(st.booleans()):
        # A quote that is never closed refuses the file; not in every one.
        lines = [each for each in lines if each.count('"') % 2 == 0]
    text = end.join([HEADINGS, *lines]) + end
    mark = b"\xef\xbb\xbf" if encoding == "utf-8" and draw(st.booleans()) else b""
    return kind, mark + text.encode(encoding, "replace"), encoding


def landed(home: Path, result: Any) -> dict[str, Any]:
    """Everything that a pass left behind and told."""
    place = Landing(home / "landing")
    left: dict[str, Any] = {
        "told": [
            (each.name, each.status, each.reason, each.notes, each.counts) for each in result.files
        ],
        "rows": {},
    }
    for manifest in place.manifests("tool", "kinds"):
        left["manifest"] = (
            manifest.counts,
            manifest.cursor_after,
            manifest.window_from,
            manifest.window_until,
            manifest.covers_until,
            manifest.parts[0].rows,
        )
        folder = place.load_folder("tool", "kinds", manifest.load_id)
        with duckdb.connect() as db:
            for file in sorted(folder.glob("*.parquet")):
                left["rows"][file.name] = db.execute("from read_parquet(?)", [str(file)]).fetchall()
    return left


@pytest.mark.fault("C4", "C9", "C10")
@hypothesis_settings(max_examples=40)
@given(
    files(),
    st.booleans(),
    st.booleans(),
    st.booleans(),
    st.integers(1, 2_000),
    st.integers(1, 6),
    st.integers(0, 20),
    st.integers(1, 3),
)
def test_rows_land_the_same_together_as_one_by_one(
    tmp_path_factory: pytest.TempPathFactory,
    file: tuple[str, bytes, str],
    with_totals: bool,
    with_blanks: bool,
    with_values: bool,
    piece: int,
    block: int,
    remembered: int,
    few: int,
) -> None:
    kind, data, encoding = file
    home = tmp_path_factory.mktemp("lanes")
    mapping = f'format: {{delimiter: ";", encoding: {encoding}, {kind}'
    mapping += ', blanks: ["n/a"]}\n' if with_blanks else "}\n"
    mapping += 'fixed: {"*.csv": {profile: "A \\\\ \\"B\\""}}\nstreams:\n  kinds:\n'
    mapping += '    files: ["*.csv"]\n'
    mapping += "    total_rows: [Totaal]\n" if with_totals else ""
    mapping += "    values: {stage: {Gewonnen: won}}\n" if with_values else ""
    found = []
    for way in ("together", "one by one"):
        place = home / way
        place.mkdir()
        put(place, TOOL, "kinds.csv", data)
        put(place, TOOL, "mapping.yaml", mapping)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(delimited, "PIECE", piece)
            patch.setattr(delimited, "BLOCK", block)
            patch.setattr(rows, "SURE_AFTER", remembered)
            patch.setattr(rows, "FEW", few)
            patch.setenv("KOERS_PSEUDONYM_KEY", "a key of the tests, long enough")
            if way == "one by one":
                patch.setattr(Table, "blocks", lambda self: iter(self))
            found.append(landed(place, ingest(place, TOOL)))
    assert found[0] == found[1]
    for rows_of_part in found[0]["rows"].values():
        for record, *_ in (row for row in rows_of_part if len(row) == 6):
            as_written = json.dumps(json.loads(record), ensure_ascii=False, separators=(",", ":"))
            assert record == as_written


def test_a_large_file_lands_the_same_together_as_one_by_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With more rows than are read, taken and written at once."""
    lines = [
        f"D{n};{n % 7 or ''};stage {n % 3};{n * 37 % 999}.{n % 100:02d};{n % 90};{n % 50}%;"
        f"{n % 11};2026-02-{n % 28 + 1:02d};2026-03-01 {n % 24:02d}:{n % 60:02d};"
        f"{('ja', 'nee', '')[n % 3]};c{n % 500}@example.com"
        for n in range(7_000)
    ]
    lines[3_333] = lines[3_333].replace(";", ";;", 1)
    lines[4_444] = '"D4444"' + lines[4_444][5:]
    lines[5_555] = lines[5_555].replace("stage", "st\\age")
    lines[6_666] = lines[6_666].replace("2026-02-", "2026-13-")
    data = "\n".join([HEADINGS, *lines, ""])
    monkeypatch.setenv("KOERS_PSEUDONYM_KEY", "a key of the tests, long enough")
    found = []
    for way in ("together", "one by one"):
        put(tmp_path / way, TOOL, "kinds.csv", data)
        put(tmp_path / way, TOOL, "mapping.yaml", 'format: {delimiter: ";"}\n')
        if way == "one by one":
            monkeypatch.setattr(Table, "blocks", lambda self: iter(self))
        found.append(landed(tmp_path / way, ingest(tmp_path / way, TOOL)))
    assert found[0]["manifest"][0].rejected == 2
    assert found[0] == found[1]
