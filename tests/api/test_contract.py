"""What every connector with an API must hold, found by its place: a new one is tested from its
first day, and has to bring a fake vendor."""

from __future__ import annotations

import datetime as dt
import json
import logging
import re
import signal
import subprocess
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from connectors.core.api.declare import Window
from connectors.core.errors import CredentialsError, SourceError
from pipelines.connecting import look
from pipelines.sandbox import Fault, serve, vendors
from pipelines.sandbox.faults import Kind
from pipelines.sandbox.server import App, Call, Reply
from pipelines.sandbox.tables import Tables
from pipelines.settings import Home
from tests.api.later import LATER
from tests.api.pulling import (
    CONNECTORS,
    Account,
    FakeClock,
    failures,
    loaded,
    serving,
    small_tables,
)
from tests.zygote import forked

every_connector = pytest.mark.parametrize("name", sorted(CONNECTORS))


@pytest.fixture
def account(name: str, tmp_path: Path) -> Iterator[Account]:
    with serving(name, tmp_path) as served:
        yield served


def test_contract_every_connector_has_a_fake_vendor() -> None:
    assert set(vendors()) == set(CONNECTORS)


@every_connector
@pytest.mark.parametrize("settings", ["as they come", "as tests need them"])
def test_contract_connect_looks_at_every_stream(
    account: Account, settings: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = account.vendor.environment(account.box.url)
    if settings == "as tests need them":
        given = account.environment
    for variable, value in given.items():
        monkeypatch.setenv(variable, value)
    found = list(
        look(account.connector, Home(account.folder), Window(None, dt.datetime.now(dt.UTC)))
    )
    assert not [line.text for line in found if line.is_wrong]
    said = "\n".join(line.text for line in found)
    for stream in account.connector.streams:
        assert (stream.pull is None) or re.search(rf"^  {stream.name} ", said, re.MULTILINE)
    assert not (account.folder / "landing").exists()


@pytest.mark.fault("B16")
@every_connector
def test_contract_counts_are_exact_and_a_second_read_is_equal(account: Account) -> None:
    first, second = account.pull("one"), account.pull("two")

    assert not failures(first)
    counts = account.account.counts()
    state = account.state("one")
    assert {name: len(records) for name, records in state.items()} == {
        name: counts[name][0] for name in state
    }
    for outcome in first.values():
        for load in outcome.loads:
            assert load.counts.read == load.counts.loaded + load.counts.duplicate
    assert account.state("two") == state
    assert loaded(first) == loaded(second)


@every_connector
def test_contract_a_pull_without_news_lands_nothing(account: Account) -> None:
    account.pull()
    assert loaded(account.pull()) == {}


@pytest.mark.fault("B17", "B21")
@every_connector
def test_contract_what_changes_and_goes_arrives_once(account: Account) -> None:
    told, longest = account.vendor.told, account.vendor.longest[0]
    account.pull(now=dt.datetime.now(dt.UTC) - LATER)
    # 150 at one moment: more than a page with one value of the cursor.
    account.account.change(longest, 150)
    if told is not None:
        account.account.remove(told, 3)
    second = account.pull()

    assert not failures(second)
    assert loaded(second)[longest] == 150 + (3 if told == longest else 0)
    if told is not None:
        assert len(account.state()[told]) == account.account.counts()[told][0]
    assert loaded(account.pull()) == {}


@pytest.mark.fault("B17", "B21")
@every_connector
def test_contract_a_sweep_finds_what_vanished_and_equals_a_first_read(account: Account) -> None:
    longest = account.vendor.longest[0]
    before = len(account.pull() and account.state()[longest])
    account.account.remove(longest, 7)
    account.account.change(longest, 7)
    swept = account.pull(later=dt.timedelta(days=8))

    assert not failures(swept)
    if not account.is_swept(longest):
        # What was counted once stays: the vendor keeps no history, or not for long.
        assert len(account.state()[longest]) == before
        return
    account.pull("fresh", later=dt.timedelta(days=8))
    assert account.state() == account.state("fresh")
    assert len(account.state()[longest]) == account.account.counts()[longest][0]


@pytest.mark.fault("B3", "B18")
@every_connector
def test_contract_a_failure_after_any_page_loses_and_doubles_nothing(account: Account) -> None:
    stream, path = account.vendor.longest
    account.pull("undisturbed", streams=[stream])
    pages = 0
    for after in range(1, 40):
        fault = account.box.faults.add(Fault("status", path, skip=after, times=6))
        broken = account.pull(f"after-{after}", streams=[stream], checkpoint=1)
        account.box.faults.clear()
        if not fault.hit:
            break
        pages += 1
        assert failures(broken), "six failures in a row are more than the client bears"
        assert {load.cursor_after for load in broken[stream].loads} <= {None}
        resumed = account.pull(f"after-{after}", streams=[stream], checkpoint=1)
        assert not failures(resumed)
        assert account.state(f"after-{after}")[stream] == account.state("undisturbed")[stream]
    assert pages >= 2


def child(
    account: Account, home: str, *arguments: str, **environment: str
) -> subprocess.CompletedProcess[bytes]:
    """A pull in a process of its own."""
    given = {**account.environment, "KOERS_HOME": str(account.folder / home), **environment}
    return forked("tests.api.child", account.connector.name, *arguments, **given)


@pytest.mark.fault("B18")
@every_connector
def test_contract_a_kill_after_a_page_loses_and_doubles_nothing(account: Account) -> None:
    stream = account.vendor.longest[0]
    account.pull("undisturbed", streams=[stream])
    for nth in (1, 2, 3):
        killed = child(account, f"kill-{nth}", stream, KOERS_FAILPOINT=f"pull.page:{nth}")
        assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
        assert not failures(account.pull(f"kill-{nth}", streams=[stream]))
        assert account.state(f"kill-{nth}")[stream] == account.state("undisturbed")[stream]


@pytest.mark.fault("B4", "G3")
@every_connector
def test_contract_bad_credentials_fail_at_once_and_are_not_told(account: Account) -> None:
    for variable in account.connector.api.variables:  # type: ignore[union-attr]
        if variable.secret and variable.name in account.environment:
            right = account.environment[variable.name]
            account.environment[variable.name] = "wrong-canary-5fd1"
            calls = len(account.box.calls)
            with pytest.raises(CredentialsError) as error:
                account.pull()
            assert len(account.box.calls) - calls <= 3
            assert "wrong-canary" not in str(error.value)
            assert account.connector.name in str(error.value)
            account.environment[variable.name] = right


@every_connector
def test_contract_a_number_that_is_none_is_named(account: Account) -> None:
    """Whoever fills in a variable wrongly reads which one, and nothing breaks."""
    numbers = [v.name for v in account.connector.api.variables if (v.default or "").isdigit()]  # type: ignore[union-attr]
    account.pull()
    for name in numbers:
        right = account.environment.get(name)
        account.environment[name] = "veel"
        told = []
        for home in ("home", f"first-{name}"):  # some are for the first pull, some for the next
            try:
                for each in account.pull(home).values():
                    told += [each.failed or "", each.left_out or ""]
            except CredentialsError as error:
                told.append(str(error))
        assert name in " ".join(told)
        if right is None:
            del account.environment[name]
        else:
            account.environment[name] = right


@pytest.mark.fault("B5")
@every_connector
def test_contract_a_token_that_expires_between_pages(account: Account) -> None:
    """A token that can be renewed is, once; one that cannot is told about, without a storm."""
    stream, path = account.vendor.longest
    account.pull("undisturbed", streams=[stream])
    fault = account.box.faults.add(Fault("expired_token", path, skip=2))
    first = account.pull(streams=[stream])
    assert fault.hit == 1
    if failures(first):
        assert "credentials" in failures(first)[stream]
        assert not failures(account.pull(streams=[stream]))
    assert account.state()[stream] == account.state("undisturbed")[stream]


BEARABLE: dict[str, Fault] = {
    "429 with a hint": Fault("status", status=429, hint="7", times=3),
    "429 without a hint": Fault("status", status=429, times=3),
    "a server error": Fault("status", status=503, times=3),
    "a gateway's page": Fault("status", status=502, body="<html>", times=3),
    "a log-in page": Fault("html", times=2),
    "a cut body": Fault("cut", times=2),
    "a body shorter than told": Fault("truncated", times=2),
    "a length shorter than the body": Fault("short_length", times=2),
    "an expired page token": Fault("expired_page", skip=1),
}


@pytest.mark.fault("B1", "B2", "B3", "B7", "B10", "B11", "B12")
@every_connector
@pytest.mark.parametrize("fault", BEARABLE, ids=lambda each: each.replace(" ", "_"))
def test_contract_a_passing_fault_changes_nothing(account: Account, fault: str) -> None:
    stream, path = account.vendor.longest
    account.pull("undisturbed", streams=[stream])
    like = BEARABLE[fault]
    account.lacks(like.kind)
    skip = max(like.skip, 1)
    ordered = Fault(like.kind, path, skip, like.times, like.status, like.body, like.hint)
    account.box.faults.add(ordered)
    clock = FakeClock()
    outcome = account.pull(streams=[stream], clock=clock)

    assert ordered.hit == like.times, "the fault did happen"
    assert not failures(outcome)
    if like.hint:
        assert clock.slept.count(float(like.hint)) == like.times
    assert account.state()[stream] == account.state("undisturbed")[stream]


MOVING: tuple[Kind, ...] = ("repeat", "shift")


@pytest.mark.fault("B16", "B17")
@every_connector
@pytest.mark.parametrize("kind", MOVING)
def test_contract_pages_that_move_or_repeat_end_in_the_same(account: Account, kind: Kind) -> None:
    account.lacks(kind)
    stream, path = account.vendor.longest
    fault = account.box.faults.add(Fault(kind, path, skip=1, times=2))
    # This stream alone: the page that a fake repeats must not be one of another stream.
    account.pull(streams=[stream])
    assert fault.hit
    account.box.faults.clear()
    account.pull()
    account.pull(later=dt.timedelta(days=8))
    account.pull("fresh", later=dt.timedelta(days=8))
    state, fresh = account.state(), account.state("fresh")
    for name in state:
        if account.is_swept(name):
            assert state[name] == fresh[name]
        else:
            assert fresh[name].items() <= state[name].items()


class Reshaped:
    """The fake vendor, each object of whose answers is changed, to requests whose path contains
    `path`. `changed`: how many were."""

    def __init__(
        self, app: App, shape: Callable[[dict[str, Any]], dict[str, Any]], path: str
    ) -> None:
        self.app, self.shape, self.path, self.changed = app, shape, path, 0

    def handle(self, call: Call, fault: Fault | None) -> Reply:
        reply = self.app.handle(call, fault)
        if isinstance(reply.body, bytes) or self.path not in call.path:
            return reply
        return Reply(self._changed(reply.body), reply.status, reply.headers)

    def _changed(self, content: Any) -> Any:
        if isinstance(content, list):
            return [self._changed(each) for each in content]
        if not isinstance(content, dict):
            return content
        inner = {name: self._changed(each) for name, each in content.items()}
        found = self.shape(inner)
        self.changed += found != inner
        return found


def usual(account: Account) -> list[str]:
    """The names, in the answers, of fields that every record of the longest stream has."""
    stream = account.connector.stream(account.vendor.longest[0])
    records = [json.loads(record) for record in account.state()[stream.name].values()]
    plain = [f for f in stream.fields if f.name not in (*stream.key, stream.updated_at)]
    return [
        field.path.rpartition(".")[2]
        for field in plain
        if field.path and field.name != stream.activity and "{" not in field.path
        if all(record[field.name] is not None for record in records)
    ]


@pytest.mark.fault("B20")
@every_connector
def test_contract_a_new_field_changes_nothing(account: Account) -> None:
    longest = account.vendor.longest[0]
    account.pull("undisturbed", streams=[longest])
    stream = account.connector.stream(longest)
    leaves = {field.path.rpartition(".")[2] for field in stream.fields}
    account.box.app = new = Reshaped(
        account.account,
        # Of a report by day the outermost object holds days, and no record.
        lambda each: {**each, "koers_new": {"a": 1}} if leaves & each.keys() else each,
        account.vendor.longest[1],
    )
    assert not failures(account.pull(streams=[longest]))
    if not new.changed:
        pytest.skip("its answers do not name the fields: it is asked for them by name")
    assert account.state()[longest] == account.state("undisturbed")[longest]


RESHAPES: dict[str, Callable[[str, dict[str, Any]], dict[str, Any]]] = {
    "renamed": lambda leaf, each: {f"{n}_2" if n == leaf else n: v for n, v in each.items()},
    "removed": lambda leaf, each: {n: v for n, v in each.items() if n != leaf},
}


@pytest.mark.fault("B20")
@every_connector
@pytest.mark.parametrize("how", RESHAPES)
def test_contract_a_field_that_is_gone_is_held_back(account: Account, how: str) -> None:
    """Else it would be empty from that day on, and the KPIs with it."""
    longest = account.vendor.longest[0]
    account.pull(streams=[longest], now=dt.datetime.now(dt.UTC) - LATER)
    for leaf in usual(account):
        account.account.change(longest, 40)
        before = account.state()[longest]
        app = Reshaped(account.account, partial(RESHAPES[how], leaf), account.vendor.longest[1])
        account.box.app = app
        told = failures(account.pull(streams=[longest]))
        if app.changed:
            break
    else:
        pytest.skip("its answers do not name the fields: it is asked for them by name")
    assert told, f"{leaf} is gone, and nothing is said"
    assert account.state()[longest] == before
    account.box.app = account.account
    assert not failures(account.pull(streams=[longest]))


class Hostile:
    """Another host, which nobody should talk to."""

    def handle(self, call: Call, fault: Fault | None) -> Reply:
        return Reply({})


@pytest.mark.fault("G1")
@every_connector
@pytest.mark.parametrize("kind", ["foreign_link", "redirect"])
def test_contract_another_host_gets_no_byte(account: Account, kind: Kind) -> None:
    with serve(Hostile()) as hostile:
        link = f"{hostile.url}/next?x=1"
        for path in (account.vendor.longest[1], "/query"):
            account.box.faults.add(Fault(kind, path, times=50, link=link))
        try:
            told = " ".join(failures(account.pull()).values())
        except SourceError as error:  # where the account is asked for at the same address
            told = str(error)
        assert hostile.saw == []
    if kind == "redirect":
        assert "redirect" in told


@pytest.mark.fault("G3")
@every_connector
def test_contract_secrets_are_nowhere(account: Account, caplog: pytest.LogCaptureFixture) -> None:
    secrets = [
        account.environment[variable.name].encode()
        for variable in account.connector.api.variables  # type: ignore[union-attr]
        if variable.secret and variable.name in account.environment
    ]
    assert secrets
    path = account.vendor.longest[1]
    told = []
    with caplog.at_level(logging.DEBUG):
        for status in (0, 400, 401, 403, 404, 500):
            if status:
                body = b'{"message": "no: ' + secrets[0] + b'"}'
                fault = Fault("status", path, times=9, status=status, body=body.decode())
                account.box.faults.add(fault)
            try:
                told += failures(account.pull(checkpoint=1)).values()
            except SourceError as error:
                told.append(str(error))
            account.box.faults.clear()
    # The vendor itself must have seen them, or this test proves nothing.
    assert "secrets" in account.vendor.lacks or any(
        secret in each for secret in secrets for each in account.box.saw
    )
    written = [file.read_bytes() for file in account.folder.rglob("*") if file.is_file()]
    assert written
    everywhere = [*written, caplog.text.encode(), *(text.encode() for text in told)]
    assert not [secret for secret in secrets for text in everywhere if secret in text]


@pytest.mark.fault("D3")
@every_connector
def test_contract_a_cursor_from_the_future_skips_nothing(account: Account) -> None:
    account.lacks("future")
    longest = account.vendor.longest[0]
    account.pull(now=dt.datetime(2999, 12, 31, tzinfo=dt.UTC), streams=[longest])
    account.account.change(longest, 5)
    assert loaded(account.pull(streams=[longest]))[longest] == 5


@pytest.mark.fault("B24")
@every_connector
def test_contract_an_empty_account_is_no_failure(name: str, tmp_path: Path) -> None:
    with serving(name, tmp_path, Tables()) as account:
        outcomes = account.pull()
        assert not failures(outcomes)
        assert not account.state()[account.vendor.longest[0]]


@every_connector
def test_contract_memory_does_not_grow_with_the_records(name: str, tmp_path: Path) -> None:
    many = vendors()[name].many
    if many is None:
        pytest.skip(vendors()[name].lacks["many"])
    peaks = []
    for number in (3_000, 9_000):
        found = many(small_tables(contacts=1_000, others=10), number)
        with serving(name, tmp_path / str(number), found) as account:
            stream = account.vendor.longest[0]
            done = child(account, "home", stream, "--peak")
            assert done.returncode == 0, done.stderr.decode()
            peaks.append(int(done.stdout))
            assert len(account.state()[stream]) == number
    assert peaks[1] < 1.5 * peaks[0]


@pytest.mark.fault("B25")
@every_connector
def test_contract_another_account_is_refused(name: str, tmp_path: Path) -> None:
    """A sandbox and production in one history would count everything twice."""
    with serving(name, tmp_path) as account:
        account.lacks("account")
        account.pull(streams=[account.vendor.longest[0]])
        pinned = account.vendor.pinned
        mine = getattr(account.account, pinned)
        setattr(account.account, pinned, type(mine)("99"))
        with pytest.raises(SourceError, match="account"):
            account.pull()
