"""What lies in an inbox: taken, left, refused or held back, each with its reason."""

from __future__ import annotations

import datetime as dt
import io
import json
import os
import threading
import time
import zipfile
from pathlib import Path

import pytest

from connectors.core.errors import BusyError, LandingDamagedError, MappingError
from connectors.core.landing import Landing
from connectors.core.locks import exclusive
from tests.landing.making import (
    HEADINGS,
    LISTS,
    NOW,
    SHEETS,
    TOOL,
    counts,
    csv,
    deal,
    ingest,
    landed,
    put,
)


def reasons(result: object) -> dict[str, str]:
    return {file.name: file.reason for file in result.files if file.reason}  # type: ignore[attr-defined]


def units(*names: str) -> str:
    return "unit_id,title\n" + "".join(f"{name},{name}\n" for name in names)


@pytest.mark.fault("C7")
def test_a_file_that_is_still_growing_waits(tmp_path: Path) -> None:
    file = put(tmp_path, TOOL, "a.csv", csv([deal(1)]), age=0)
    stop = threading.Event()

    def grow() -> None:
        while not stop.is_set():
            with file.open("a") as handle:
                handle.write("\n")
            time.sleep(0.02)

    writer = threading.Thread(target=grow)
    writer.start()
    try:
        result = ingest(tmp_path, settle_seconds=1.5)
    finally:
        stop.set()
        writer.join()
    assert [f.status for f in result.files] == ["waiting"]
    assert file.exists()
    put(tmp_path, TOOL, "a.csv", csv([deal(1)]))
    assert counts(ingest(tmp_path)) == (1, 1, 0, 0)


@pytest.mark.fault("C7")
@pytest.mark.parametrize("name", ["a.csv.part", "a.crdownload", "a.csv.tmp"])
def test_a_download_that_is_not_done_waits(tmp_path: Path, name: str) -> None:
    put(tmp_path, TOOL, name, csv([deal(1)]))
    assert [f.status for f in ingest(tmp_path).files] == ["waiting"]


@pytest.mark.fault("C19", "G10")
def test_links_pipes_and_folders_are_not_files(tmp_path: Path) -> None:
    inbox = tmp_path / "inbox" / "tool"
    inbox.mkdir(parents=True)
    secret = tmp_path / "secret.csv"
    secret.write_text(csv([deal(1)]))
    (inbox / "link.csv").symlink_to(secret)
    os.mkfifo(inbox / "pipe.csv")
    (inbox / "folder.csv").mkdir()
    told = reasons(ingest(tmp_path))
    assert set(told) == {"link.csv", "pipe.csv", "folder.csv"}
    assert landed(tmp_path) == {}


