"""Zip files: one level, no bombs, and names that lead nowhere."""

from __future__ import annotations

import stat
import struct
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.core.files import FileRefused, Limits, unpack
from tests.files.making import DUTCH, PLAIN, SMALL, read, workbook


def made(folder: Path, members: dict[str, bytes], kind: int = zipfile.ZIP_DEFLATED) -> Path:
    path = folder / "export.zip"
    with zipfile.ZipFile(path, "w", kind) as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name), data, kind)
    return path


@pytest.fixture
def work(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


def test_every_member_is_a_file_to_read(tmp_path: Path, work: Path) -> None:
    sheet = workbook(tmp_path / "x.xlsx", [["a"], [1]]).read_bytes()
    path = made(
        tmp_path,
        {"deals.csv": b"a\n1\n", "map/": b"", "map/Contacten.XLSX": sheet,
         "__MACOSX/._deals.csv": b"x", "deals.json": b'[{"a": 1}]', ".DS_Store": b"x"},
    )  # fmt: skip
    members = unpack(path, work)
    assert [m.name for m in members] == ["deals.csv", "Contacten.XLSX", "deals.json"]
    assert [read(m.path).cells for m in members] == [[["1"]]] * 3
    assert {stat.S_IMODE(m.path.stat().st_mode) for m in members} == {0o600}


def test_any_other_file_is_itself(tmp_path: Path, work: Path) -> None:
    path = tmp_path / "deals.csv"
    path.write_bytes(b"a\n1\n")
    (member,) = unpack(path, work)
    assert (member.name, member.path) == ("deals.csv", path)
    assert list(work.iterdir()) == []


@pytest.mark.fault("C12", "C18", "G10")
@pytest.mark.parametrize(
    "name",
    ["../../evil.csv", "/etc/passwd.csv", "C:\\evil.csv", "..\\evil.csv", "a\nb.csv",
     "a;'\"$(x).csv", "é" * 100 + ".csv", "раyроll.csv", "-rf.csv", "\x1b[31mred.csv"],
)  # fmt: skip
def test_names_are_shown_and_never_used_as_paths(tmp_path: Path, work: Path, name: str) -> None:
    (member,) = unpack(made(tmp_path, {name: b"a\n1\n"}), work)
    assert [p.name for p in work.iterdir()] == ["member-00000.csv"]
    assert member.path.parent == work
    assert member.name.isprintable()
    assert "/" not in member.name
    assert {p.name for p in tmp_path.iterdir()} == {"export.zip", "work"}


def test_two_members_of_one_name_are_two_files(tmp_path: Path, work: Path) -> None:
    path = made(tmp_path, {"a/deals.csv": b"a\n1\n", "b/deals.csv": b"a\n2\n"})
    assert [read(m.path).cells for m in unpack(path, work)] == [[["1"]], [["2"]]]


@pytest.mark.fault("C12")
@pytest.mark.parametrize(
    ("name", "said"),
    [("inner.zip", "an archive itself"), ("x.csv.gz", "an archive itself"), ("x.exe", "not one of"),
     ("x.xlsm", "not one of"), ("noext", "not one of")],
)  # fmt: skip
def test_what_is_not_read_is_refused_by_name(
    tmp_path: Path, work: Path, name: str, said: str
) -> None:
    with pytest.raises(FileRefused, match=said):
        unpack(made(tmp_path, {"deals.csv": b"a\n1\n", name: b"x"}), work)
    assert list(work.iterdir()) == []


@pytest.mark.fault("C12")
def test_a_zip_that_calls_itself_a_csv_is_not_unpacked_again(tmp_path: Path, work: Path) -> None:
    inner = made(tmp_path, {"deals.csv": b"a\n1\n"}).read_bytes()
    (member,) = unpack(made(tmp_path, {"inner.csv": inner}), work)
    with pytest.raises(FileRefused, match="is a zip"):
        read(member.path)


@pytest.mark.fault("C12", "C19", "G10")
def test_a_link_is_refused(tmp_path: Path, work: Path) -> None:
    entry = zipfile.ZipInfo("deals.csv")
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr(entry, "/etc/passwd")
    with pytest.raises(FileRefused, match="a link or device"):
        unpack(tmp_path / "x.zip", work)


@pytest.mark.fault("C12")
def test_bombs_are_refused_before_anything_is_inflated(tmp_path: Path, work: Path) -> None:
    bomb = made(tmp_path, {"deals.csv": b"0" * 40_000_000})
    assert bomb.stat().st_size < 100_000
    with pytest.raises(FileRefused, match="a bomb"):
        unpack(bomb, work)
    with pytest.raises(FileRefused, match="at most 30,000,000"):
        unpack(bomb, work, SMALL)
    assert list(work.iterdir()) == []


@pytest.mark.fault("C12")
def test_a_workbook_is_held_to_the_same_limits(tmp_path: Path) -> None:
    path = workbook(tmp_path / "x.xlsx", [["a"], [1]])
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet2.xml", b" " * 40_000_000)
    with pytest.raises(FileRefused, match="a bomb"):
        read(path)


@pytest.mark.fault("C12")
def test_too_many_members(tmp_path: Path, work: Path) -> None:
    path = made(tmp_path, {f"{n}.csv": b"a\n" for n in range(20)})
    with pytest.raises(FileRefused, match="holds 20 files; at most 10"):
        unpack(path, work, Limits(members=10))


@pytest.mark.fault("C12")
def test_a_size_that_is_a_lie_is_refused(tmp_path: Path, work: Path) -> None:
    path = made(tmp_path, {"deals.csv": b"a\n" + b"1\n" * 1_000})
    data = path.read_bytes()
    assert data.count(struct.pack("<L", 2_002)) == 2
    path.write_bytes(data.replace(struct.pack("<L", 2_002), struct.pack("<L", 1_002)))
    with pytest.raises(FileRefused, match="damaged"):
        unpack(path, work)


def test_a_password_or_odd_compression_is_refused(tmp_path: Path, work: Path) -> None:
    path = made(tmp_path, {"deals.csv": b"a\n1\n"}, zipfile.ZIP_STORED)
    data = bytearray(path.read_bytes())
    at = data.index(b"PK\x01\x02")
    data[at + 8] |= 1
    path.write_bytes(data)
    with pytest.raises(FileRefused, match="has a password"):
        unpack(path, work)
    with pytest.raises(FileRefused, match="unusual way"):
        unpack(made(tmp_path, {"deals.csv": b"a\n1\n"}, zipfile.ZIP_LZMA), work)


@pytest.mark.fault("C7", "C12")
def test_a_cut_or_empty_zip_is_refused(tmp_path: Path, work: Path) -> None:
    path = made(tmp_path, {"deals.csv": b"a\n1\n"})
    whole = path.read_bytes()
    for end in range(len(whole)):
        path.write_bytes(whole[:end])
        with pytest.raises(FileRefused):
            unpack(path, work)
    with pytest.raises(FileRefused, match="holds no files"):
        unpack(made(tmp_path, {"folder/": b""}), work)


@pytest.mark.fault("G10")
# A name ends at a NUL for zipfile, and so before the suffix.
@pytest.mark.fault("C18")
@given(st.text(st.characters(exclude_characters="\0"), max_size=60))
def test_any_name_is_harmless(tmp_path_factory: pytest.TempPathFactory, name: str) -> None:
    folder = tmp_path_factory.mktemp("any")
    work = folder / "work"
    work.mkdir()
    safe = name.encode("utf-8", "replace").decode() + ".csv"
    (member,) = unpack(made(folder, {safe: b"a;b\n1;2\n"}), work)
    assert read(member.path, DUTCH).cells == [["1", "2"]]
    assert {p.name for p in folder.iterdir()} == {"export.zip", "work"}


def test_open_table_does_not_unpack(tmp_path: Path) -> None:
    with pytest.raises(FileRefused, match="unpack it first"):
        read(made(tmp_path, {"deals.csv": b"a\n1\n"}), PLAIN)
