"""Files that are out to do harm, or lie where another thing is meanwhile; dropped in an inbox."""

from __future__ import annotations

import json
import os
import tempfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import connectors.core.candidates
import connectors.core.inbox
from connectors.core.contract import FileFormat
from connectors.core.files import FileRefused, Limits, open_table
from tests.files.making import SHEET, read, replace_part, with_shared_strings, workbook
from tests.landing.making import TOOL, counts, csv, deal, ingest, landed, put, rejects
from tests.zygote import forked

MEGABYTE = 1_000_000


def refused(home: Path) -> dict[str, str]:
    return {each.name: str(each.reason) for each in ingest(home).refused}


@pytest.mark.fault("C11")
def test_ten_thousand_columns_are_too_many(tmp_path: Path) -> None:
    wide = ";".join(f"c{number}" for number in range(10_000))
    put(tmp_path, TOOL, "wide.csv", f"Nummer;Bedrag;{wide}\n")
    put(tmp_path, TOOL, "deals.csv", csv([deal(1)]))
    assert "has 10,002 columns" in refused(tmp_path)["wide.csv"]
    assert set(landed(tmp_path)) == {"1"}


@pytest.mark.fault("C11")
def test_memory_does_not_grow_with_the_rows_of_a_file(tmp_path: Path) -> None:
    peaks = []
    # Both more than one batch, which is held in memory whole, and more than DuckDB may hold of what
    # it has to remember of each row.
    for number in (100_000, 400_000):
        home = tmp_path / str(number)
        with put(home, TOOL, "deals.csv", "").open("w") as file:
            file.write("Nummer;Bedrag;Gesloten op;E-mail;Gewijzigd\n")
            file.writelines(f"{n};1,00;03-02-2026;;\n" for n in range(number))
        done = forked("tests.faults.files_child", str(home), "16MB")
        assert done.returncode == 0, done.stderr.decode()
        rows, peak = map(int, done.stdout.split())
        assert rows == number
        peaks.append(peak)
    assert peaks[1] < peaks[0] + 20 * MEGABYTE


@pytest.mark.fault("C12")
def test_a_table_of_texts_that_inflates_is_refused_by_its_declared_size(tmp_path: Path) -> None:
    path = with_shared_strings(tmp_path / "x.xlsx")
    many = "<si><t>a</t></si>" * 1_000
    replace_part(path, "xl/sharedStrings.xml", lambda xml: xml.replace("</sst>", f"{many}</sst>"))
    assert read(path, limits=Limits(part_bytes=20_000)).cells == [["b"]]
    with pytest.raises(FileRefused, match=r"sharedStrings\.xml holds .* at most 15,000"):
        read(path, limits=Limits(part_bytes=15_000))


@pytest.mark.fault("C12")
def test_a_cell_that_inflates_is_refused_before_it_is_held(tmp_path: Path) -> None:
    """One text without end, within all bounds on the file as a whole."""
    path = workbook(tmp_path / "x.xlsx", [["a"], ["b"]])
    replace_part(path, SHEET, lambda xml: xml.replace("<t>b</t>", f"<t>{'b' * 300_000}</t>"))
    with pytest.raises(FileRefused, match="a text of over 100,000 characters"):
        read(path, limits=Limits(record_characters=100_000))


@pytest.mark.fault("C12")
@pytest.mark.parametrize("name", ["deals.csv.gz", "deals.xlsm", "deals.zip", "deals.xlsx"])
def test_a_bomb_in_the_inbox_is_refused_and_the_others_are_loaded(
    tmp_path: Path, name: str
) -> None:
    bomb = put(tmp_path, TOOL, name, "")
    with (
        zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("xl/worksheets/sheet1.csv", "w", force_zip64=True) as member,
    ):
        for _ in range(40):
            member.write(b"0" * MEGABYTE)
    os.utime(bomb, (0, 0))
    put(tmp_path, TOOL, "deals.csv", csv([deal(1)]))
    assert list(refused(tmp_path)) == [name]
    assert set(landed(tmp_path)) == {"1"}


@pytest.mark.fault("C14")
def test_a_file_of_xml_is_no_table(tmp_path: Path) -> None:
    laughs = '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>'
    put(tmp_path, TOOL, "deals.csv", laughs)
    assert "XML" in refused(tmp_path)["deals.csv"]


@pytest.mark.fault("C10", "C15", "C16")
def test_odd_cells_reject_their_row_or_are_kept_as_they_are(tmp_path: Path) -> None:
    ids = ["00123", "1e5", "9007199254740993", "a\u202eb", "\N{GRINNING FACE}", "x\x1b[31m"]
    bad = ["NaN", "inf", "1e400", "9" * 40, "1\x002"]
    rows = [deal(each) for each in ids] + [deal(f"bad{n}", each) for n, each in enumerate(bad)]
    put(tmp_path, TOOL, "deals.csv", csv([*rows, deal("zero", "-0")]))
    assert counts(ingest(tmp_path)) == (len(ids) + len(bad) + 1, len(ids) + 1, len(bad), 0)
    kept = {name: json.loads(record) for name, record in landed(tmp_path).items()}
    assert set(kept) == {*ids, "zero"}
    assert kept["zero"]["amount"] in ("0", "-0")
    assert [row[1] for row in rejects(tmp_path)] == list(range(8, 8 + len(bad)))


