"""Without a refresh token that is still good nobody can read the source until a person logs in: a
kill, a second process and a full folder must not lose the newest one (fault B6)."""

from __future__ import annotations

import datetime as dt
import json
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from connectors.core.api.values import Variable, resolve
from connectors.core.errors import CredentialsError, LimitedError
from pipelines.sandbox import Sandbox, serve
from tests.api.pulling import FakeClock
from tests.faults.rotating import LOGIN, Vendor, client_of


@pytest.fixture
def vendor() -> Vendor:
    return Vendor()


@pytest.fixture
def box(vendor: Vendor) -> Iterator[Sandbox]:
    with serve(vendor) as served:
        yield served


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "secrets" / "token"
    path.parent.mkdir()
    path.write_text("refresh-token-0\n")
    return path


def child(box: Sandbox, file: Path, failpoint: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tests.faults.rotating_child", box.url, str(file)],
        env={**os.environ, "KOERS_FAILPOINT": failpoint},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.fault("B6")
def test_the_next_process_uses_the_same_access_token(
    box: Sandbox, vendor: Vendor, file: Path
) -> None:
    assert child(box, file).stdout == "200\n"
    assert child(box, file).stdout == "200\n"
    assert vendor.events == ["gave access-token-1", *["used access-token-1"] * 2]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert sorted(path.name for path in file.parent.iterdir()) == ["token", "token.lock"]


@pytest.mark.fault("B6")
@pytest.mark.parametrize(
    ("place", "events"),
    [
        # Before the vendor heard of it: nothing is lost.
        ("token.before_asking", ["gave access-token-1", "used access-token-1"]),
        # Kept, not yet used: the next process uses it and asks for none.
        ("token.after_saving", ["gave access-token-1", "used access-token-1"]),
    ],
)
def test_a_kill_around_the_asking_loses_nothing(
    box: Sandbox, vendor: Vendor, file: Path, place: str, events: list[str]
) -> None:
    assert child(box, file, place).returncode == -signal.SIGKILL
    done = child(box, file)
    assert done.stdout == "200\n", done.stdout
    assert vendor.events == events


@pytest.mark.fault("B6")
@pytest.mark.parametrize("place", ["token.before_saving", "token.before_rename:2"])
def test_a_kill_before_saving_is_told_with_what_to_do(
    box: Sandbox, vendor: Vendor, file: Path, place: str
) -> None:
    """The vendor has revoked what is on the disk; the new token went down with the process."""
    assert child(box, file, place).returncode == -signal.SIGKILL
    assert vendor.events == ["gave access-token-1"], "it was not used before it was kept"
    assert json.loads(file.read_text())["refresh_token"] == "refresh-token-0"

    done = child(box, file)
    assert done.returncode == 1
    assert "A run was ended after the vendor replaced it" in done.stdout
    assert LOGIN in done.stdout
    assert "refresh-token" not in done.stdout
    # The person logs in, and puts the token alone in the file.
    file.write_text(vendor.refresh_token)
    assert child(box, file).stdout == "200\n"
    assert sorted(path.name for path in file.parent.iterdir()) == ["token", "token.lock"]


@pytest.mark.fault("B6")
def test_a_vendor_that_still_takes_the_old_token_needs_nobody(
    box: Sandbox, vendor: Vendor, file: Path
) -> None:
    assert child(box, file, "token.before_saving").returncode == -signal.SIGKILL
    vendor.refresh_token = "refresh-token-0"
    assert child(box, file).stdout == "200\n"


def test_many_at_once_ask_for_one_token(box: Sandbox, vendor: Vendor, file: Path) -> None:
    clients = [client_of(box.url, file) for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda client: client.get("/things"), clients))
    for client in clients:
        client.close()
    assert [event for event in vendor.events if "used" not in event] == ["gave access-token-1"]


def test_a_new_token_is_asked_for_when_the_vendor_gives_one(tmp_path: Path, file: Path) -> None:
    clock = FakeClock()
    vendor = Vendor(clock, soonest=570.0)
    with serve(vendor) as box:
        client = client_of(box.url, file, clock)
        client.get("/things")
        clock.sleep(569.0)
        client.get("/things")
        clock.sleep(1.0)
        client.get("/things")
        # Withdrawn at once: to ask again at once would be refused.
        vendor.access_token = "withdrawn"
        client.get("/things")
        client.close()
    assert vendor.events == [
        "gave access-token-1",
        *["used access-token-1"] * 2,
        "gave access-token-2",
        "used access-token-2",
        "401",
        "gave access-token-3",
        "used access-token-3",
    ]


def test_no_more_tokens_a_day_than_the_vendor_gives(box: Sandbox, file: Path) -> None:
    clock = FakeClock()
    client = client_of(box.url, file, clock, per_day=3)
    for _ in range(3):
        client.get("/things")
        clock.sleep(600.0)
    with pytest.raises(LimitedError, match="3 access tokens were asked for today"):
        client.get("/things")
    clock.sleep(dt.timedelta(days=1).total_seconds())
    client.get("/things")
    client.close()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "is empty"),
        ("two lines\nof text", "holds more than a token"),
        ('{"refresh_token": "refresh-tok', "is damaged"),
        ("tökén-of-somebody", "cannot be read"),
    ],
)
def test_a_file_without_a_token_is_told_and_nobody_is_asked(
    box: Sandbox, vendor: Vendor, file: Path, text: str, told: str
) -> None:
    file.write_text(text)
    client = client_of(box.url, file)
    with pytest.raises(CredentialsError, match=told) as error:
        client.get("/things")
    client.close()
    assert str(file) in str(error.value)
    assert not vendor.events


def test_a_folder_that_cannot_be_written_spends_no_token(
    box: Sandbox, vendor: Vendor, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root may write anywhere, so the refusal is made."""
    client = client_of(box.url, file)

    def refuse(self: Path, target: Path) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(CredentialsError, match="cannot be rewritten"):
        client.get("/things")
    client.close()
    assert not vendor.events
    assert file.read_text() == "refresh-token-0\n"


def test_a_token_in_a_variable_is_refused() -> None:
    kept = Variable("KOERS_THING_TOKEN", "", secret=True, kept=True)
    with pytest.raises(CredentialsError, match="KOERS_THING_TOKEN_FILE name that file") as error:
        resolve([kept], {"KOERS_THING_TOKEN": "refresh-token-0"})
    assert "refresh-token-0" not in str(error.value)
    assert resolve([kept], {}).missing == ["KOERS_THING_TOKEN_FILE"]
    found = resolve([kept], {"KOERS_THING_TOKEN_FILE": "/etc/koers/token"})
    assert found["KOERS_THING_TOKEN"] == "/etc/koers/token"