@pytest.mark.fault("C12")
def test_a_zip_is_read_member_by_member_and_archived_whole(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("../../deals.csv", csv([deal(1), deal(2)]))
        archive.writestr("visits.csv", csv([["1", "01-02-2026", "x"]], "visit_id;visited_on;note"))
    file = put(tmp_path, TOOL, "all.zip", packed.getvalue())
    result = ingest(tmp_path)
    assert counts(result) == (2, 2, 0, 0)
    assert counts(result, "visits") == (1, 1, 0, 0)
    assert not file.exists()
    assert len(list((tmp_path / "inbox/archive/tool").iterdir())) == 1
    assert not list(tmp_path.parent.glob("deals.csv"))


def test_a_zip_with_one_bad_member_stays_until_that_is_mended(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("deals.csv", csv([deal(1)]))
        archive.writestr("what.csv", "x;y\n1;2\n")
    file = put(tmp_path, TOOL, "all.zip", packed.getvalue())
    assert list(reasons(ingest(tmp_path))) == ["all.zip/what.csv"]
    assert file.exists()
    assert not ingest(tmp_path).loads
    assert set(landed(tmp_path)) == {"1"}


@pytest.mark.fault("C3")
def test_a_heading_that_is_missing_names_the_nearest(tmp_path: Path) -> None:
    put(tmp_path, TOOL, "a.csv", "Numer;Bedrag;Gewijzigd\n1;1,00;\n")
    told = reasons(ingest(tmp_path))["a.csv"]
    assert "looks most like deals" in told
    assert "mapping.yaml" in told
    assert "did you mean Numer?" in told


@pytest.mark.fault("C9")
def test_a_file_broken_further_on_is_not_landed_by_half(tmp_path: Path) -> None:
    put(tmp_path, TOOL, "a.csv", csv([deal(1)]) + '2;"2,00;;;\n')
    put(tmp_path, TOOL, "b.csv", csv([deal(3)]))
    result = ingest(tmp_path)
    assert list(reasons(result)) == ["a.csv"]
    assert set(landed(tmp_path)) == {"3"}
    assert (tmp_path / "inbox/tool/a.csv").exists()


def test_only_what_a_stream_declares_is_kept(tmp_path: Path) -> None:
    put(tmp_path, TOOL, "a.csv", f"{HEADINGS};Salaris\n1;1,00;;;;99999\n")
    ingest(tmp_path)
    assert "Salaris" not in landed(tmp_path)["1"]
    assert "99999" not in landed(tmp_path)["1"]


def test_mapping_names_headings_words_and_files(tmp_path: Path) -> None:
    put(
        tmp_path,
        TOOL,
        "mapping.yaml",
        "format: {delimiter: ',', decimal: '.', date: mm/dd/yyyy}\n"
        "streams:\n  deals:\n    headings: {id: deal_id, worth: amount, done: closed_on}\n"
        "    values: {amount: {none: '0'}}\nignore: ['readme*']\n",
    )
    put(tmp_path, TOOL, "a.csv", "id,worth,done\n1,none,02/03/2026\n")
    put(tmp_path, TOOL, "README.csv", "hello")
    result = ingest(tmp_path)
    record = json.loads(landed(tmp_path)["1"])
    assert (record["amount"], record["closed_on"]) == ("0", "2026-02-03")
    assert {f.name: f.status for f in result.files} == {"a.csv": "loaded", "README.csv": "ignored"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("streams: {deal: {}}", "did you mean deals"),
        ("streams: {deals: {headings: {a: amuont}}}", "did you mean amount"),
        ("formt: {}", "did you mean format"),
        ("format: {decimal: x}", "format.decimal"),
        ("format: {encoding: klingon}", "klingon"),
        ("a: [", "not valid YAML"),
        ("format: {date: dd-mm-yyyy, date: yyyy-mm-dd}", "twice"),
        ("a: &x [1]\nb: *x", "write it out"),
    ],
)
def test_a_wrong_mapping_says_where_and_what_to_write(tmp_path: Path, text: str, said: str) -> None:
    file = put(tmp_path, TOOL, "mapping.yaml", text)
    put(tmp_path, TOOL, "a.csv", csv([deal(1)]))
    with pytest.raises(MappingError) as raised:
        ingest(tmp_path)
    assert str(file) in str(raised.value)
    assert said in str(raised.value)


@pytest.mark.fault("B24", "C6")
def test_a_full_load_that_shrinks_is_held_back_until_somebody_says_so(tmp_path: Path) -> None:
    put(tmp_path, LISTS, "u.csv", units(*map(str, range(40))))
    ingest(tmp_path, LISTS)
    file = put(tmp_path, LISTS, "u.csv", units("1", "2"))
    told = reasons(ingest(tmp_path, LISTS))["u.csv"]
    assert "40 rows to 2" in told
    assert "accept_shrink" in told
    assert file.exists()
    put(tmp_path, LISTS, "mapping.yaml", "accept_shrink: true")
    assert counts(ingest(tmp_path, LISTS), "units") == (2, 2, 0, 0)


def test_sheets_stay_and_hold_everything_together(tmp_path: Path) -> None:
    one = put(tmp_path, SHEETS, "one.csv", units("a", "b"))
    put(tmp_path, SHEETS, "two.csv", units("c"))
    assert counts(ingest(tmp_path, SHEETS), "units") == (3, 3, 0, 0)
    assert one.exists()
    assert not ingest(tmp_path, SHEETS).loads
    put(tmp_path, SHEETS, "one.csv", units("a"))
    assert counts(ingest(tmp_path, SHEETS), "units") == (2, 2, 0, 0)
    put(tmp_path, SHEETS, "one.csv", 'unit_id,title\n"broken')
    put(tmp_path, SHEETS, "two.csv", units("c", "d"))
    result = ingest(tmp_path, SHEETS)
    assert not result.loads, "half of everything would end the other half"
    assert set(reasons(result)) == {"one.csv", "two.csv"}


@pytest.mark.fault("D3")
def test_loads_keep_their_order_when_the_clock_goes_back(tmp_path: Path) -> None:
    put(tmp_path, TOOL, "a.csv", csv([deal(1, "1,00")]))
    ingest(tmp_path)
    put(tmp_path, TOOL, "b.csv", csv([deal(1, "2,00")]))
    ingest(tmp_path, now=NOW - dt.timedelta(days=400))
    first, second = Landing(tmp_path / "landing").load_ids("tool", "deals")
    assert first < second
    assert json.loads(landed(tmp_path)["1"])["amount"] == "2"


def test_the_manifest_says_how_far_the_data_reach(tmp_path: Path) -> None:
    put(tmp_path, TOOL, "a.csv", csv([deal(1), [2, "1,00", "31-12-2999", None, None]]))
    ingest(tmp_path)
    newest = Landing(tmp_path / "landing").newest("tool", "deals")
    assert newest is not None
    assert newest.covers_until == "2026-02-03", "a day that is still to come says nothing"
    assert newest.counts.read == 2
    assert newest.files[0].name == "a.csv"


def test_a_damaged_manifest_says_what_to_do(tmp_path: Path) -> None:
    put(tmp_path, TOOL, "a.csv", csv([deal(1)]))
    load = ingest(tmp_path).loads[0]
    folder = Landing(tmp_path / "landing").load_folder("tool", "deals", load.load_id)
    (folder / "manifest.json").write_text("{")
    put(tmp_path, TOOL, "b.csv", csv([deal(2)]))
    with pytest.raises(LandingDamagedError, match="restore it from a backup"):
        ingest(tmp_path)


def test_another_process_at_the_same_inbox_is_waited_for(tmp_path: Path) -> None:
    put(tmp_path, TOOL, "a.csv", csv([deal(1)]))
    lock = Landing(tmp_path / "landing").inbox_lock("tool")
    with (
        exclusive(lock, "another"),
        pytest.raises(BusyError, match="Wait until it is done"),
        exclusive(lock, "reading", wait_seconds=0.1),
    ):
        pass
    assert counts(ingest(tmp_path)) == (1, 1, 0, 0)
