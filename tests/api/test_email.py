"""What the e-mail tools do that no other does."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from connectors.core.api.auth import Signed, signature
from connectors.core.api.messages import Request, Response
from connectors.core.api.names import in_brackets
from connectors.core.errors import SourceError
from connectors.getresponse import CONNECTOR as GETRESPONSE
from connectors.kit import sizes_at_end
from pipelines.sandbox.tables import Tables
from tests.api.pulling import failures, serving, small_tables

KEPT = "kd94hf93k423kf44"


def test_signatures_are_those_of_rfc_5849() -> None:
    """Two examples of its section 1.2, and a request of a consumer alone as oauthlib signs it."""
    common = {
        "oauth_consumer_key": "dpf43f3p2l4k3l03",
        "oauth_signature_method": "HMAC-SHA1",
    }
    for_token = {
        **common,
        "oauth_token": "hh5s93j4hdidpola",
        "oauth_timestamp": "137131201",
        "oauth_nonce": "walatlh",
        "oauth_verifier": "hfdp7dh39dks9884",
    }
    url = "https://photos.example.net/token"
    found = signature("POST", url, for_token, KEPT, "hdhd0244k9j7ao03")
    assert found == "gKgrFCywp7rO0OXSjdot/IHF7IU="

    with_query = {
        **common,
        "oauth_token": "nnch734d00sl2jdk",
        "oauth_timestamp": "137131202",
        "oauth_nonce": "chapoH",
    }
    url = "http://photos.example.net/photos?file=vacation.jpg&size=original"
    found = signature("GET", url, with_query, KEPT, "pfkkdhi9sl3r4s00")
    assert found == "MdpQcU8iPSUjWoN/UDMsK2sui9I="

    alone = {
        **common,
        "oauth_timestamp": "137131200",
        "oauth_nonce": "wIjqoxSzhJ",
        "oauth_version": "1.0",
    }
    url = "https://restapi.example.net:8443/mailing?fromDate=2026-03-01T00%3A00%3A00&name=a%20b%2Bc"
    assert signature("GET", url, alone, KEPT) == "TqlyuVm382URdNNx7hu+uu0YJew="


def test_each_request_is_signed_anew_and_holds_no_secret() -> None:
    auth = Signed("the-key", "the-secret")

    def send(request: Request, headers: object) -> Response:
        raise AssertionError("nothing is fetched")

    first, second = (auth.headers(send, Request("/x"), "https://a.example/x") for _ in range(2))
    assert first != second
    assert "the-key" in first["Authorization"]
    assert "the-secret" not in first["Authorization"]


@pytest.mark.parametrize(
    ("name", "project"),
    [("Lente-actie [zon-op-dak]", "zon-op-dak"), ("Lente-actie", None), ("[]", None), (7, None)],
)
def test_a_project_stands_between_brackets(name: object, project: str | None) -> None:
    assert in_brackets(name) == project


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "432 seconds"}, 432.0),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "9", "retry-after": "20"}, 20.0),
        ({"x-ratelimit-remaining": "5", "x-ratelimit-reset": "432 seconds"}, None),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "soon"}, None),
    ],
)
def test_getresponse_says_in_words_how_long_to_wait(
    headers: dict[str, str], wait: float | None
) -> None:
    assert GETRESPONSE.api is not None
    verdict = GETRESPONSE.api.judge(Response(429, headers, b""))
    assert (verdict.wait if verdict else None) == wait


def _days(*told: tuple[int, int]) -> list[dict[str, int]]:
    return [{"subscribers": size, "net_new_subscribers": grew} for size, grew in told]


@pytest.mark.parametrize(
    "told",
    [
        _days((100, 4), (103, 3), (101, -2), (106, 5)),  # at the end of each day
        _days((106, 4), (106, 3), (106, -2), (106, 5)),  # now
    ],
)
def test_kit_sizes_are_those_at_the_end_of_each_day(told: list[dict[str, int]]) -> None:
    assert [each["subscribers"] for each in sizes_at_end(told)] == [100, 103, 101, 106]


def test_kit_sizes_that_are_no_numbers_stay() -> None:
    told = [{"subscribers": None}, {"subscribers": "7", "net_new_subscribers": 1}]
    assert sizes_at_end(told) == told


def test_kit_without_the_list_of_statistics_asks_one_by_one(tmp_path: Path) -> None:
    tables = small_tables(others=60)
    states = []
    for is_pro, home in ((True, "pro"), (False, "plain")):
        with serving("kit", tmp_path / home, tables, is_pro=is_pro) as account:
            assert not failures(account.pull(streams=["mailings"]))
            states.append(account.state()["mailings"])
            asked = sum(call.endswith("/stats") for call in account.box.calls)
            assert asked == (1 if is_pro else 1 + 60)
    assert states[0] == states[1]


def test_a_page_that_takes_many_requests_says_how_many_so_far(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectors.core.api.pull.SECONDS_OF_SILENCE", 0.0)
    said: list[str] = []
    with serving("kit", tmp_path) as account:
        account.pull(streams=["list_sizes"], progress=said.append)
    assert "kit.list_sizes: 3 requests so far" in said
    assert said[-1].startswith("kit.list_sizes: ")
    assert said[-1].endswith(" records in 1 pages")


def test_kit_that_counts_subscribers_now_gives_the_same_sizes(tmp_path: Path) -> None:
    """The sample's last day is recent here, so that the days asked for tell of growth."""
    shift = dt.datetime.now(dt.UTC).date() - dt.timedelta(days=1) - dt.date(2026, 3, 31)
    rows = [
        {**row, "snapshot_date": row["snapshot_date"] + shift} for row in small_tables().list_sizes
    ]
    states = []
    for counts_now in (False, True):
        made = {"counts_now": counts_now}
        with serving("kit", tmp_path / str(counts_now), Tables(list_sizes=rows), **made) as account:
            assert not failures(account.pull(streams=["list_sizes"]))
            states.append(account.state()["list_sizes"])
    assert states[0] == states[1]
    assert len(states[0]) > 50


def test_spotler_lands_interactions_only_when_asked_and_contacts_as_hmac(tmp_path: Path) -> None:
    with serving("spotler", tmp_path, small_tables(others=20)) as account:
        account.pull()
        landed = account.state()["interactions"]
        assert len(landed) == 80
        assert not [record for record in landed.values() if "contact-" in record]
        account.environment["KOERS_SPOTLER_INTERACTIONS"] = "no"
        account.pull("without")
        assert account.state("without")["interactions"] == {}
        assert len(account.state("without")["mailings"]) == 20


@pytest.mark.fault("B25")
def test_spotler_refuses_an_account_of_another_name(tmp_path: Path) -> None:
    with serving("spotler", tmp_path, small_tables(others=20)) as account:
        account.pull()
        account.environment["KOERS_SPOTLER_ACCOUNT"] = "sandbox"
        with pytest.raises(SourceError, match="account sandbox"):
            account.pull()
