"""A backup that has its name is whole, costs what is new, and gives back what was there."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import sqlite3
import tempfile
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.core.landing import Landing
from pipelines.operations.backup import copying, manifest
from pipelines.operations.backup.errors import BackupError
from pipelines.operations.backup.keys import copy_key
from pipelines.operations.backup.known import destinations
from pipelines.operations.backup.making import make_backup
from pipelines.operations.backup.manifest import FILES, read_manifest, stored_backups
from pipelines.operations.backup.restoring import restore
from pipelines.operations.backup.verifying import wrong_in
from pipelines.publication import current
from pipelines.settings import Home, SettingsError
from pipelines.settings import settings as read_settings
from tests.landing.making import TOOL, csv, deal, ingest, landed, put
from tests.operations.small import fill, messages, one_more_message, settle, tree
from tests.zygote import forked

KEY = "made-up-key-of-this-module-" + "0" * 16
EVERYTHING = ("publications", "archive")
BACKUP_PLACES = [
    *(("backup.room", nth) for nth in range(1, 6)),
    ("backup.copied", 1),
    ("backup.before_rename", 1),
    ("backup.after_rename", 1),
]
RESTORE_PLACES = [
    ("restore.marked", 1),
    ("restore.file", 1),
    ("restore.file", 7),
    ("restore.before_unmark", 1),
]


@pytest.fixture(scope="module")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = Home(tmp_path_factory.mktemp("once") / "home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KOERS_PSEUDONYM_KEY", KEY)
        fill(home)
    return home


@pytest.fixture
def full(made_once: Home, koers_home: Home, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setenv("KOERS_PSEUDONYM_KEY", KEY)
    shutil.copytree(made_once.root, koers_home.root, symlinks=True)
    return koers_home


def whole(destination: Path) -> list[Path]:
    found = stored_backups(destination)
    for each in found:
        assert list(wrong_in(each)) == []
    return found


def test_what_is_restored_is_what_was_there(full: Home, tmp_path: Path) -> None:
    before, publication = landed(full.root), current(full)
    made, said = make_backup(full, tmp_path / "bk", parts=EVERYTHING)
    assert said.key_id == Landing(full.landing).key_id()
    assert publication is not None
    assert said.facts_hash == publication.facts_hash

    new = Home(tmp_path / "elsewhere" / "home")
    done = restore(new, tmp_path / "bk")

    assert done.backup == made
    assert done.key_wrong is None
    assert landed(new.root) == before
    assert messages(new) == messages(full)
    assert read_settings(new) == read_settings(full)
    back = current(new)
    assert back is not None
    assert back.facts_hash == publication.facts_hash
    assert new.publication().stat().st_ino == back.file.stat().st_ino, "one file with two names"
    assert (new.published / "management" / "parquet" / "dim_kpi.parquet").exists()
    lost = tree(full.root).keys() - tree(new.root).keys()
    assert {name.split("/")[0] for name in lost} <= {"warehouse", "landing", "state", "published"}
    assert all("lock" in name or name.startswith("warehouse/") for name in lost), lost
    assert ingest(new.root).streams["deals"].load_id is None, "no file is new to it"


def test_the_archive_and_publications_only_where_asked_for(full: Home, tmp_path: Path) -> None:
    made, said = make_backup(full, tmp_path / "bk")
    assert not (made / FILES / "published").exists()
    assert not (made / FILES / "inbox" / "archive").exists()
    assert not any("warehouse" in name for name in said.files)


@pytest.mark.fault("H1")
def test_who_was_forgotten_stays_so_after_a_restore(full: Home, tmp_path: Path) -> None:
    """The list of who is not to be taken in again lies in the landing, under a hidden name."""
    (full.landing / ".forgotten.json").write_text("{}")
    (full.landing / ".forgotten.json.new").write_text("{")
    make_backup(full, tmp_path / "bk")
    new = Home(tmp_path / "new")
    restore(new, tmp_path / "bk")
    hidden = {path.name for path in new.landing.iterdir() if path.name.startswith(".")}
    assert hidden == {".forgotten.json"}


def test_a_backup_costs_what_is_new(full: Home, tmp_path: Path) -> None:
    first, one = make_backup(full, tmp_path / "bk", parts=EVERYTHING)
    put(full.root, TOOL, "b.csv", csv([deal(9)]))
    ingest(full.root)
    second, two = make_backup(full, tmp_path / "bk", parts=EVERYTHING)

    new = {name for name in two.files if name.startswith(("landing/", "published/"))}
    new -= one.files.keys()
    assert len({Path(name).parent for name in new}) == 1, "one load"
    old = next(name for name in one.files if name.startswith("landing/"))
    assert (first / FILES / old).stat().st_ino == (second / FILES / old).stat().st_ino
    grown = sum(two.files[name].bytes for name in new)
    small = sum(
        e.bytes for n, e in two.files.items() if n.startswith(("state/", "inbox/", "koers"))
    )
    assert two.new_bytes <= grown + small
    assert whole(tmp_path / "bk") == [second, first]


def test_without_hard_links_it_holds_copies(
    full: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_backup(full, tmp_path / "bk", parts=EVERYTHING)
    refused = []

    def no_links(_: Path, to: Path) -> None:
        refused.append(to)
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(copying.os, "link", no_links)
    make_backup(full, tmp_path / "bk", parts=EVERYTHING)
    assert refused
    assert len(whole(tmp_path / "bk")) == 2


@pytest.mark.fault("A1")
@pytest.mark.parametrize(("place", "nth"), BACKUP_PLACES)
def test_a_backup_that_is_killed(full: Home, tmp_path: Path, place: str, nth: int) -> None:
    make_backup(full, tmp_path / "bk", parts=EVERYTHING)
    one_more_message(full, "two")

    done = forked(
        "tests.operations.child", "backup", str(full.root), str(tmp_path / "bk"),
        KOERS_FAILPOINT=f"{place}:{nth}",
    )  # fmt: skip

    assert done.returncode == -signal.SIGKILL, done.stderr
    assert len(whole(tmp_path / "bk")) == (2 if place == "backup.after_rename" else 1)
    assert [each.folder for each in destinations(full)] == [tmp_path / "bk"]
    newest, _ = make_backup(full, tmp_path / "bk", parts=EVERYTHING)
    assert newest in whole(tmp_path / "bk")
    assert not list((tmp_path / "bk").glob(".making-*")), "what was broken off is swept"
    restore(Home(tmp_path / "new"), newest)
    assert messages(Home(tmp_path / "new")) == 2


@pytest.mark.fault("A1")
@pytest.mark.parametrize(("place", "nth"), RESTORE_PLACES)
def test_a_restore_that_is_killed(full: Home, tmp_path: Path, place: str, nth: int) -> None:
    make_backup(full, tmp_path / "bk", parts=EVERYTHING)
    calm, killed = Home(tmp_path / "calm"), Home(tmp_path / "killed")
    restore(calm, tmp_path / "bk")

    done = forked(
        "tests.operations.child", "restore", str(killed.root), str(tmp_path / "bk"),
        KOERS_FAILPOINT=f"{place}:{nth}",
    )  # fmt: skip

    assert done.returncode == -signal.SIGKILL, done.stderr
    with pytest.raises(SettingsError, match="half a home"):
        read_settings(killed)
    restore(killed, tmp_path / "bk")
    assert tree(killed.root) == tree(calm.root)
    read_settings(killed)


def test_the_fail_points_are_these() -> None:
    folder = Path(manifest.__file__).parent
    code = "".join(file.read_text() for file in folder.glob("*.py"))
    for name, _ in (*BACKUP_PLACES, *RESTORE_PLACES):
        assert f'failpoint("{name}")' in code
    assert code.count('failpoint("') == len({name for name, _ in (*BACKUP_PLACES, *RESTORE_PLACES)})


@pytest.mark.parametrize("how", ["changed", "cut", "gone", "more"])
def test_damage_is_found_and_nothing_is_restored(full: Home, tmp_path: Path, how: str) -> None:
    made, said = make_backup(full, tmp_path / "bk", parts=EVERYTHING)
    new = Home(tmp_path / "new")
    for name in said.files:
        file = made / FILES / name
        content = file.read_bytes()
        if how == "changed":
            file.write_bytes(bytes([content[0] ^ 1]) + content[1:])
        elif how == "cut":
            file.write_bytes(content[:-1])
        elif how == "gone":
            file.unlink()
        else:
            (file.parent / "strange").write_text("?")
        assert list(wrong_in(made)), name
        with pytest.raises(BackupError, match="not whole"):
            restore(new, made)
        assert not new.root.exists()
        (file.parent / "strange").unlink(missing_ok=True)
        file.write_bytes(content)
    assert list(wrong_in(made)) == []


def test_a_manifest_that_was_changed(full: Home, tmp_path: Path) -> None:
    made, _ = make_backup(full, tmp_path / "bk")
    file = made / manifest.FILE_NAME
    text = file.read_text()
    for wrong in (text[:-20], text.replace('"key_id": "', '"key_id": "0'), "{}", "[]"):
        file.write_text(wrong)
        with pytest.raises(BackupError):
            read_manifest(made)


@pytest.mark.fault("F6", "G10")
def test_a_manifest_of_a_newer_koers_and_one_that_leaves_the_home(
    full: Home, tmp_path: Path
) -> None:
    made, _ = make_backup(full, tmp_path / "bk")
    file = made / manifest.FILE_NAME
    content = json.loads(file.read_text())
    del content["sha256"]

    def written(changed: dict[str, object]) -> None:
        digest = manifest._digest(changed)
        file.write_text(json.dumps({"sha256": digest, **changed}))

    written({**content, "backup_version": 2})
    with pytest.raises(BackupError, match="newer Koers"):
        read_manifest(made)
    stored = next(iter(content["files"].values()))
    for path in ("../evil", "/etc/evil", "state/../../evil", ""):
        written({**content, "files": {path: stored}})
        with pytest.raises(BackupError, match="outside the home"):
            restore(Home(tmp_path / "new"), made)
    written({**content, "ledger_version": 99})
    with pytest.raises(BackupError, match="newer Koers"):
        restore(Home(tmp_path / "new"), made)
    assert not (tmp_path / "new").exists()


def test_where_a_backup_is_refused(full: Home, tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="inside the home"):
        make_backup(full, full.root / "bk")
    (tmp_path / "documents").mkdir()
    (tmp_path / "documents" / "letter.txt").write_text("mine")
    with pytest.raises(BackupError, match="other things"):
        make_backup(full, tmp_path / "documents")
    with pytest.raises(BackupError, match="nothing to back up"):
        make_backup(Home(tmp_path / "none"), tmp_path / "bk")
    with pytest.raises(BackupError, match="no backup of Koers"):
        restore(Home(tmp_path / "new"), tmp_path / "documents")


def test_a_restore_never_overwrites(full: Home, tmp_path: Path) -> None:
    make_backup(full, tmp_path / "bk")
    before = tree(full.root)
    with pytest.raises(BackupError, match="not empty"):
        restore(full, tmp_path / "bk")
    assert tree(full.root) == before
    empty = Home(tmp_path / "mounted")
    (empty.root / "lost+found").mkdir(parents=True)
    restore(empty, tmp_path / "bk")
    assert messages(empty) == 1


@pytest.mark.fault("H4")
def test_the_key_is_not_in_it(full: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_backup(full, tmp_path / "bk", parts=EVERYTHING)
    key = os.environ["KOERS_PSEUDONYM_KEY"].encode()
    assert not any(key in content for content in tree(tmp_path / "bk").values())

    for inside in (full.root / "key", tmp_path / "bk" / "key"):
        with pytest.raises(BackupError, match="elsewhere"):
            copy_key(full, tmp_path / "bk", inside)
    copy = tmp_path / "safe" / "key"
    assert copy_key(full, tmp_path / "bk", copy) == Landing(full.landing).key_id()
    assert copy.stat().st_mode & 0o777 == 0o600
    copy_key(full, tmp_path / "bk", copy)
    copy.write_text("another-key-of-somebody-else\n")
    with pytest.raises(BackupError, match="something else"):
        copy_key(full, tmp_path / "bk", copy)

    monkeypatch.setenv("KOERS_PSEUDONYM_KEY", "another-key-of-this-machine")
    done = restore(Home(tmp_path / "new"), tmp_path / "bk")
    assert done.key_wrong is not None
    assert "another-key" not in done.key_wrong


def test_a_ledger_that_is_written_to_meanwhile(full: Home, tmp_path: Path) -> None:
    stop = threading.Event()
    written = []

    def write() -> None:
        while not stop.is_set():
            one_more_message(full, f"more-{len(written)}")
            written.append(1)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        for _ in range(5):
            while not written:
                pass
            made, _ = make_backup(full, tmp_path / "bk")
            assert not list((made / FILES / "state").glob("alerts.sqlite-*"))
    finally:
        stop.set()
        thread.join()
    counts = []
    for backup in reversed(whole(tmp_path / "bk")):
        uri = f"{(backup / FILES / 'state/alerts.sqlite').as_uri()}?mode=ro&immutable=1"
        with contextlib.closing(sqlite3.connect(uri, uri=True)) as ledger:
            counts.append(ledger.execute("select count(*) from outbox").fetchone()[0])
    assert counts == sorted(counts)
    assert counts[-1] > counts[0]


@pytest.mark.fault("F10")
def test_a_load_that_is_replaced_meanwhile(
    full: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(full.root, TOOL, "b.csv", csv([deal(9)]))
    ingest(full.root)
    first, second = sorted(full.landing.glob("tool/deals/load=*"))
    take, replaced = copying.Copier.take, []

    def racing(self: copying.Copier, file: Path) -> manifest.Stored:
        if file.parent == second and not replaced:
            replaced.append(second.rename(second.with_name("load=29991231T000000000000Z")))
            (second.parent / "load=29991231T000000000000Z").exists()
        return take(self, file)

    monkeypatch.setattr(copying.Copier, "take", racing)
    made, said = make_backup(full, tmp_path / "bk")
    assert replaced
    loads = {Path(name).parent.name for name in said.files if "/load=" in name}
    assert loads == {first.name, "load=29991231T000000000000Z"}
    assert list(wrong_in(made)) == []


def test_only_the_newest_are_kept(full: Home, tmp_path: Path) -> None:
    for _ in range(4):
        make_backup(full, tmp_path / "bk", keep=2)
    assert len(whole(tmp_path / "bk")) == 2
    [known] = destinations(full)
    assert list(known.backups) == [path.name for path in stored_backups(tmp_path / "bk")]


@pytest.mark.fault("H1")
def test_where_backups_are_is_known_also_when_they_are_not_there_now(
    full: Home, tmp_path: Path
) -> None:
    made, _ = make_backup(full, tmp_path / "bk")
    (tmp_path / "bk").rename(tmp_path / "unmounted")
    [known] = destinations(full)
    assert not known.is_there
    assert known.backups == (made.name,)


@pytest.mark.fault("A4")
def test_a_full_disk_leaves_the_backups_of_before(
    full: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, _ = make_backup(full, tmp_path / "bk")
    full_disk, hit = copying.os.fsync, []

    def fails(handle: int) -> None:
        if len(hit) == 3:
            raise OSError(28, "No space left on device")
        hit.append(handle)
        full_disk(handle)

    monkeypatch.setattr(copying.os, "fsync", fails)
    with pytest.raises(BackupError, match="No space left"):
        make_backup(full, tmp_path / "bk")
    monkeypatch.undo()
    assert len(hit) == 3
    assert whole(tmp_path / "bk") == [first]
    assert not list((tmp_path / "bk").glob(".making-*"))


names = st.sampled_from(["landing/.list.json", "inbox/crm/a.csv", "state/said/x", "koers.yaml"])
steps = st.lists(
    st.one_of(
        st.tuples(st.just("write"), names, st.binary(max_size=3)),
        st.tuples(st.just("remove"), names, st.just(b"")),
        st.tuples(st.just("backup"), st.just(""), st.just(b"")),
        st.tuples(st.just("rest"), st.just(""), st.just(b"")),
    ),
    max_size=14,
)


@given(steps)
@settings(max_examples=15)
def test_each_backup_is_the_home_of_its_moment(done: list[tuple[str, str, bytes]]) -> None:
    """Whatever was written, removed and written again, also within one tick of the clock."""
    with tempfile.TemporaryDirectory() as folder:
        home, destination = Home(Path(folder) / "home"), Path(folder) / "bk"
        home.state.mkdir(parents=True)
        moments: dict[Path, dict[str, bytes]] = {}
        for what, name, content in [*done, ("backup", "", b"")]:
            file = home.root / name
            if what == "write":
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(content)
            elif what == "remove":
                file.unlink(missing_ok=True)
            elif what == "rest":
                settle(home)
            else:
                now = {n: c for n, c in tree(home.root).items() if _is_kept(n)}
                made, _ = make_backup(home, destination)
                moments[made] = now
        for made, then in moments.items():
            kept = {n: c for n, c in tree(made / FILES).items() if n != "state/backups.json"}
            assert kept == then
            assert list(wrong_in(made)) == []


def _is_kept(name: str) -> bool:
    return not name.endswith(".lock") and name != "state/backups.json"
