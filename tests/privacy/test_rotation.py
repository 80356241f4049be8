"""A new key: contacts join as before, the old key finds nobody, and a kill makes no strangers."""

from __future__ import annotations

import shutil
import signal

import duckdb
import pytest

from connectors.core.errors import UnusableKeyError
from connectors.core.landing import Landing
from connectors.core.privacy import KEY_VARIABLE, Pseudonyms, key_file, resolve_pseudonyms
from pipelines.privacy.erasing import forget
from pipelines.privacy.rotation import rotate
from pipelines.privacy.searching import search
from pipelines.settings import Home, Settings
from tests.line.line import write
from tests.privacy import making
from tests.privacy.making import CONTACT, EMPLOYEE, KEY, OF_CONTACT, PSEUDONYM, fake_makers
from tests.zygote import forked

PERSONAL = {"hubspot.contacts": "email", "surveys.responses": "respondent"}


@pytest.fixture
def keyed(home: Home, monkeypatch: pytest.MonkeyPatch) -> Home:
    """The key in its file, as it is without the variable."""
    monkeypatch.delenv(KEY_VARIABLE)
    key_file().parent.mkdir(parents=True)
    key_file().write_text(KEY + "\n")
    return home


def pseudonyms(home: Home) -> list[tuple[str, str, str]]:
    """Which records are of which pseudonym."""
    found = []
    landing = Landing(home.landing)
    with duckdb.connect() as db:
        for name, field in PERSONAL.items():
            parts = [str(part) for part in landing.parts(*name.split("."))]
            found += db.execute(
                f"select '{name}', record_id, record ->> '{field}' from read_parquet(?) "
                "order by all",
                [parts],
            ).fetchall()
    return found


def joins(home: Home) -> list[list[str]]:
    """The records of each person, whatever they are called."""
    groups: dict[str, list[str]] = {}
    for name, record_id, pseudonym in pseudonyms(home):
        groups.setdefault(pseudonym, []).append(f"{name}/{record_id}")
    return sorted(sorted(group) for group in groups.values())


@pytest.mark.fault("H4")
def test_contacts_join_as_before_and_the_old_key_finds_nobody(keyed: Home) -> None:
    before, hashes = joins(keyed), {each[2] for each in pseudonyms(keyed)}
    old = resolve_pseudonyms(keyed.root, None)

    rotate(keyed, Settings(), lambda _: None, fake_makers())

    new = resolve_pseudonyms(keyed.root, Landing(keyed.landing).key_id())
    assert joins(keyed) == before
    after = {each[2] for each in pseudonyms(keyed)}
    assert not after & hashes
    assert new.of(CONTACT) in after
    assert old.of(CONTACT) == PSEUDONYM not in after
    assert search(keyed.landing, [PSEUDONYM]) == search(keyed.warehouse.parent, [PSEUDONYM]) == []
    key_file().write_text(KEY)
    with pytest.raises(UnusableKeyError, match="was made with pseudonym key"):
        resolve_pseudonyms(keyed.root, Landing(keyed.landing).key_id())


@pytest.mark.fault("H4")
def test_what_comes_in_after_a_rotation_joins_what_was_there(keyed: Home) -> None:
    for _ in range(2):
        rotate(keyed, Settings(), lambda _: None, fake_makers())
    shutil.rmtree(keyed.inbox)
    newer = making.CONTACTS.replace("10:00", "12:00").replace("990017731", "55")
    write(keyed.inbox / "hubspot", "new.csv", newer)
    making.land(keyed, making.NOW.replace(day=26))
    assert any("hubspot.contacts/55" in group and len(set(group)) > 2 for group in joins(keyed))


@pytest.mark.fault("H1", "H4")
def test_who_was_forgotten_stays_so_after_a_rotation(keyed: Home) -> None:
    forget(keyed, Settings(), [CONTACT], makers=fake_makers())
    rotate(keyed, Settings(), lambda _: None, fake_makers())
    shutil.rmtree(keyed.inbox)
    write(keyed.inbox / "hubspot", "new.csv", making.CONTACTS.replace("10:00", "12:00"))
    making.land(keyed, making.NOW.replace(day=26))
    assert search(keyed.landing, OF_CONTACT) == []
    newest = Landing(keyed.landing).newest("hubspot", "contacts")
    assert newest is not None
    assert newest.counts.left_out == 1


POINTS = (
    "rotation.begun", "rewriting.before_part", "rewriting.after_part",
    "rewriting.before_manifest", "rotation.after_load", "rotation.after_load",
    "rotation.after_list", "erasing.before_warehouse", "rotation.before_key",
)  # fmt: skip


@pytest.mark.fault("H4")
def test_a_rotation_that_is_killed_makes_no_strangers(keyed: Home) -> None:
    """Also where somebody was forgotten, whom the list names by the new key from then on."""
    forget(keyed, Settings(), [EMPLOYEE], makers=fake_makers())
    before = joins(keyed)
    for point in POINTS:
        killed = forked(
            "tests.privacy.rotating_child", str(keyed.root), KOERS_FAILPOINT=point,
            without=(KEY_VARIABLE,),
        )  # fmt: skip
        assert killed.returncode == -signal.SIGKILL, (point, killed.stderr.decode())

    rotate(keyed, Settings(), lambda _: None, fake_makers())

    assert joins(keyed) == before
    lines = key_file().read_text().split()
    assert len(lines) == 2
    chain = Pseudonyms(lines[0].encode(), (lines[1].encode(),))
    assert chain.of(CONTACT) in {each[2] for each in pseudonyms(keyed)}
    assert not list(key_file().parent.glob("*.next"))


def test_a_key_of_the_environment_is_not_ours_to_replace(home: Home) -> None:
    with pytest.raises(UnusableKeyError, match="Put it into the file"):
        rotate(home, Settings(), lambda _: None, fake_makers())


@pytest.mark.fault("H4")
def test_without_the_key_no_dictionary_finds_anybody(home: Home) -> None:
    import hashlib

    everybody = {each[2] for each in pseudonyms(home)}
    for guess in (CONTACT, "ann@firma.example"):
        tries = {getattr(hashlib, name)(guess.encode()).hexdigest() for name in ("md5", "sha256")}
        tries |= {Pseudonyms(key).of(guess) for key in (b"0" * 16, b"koers" * 4)}
        assert not tries & everybody
    assert search(home.landing, ["@firma.example", "@kooi.example"]) == []