@pytest.mark.fault("C8")
def test_a_file_is_known_by_its_bytes_and_not_by_its_name(tmp_path: Path) -> None:
    put(tmp_path, TOOL, "deals.csv", csv([deal(1), deal(2)]))
    assert counts(ingest(tmp_path)) == (2, 2, 0, 0)
    put(tmp_path, TOOL, "other.csv", csv([deal(1), deal(2)]))
    again = ingest(tmp_path)
    assert ([f.status for f in again.files], again.loads) == (["unchanged"], ())
    put(tmp_path, TOOL, "deals.csv", csv([deal(1, "5,00"), deal(2)]))
    assert counts(ingest(tmp_path))[1] >= 1
    assert json.loads(landed(tmp_path)["1"])["amount"] == "5"
    assert len(list((tmp_path / "inbox/archive/tool").iterdir())) == 3


# What a file system takes as a name: no slash and no NUL, at most 255 bytes.
NAMES = st.text(
    st.characters(exclude_characters="/\0", exclude_categories=("Cs",)), min_size=1, max_size=60
)


@pytest.mark.fault("C18")
@settings(max_examples=10)
@given(NAMES)
def test_no_name_in_the_inbox_leads_anywhere(name: str) -> None:
    _drop(name + ".csv")


@pytest.mark.fault("C18")
@pytest.mark.parametrize(
    "name",
    ["a'; drop table deals; --.csv", "..\\..\\x.csv", "a\nb.csv", 'a"b.csv', "n" * 250 + ".csv",
     "$(touch x).csv", "-rf.csv", "раyroll.csv", "%s{0}.csv", "load=1.csv"],
)  # fmt: skip
def test_a_hostile_name_is_a_name(name: str) -> None:
    _drop(name)


def _drop(name: str) -> None:
    """Ingest a file of that name; what is in the home afterwards is what any file leaves."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        put(home, TOOL, name, csv([deal(1)]))
        result = ingest(home)
        if name.startswith((".", "~$")):  # hidden by its owner, or by a spreadsheet program
            assert not result.files
            return
        assert [each.status for each in result.files] == ["loaded"]
        assert set(landed(home)) == {"1"}
        [archived] = (home / "inbox/archive/tool").iterdir()
        assert archived.name.isprintable()
        assert len(archived.name) < 200
        assert {each.name for each in home.iterdir()} == {"inbox", "landing"}
        assert {each.name for each in (home / "inbox").iterdir()} == {"tool", "archive"}


@pytest.mark.fault("C19")
@pytest.mark.timeout(30)
@pytest.mark.parametrize("kind", ["pipe", "link", "folder"])
@pytest.mark.parametrize("when", ["after it was recognised", "before it is archived"])
def test_what_takes_the_place_of_a_file_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, when: str
) -> None:
    """Between two looks at a name, there may be another thing: a pipe would be waited for."""
    file = put(tmp_path, TOOL, "deals.csv", csv([deal(1)]))
    secret = tmp_path / "secret.csv"
    secret.write_text(csv([deal(2)]))
    done = []

    def replace() -> None:
        if not done:
            done.append(kind)
            file.unlink()
            if kind == "pipe":
                os.mkfifo(file)
            elif kind == "link":
                file.symlink_to(secret)
            else:
                file.mkdir()

    if when == "after it was recognised":
        recognise = connectors.core.candidates.recognise

        def recognised(*arguments: object) -> object:
            found = recognise(*arguments)  # type: ignore[arg-type]
            replace()
            return found

        monkeypatch.setattr(connectors.core.candidates, "recognise", recognised)
    else:
        reached = connectors.core.inbox.failpoint

        def passing(name: str) -> None:
            reached(name)
            if name == "inbox.before_archive":
                replace()

        monkeypatch.setattr(connectors.core.inbox, "failpoint", passing)
    ingest(tmp_path)
    assert done, "nothing took its place"
    assert "2" not in landed(tmp_path)
    assert file.is_symlink() or not file.is_file(), "it stays where it is, for a person to see"
    assert not list((tmp_path / "inbox").glob("archive/*/*"))


@pytest.mark.fault("C8", "C19")
def test_a_new_version_that_comes_while_the_old_one_is_landed_is_read_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path, TOOL, "deals.csv", csv([deal(1)]))
    reached = connectors.core.inbox.failpoint

    def passing(name: str) -> None:
        reached(name)
        if name == "inbox.before_archive":
            put(tmp_path, TOOL, "deals.csv", csv([deal(1), deal(2)]), age=59)

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(connectors.core.inbox, "failpoint", passing)
        ingest(tmp_path)
    ingest(tmp_path)
    assert set(landed(tmp_path)) == {"1", "2"}


@pytest.mark.fault("C2")
def test_a_file_in_two_encodings_is_refused_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "mixed.csv"
    path.write_bytes("naam\nRené\n".encode() + "Zoë\n".encode("cp1252"))
    with (
        pytest.raises(FileRefused, match=r"byte 13|line 3"),
        open_table(path, FileFormat()) as table,
    ):
        list(table)
