"""The next page is asked for while the records of this one are landed. Nothing else changes by it:
the order, where an error is told, what is asked for, and where a run that was killed goes on."""

from __future__ import annotations

import json
import signal
import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing
from pathlib import Path

import pytest

from connectors.core.api.auth import Header
from connectors.core.api.client import Client
from connectors.core.api.clock import Clock, SystemClock
from connectors.core.api.declare import JsonRecords, Listing
from connectors.core.api.messages import Request, Response
from connectors.core.api.pages import pages
from connectors.core.api.paging import Page, Token
from connectors.core.api.values import resolve
from connectors.core.errors import RefusedError, StoppedError, UnavailableError
from connectors.core.landing import Landing
from tests.api.pulling import Account, FakeClock, failures, loaded, serving, small_tables
from tests.zygote import forked

SOON = 20.0
"""Seconds until what should happen at once is given up."""
LIST = Listing(Request("/list"), JsonRecords("results"), Token("next", "after"))


def page(number: int, following: object = None) -> Response:
    body = {"results": [{"id": number}], "next": following}
    return Response(200, {"content-type": "application/json"}, json.dumps(body).encode())


class Pages:
    """A transport with a list of so many pages. `asked`: the number of each that was asked for;
    `come`: set when one was. at: what happens instead at a page."""

    def __init__(self, number: int, at: Mapping[int, Callable[[], Response]] | None = None) -> None:
        self.number, self.at = number, at or {}
        self.asked: list[int] = []
        self.come = threading.Event()

    def send(self, url: str, request: Request, headers: Mapping[str, str]) -> Response:
        number = int(request.params.get("after", "0"))
        self.asked.append(number)
        self.come.set()
        if number in self.at:
            return self.at[number]()
        return page(number, number + 1 if number + 1 < self.number else None)

    def close(self) -> None:
        pass


def made(transport: Pages, clock: Clock) -> Client:
    url, auth = "https://api.example.com", Header("X-Api-Key", "made up")
    values = resolve([], {})
    return Client("tool", url, transport=transport, auth=auth, values=values, clock=clock)


def read(
    transport: Pages,
    goes_on: Callable[[Page], bool] = lambda _: True,
    stop: threading.Event | None = None,
    client: Client | None = None,
) -> Generator[int]:
    """The numbers of the pages, as they are taken."""
    client = client or made(transport, FakeClock())
    stop = stop or threading.Event()
    with closing(pages(client, [LIST], (0, None), stop, goes_on)) as found:
        for _, _, each, _ in found:
            yield each.records[0]["id"]


def refuse() -> Response:
    return Response(400, {"content-type": "application/json"}, b"{}")


def test_the_next_page_is_asked_for_while_this_one_is_landed_and_no_other() -> None:
    transport = Pages(5)
    for number in read(transport):
        if number < 4:
            while len(transport.asked) < number + 2:
                assert transport.come.wait(SOON), "it is only asked for after this page"
                transport.come.clear()
        assert transport.asked == list(range(min(number + 2, 5)))
    assert transport.asked == [0, 1, 2, 3, 4]


def test_an_error_is_told_after_the_pages_before_it() -> None:
    transport = Pages(5, {2: refuse})
    taken: list[int] = []
    with pytest.raises(RefusedError, match="HTTP 400"):
        taken.extend(read(transport))
    assert taken == [0, 1]
    assert transport.asked == [0, 1, 2]


def test_who_does_not_go_on_asks_for_no_page_in_vain() -> None:
    transport = Pages(5)
    for number in read(transport, goes_on=lambda each: each.records[0]["id"] < 2):
        if number == 2:
            break
    assert transport.asked == [0, 1, 2]


def test_a_page_that_leads_back_is_not_asked_for_again() -> None:
    transport = Pages(5, {2: lambda: page(2, 1)})
    taken: list[int] = []
    with pytest.raises(UnavailableError, match="leads back to a page before"):
        taken.extend(read(transport))
    assert taken == [0, 1, 2]
    assert transport.asked == [0, 1, 2]


def test_a_run_that_is_ended_takes_no_page_that_was_read_ahead() -> None:
    transport, stop = Pages(5), threading.Event()
    found = read(transport, stop=stop)
    assert next(found) == 0
    stop.set()
    with pytest.raises(UnavailableError, match="the run was ended"):
        next(found)


def test_whoever_leaves_waits_for_the_page_that_is_under_way() -> None:
    left = threading.Event()

    def late() -> Response:
        assert not left.wait(0.2), "a request went on after its client may be closed"
        return page(1)

    found = read(Pages(3, {1: late}))
    assert next(found) == 0
    found.close()
    left.set()
    assert not [each for each in threading.enumerate() if each.name.startswith("ahead")]


def test_a_page_that_is_read_ahead_is_broken_off_with_the_run() -> None:
    """As when somebody ends a run while the vendor has it wait for five minutes."""
    busy = Response(503, {"content-type": "application/json", "retry-after": "300"}, b"{}")
    transport = Pages(5, {1: lambda: busy})
    client = made(transport, SystemClock())
    found = read(transport, client=client)
    assert next(found) == 0
    client.break_off()
    began = time.monotonic()
    with pytest.raises(StoppedError):
        next(found)
    assert time.monotonic() - began < SOON
    assert transport.asked == [0, 1]


@pytest.fixture
def hubspot(tmp_path: Path) -> Iterator[Account]:
    """Ten pages of contacts and more than one of archived ones after them."""
    with serving("hubspot", tmp_path, small_tables(1_000, 10)) as account:
        yield account


def asked(account: Account) -> list[str]:
    """The requests for pages of contacts so far."""
    return [each for each in account.box.calls if each.endswith("/objects/contacts")]


def test_loads_that_end_at_a_checkpoint_ask_for_each_page_once(hubspot: Account) -> None:
    whole = hubspot.pull("whole", streams=["contacts"])["contacts"]
    once = len(asked(hubspot))
    parts = hubspot.pull("parts", streams=["contacts"], checkpoint=300)["contacts"]
    assert len(asked(hubspot)) == 2 * once
    assert len(parts.loads) > 3
    # Each load counts the pages that it holds, none of the next load's.
    assert [load.requests for load in parts.loads][:3] == [3, 3, 3]
    assert sum(load.requests for load in parts.loads) == sum(load.requests for load in whole.loads)
    assert hubspot.state("parts") == hubspot.state("whole")


@pytest.mark.fault("B18")
def test_a_kill_with_a_page_read_ahead_asks_for_it_again(hubspot: Account) -> None:
    hubspot.pull("undisturbed", streams=["contacts"])
    given = {**hubspot.environment, "KOERS_HOME": str(hubspot.folder / "killed")}
    before = len(asked(hubspot))
    killed = forked(
        "tests.api.child", "hubspot", "contacts", "300", **given, KOERS_FAILPOINT="pull.page:5"
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    # Five pages were landed, three of them committed; the sixth may have been asked for.
    assert len(asked(hubspot)) - before in (5, 6)
    [load] = Landing(hubspot.folder / "killed" / "landing").manifests("hubspot", "contacts")
    assert (load.counts.loaded, load.position is None) == (300, False)
    resumed = hubspot.pull("killed", streams=["contacts"])
    assert not failures(resumed)
    assert loaded(resumed)["contacts"] == len(hubspot.state("undisturbed")["contacts"]) - 300
    assert hubspot.state("killed") == hubspot.state("undisturbed")
