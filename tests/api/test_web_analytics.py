"""What is particular to Matomo, Plausible and Google Analytics 4: where secrets go, what an answer
must hold to be one, and what their own words mean."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connectors import ga4, matomo, plausible
from connectors.core.api.account import open_account
from connectors.core.api.days import Days
from connectors.core.api.messages import MalformedError, Request, Response
from connectors.core.api.paging import Page
from connectors.core.errors import CredentialsError, SourceError
from pipelines.sandbox import Fault, serve, vendors
from pipelines.sandbox.ga4 import document
from pipelines.sandbox.server import Call, Reply
from tests.api.pulling import Account, FakeClock, failures, serving

DAYS = Days(dt.date(2026, 5, 1), dt.date(2026, 5, 2))


def answer(content: Any, status: int = 200) -> Response:
    body = json.dumps(content).encode()
    return Response(status, {"content-type": "application/json"}, body)


@pytest.fixture
def account(name: str, tmp_path: Path) -> Iterator[Account]:
    with serving(name, tmp_path) as served:
        yield served


@pytest.mark.parametrize("name", ["ga4", "matomo", "plausible"])
def test_what_a_day_no_longer_holds_is_gone(account: Account) -> None:
    """Visits that turn out to be of another campaign leave a row that nobody reads again."""
    account.pull()
    before = {stream: len(rows) for stream, rows in account.state().items()}
    account.account.forget_newest("visits", 20)
    account.account.remove("visits", 5)
    found = account.pull()

    assert not failures(found)
    assert [load.missing for load in found["visits"].loads] == [20]
    assert not found["conversions"].loads or not found["conversions"].loads[0].missing
    after = {stream: len(rows) for stream, rows in account.state().items()}
    assert after == {**before, "visits": before["visits"] - 20}
    assert [load.counts.loaded for load in account.pull()["visits"].loads] == []


@pytest.mark.fault("B24")
@pytest.mark.parametrize("name", ["matomo"])
def test_days_that_lose_most_of_their_rows_are_not_believed(account: Account) -> None:
    account.pull()
    before = account.state()
    account.account.forget_newest("visits", 150)
    assert "accept_shrink" in failures(account.pull())["visits"]
    assert account.state() == before
    assert not failures(account.pull(believed=True))
    assert len(account.state()["visits"]) == len(before["visits"]) - 150


class Tokens:
    """A token endpoint at an address of its own, in front of the account's."""

    def __init__(self, account: Any, audience: list[str]) -> None:
        self.account, self.audience = account, audience

    def handle(self, call: Call, fault: Fault | None) -> Reply:
        moved = Call(call.method, call.path, {}, call.headers, call.body, self.audience[0])
        reply: Reply = self.account.handle(moved, fault)
        return reply


@pytest.mark.parametrize("name", ["ga4"])
def test_a_token_comes_from_its_own_origin_and_goes_only_to_the_api(account: Account) -> None:
    audience: list[str] = []
    with serve(Tokens(account.account, audience)) as tokens, serve(Tokens(None, [])) as other:
        audience.append(tokens.url)
        account.environment["KOERS_GA4_TOKEN_URL"] = f"{tokens.url}/token"
        credentials = json.loads(account.environment["KOERS_GA4_CREDENTIALS"])
        credentials["token_uri"] = f"{other.url}/token"
        account.environment["KOERS_GA4_CREDENTIALS"] = json.dumps(credentials)

        assert not failures(account.pull())

        assert set(tokens.calls) == {"POST /token"}
        assert "POST /token" not in account.box.calls
        assert other.saw == []
    token, assertion = b"sandbox-ga4-token-", b"assertion="
    assert any(token in each for each in account.box.saw)
    assert not any(token in each for each in tokens.saw)
    assert not any(assertion in each for each in account.box.saw)
    part = credentials["private_key"].splitlines()[3].encode()
    assert not any(part in each for each in (*account.box.saw, *tokens.saw))
    written = b"".join(f.read_bytes() for f in account.folder.rglob("*") if f.is_file())
    assert written
    assert token not in written
    assert part not in written


@pytest.mark.parametrize("name", ["ga4"])
def test_the_address_of_tokens_gets_nothing_else(account: Account) -> None:
    """Not even where an answer leads to it."""
    with serve(Tokens(None, [])) as tokens:
        account.environment["KOERS_GA4_TOKEN_URL"] = f"{tokens.url}/token"
        with (
            open_account(ga4.CONNECTOR, environment=account.environment) as opened,
            pytest.raises(SourceError, match="nothing was sent there"),
        ):
            opened.client.send(Request(f"{tokens.url}/token"))
        assert tokens.saw == []


@pytest.mark.parametrize(
    "text",
    [
        '{"private_key"',
        "[1, 2, 3]",
        '"secret-canary"',
        '{"client_email": "a@b.example", "private_key": "secret-canary"}',
        '{"client_email": "a@b.example", "private_key": 7}',
        '{"private_key": "secret-canary"}',
    ],
)
def test_what_is_no_key_is_told_without_it(text: str) -> None:
    environment = {**vendors()["ga4"].environment("http://127.0.0.1:9"), ga4.CREDENTIALS: text}
    with (
        pytest.raises(CredentialsError, match="ga4") as error,
        open_account(ga4.CONNECTOR, environment=environment),
    ):
        pass
    assert "canary" not in str(error.value)


def test_a_key_may_be_a_file_of_several_lines(tmp_path: Path) -> None:
    file = tmp_path / "key.json"
    file.write_text(json.dumps(json.loads(document()), indent=2), encoding="utf-8")
    environment = vendors()["ga4"].environment("http://127.0.0.1:9")
    del environment[ga4.CREDENTIALS]
    environment[f"{ga4.CREDENTIALS}_FILE"] = str(file)
    with open_account(ga4.CONNECTOR, environment=environment) as opened:
        assert "\n" in opened.values[ga4.CREDENTIALS]


@pytest.mark.parametrize("name", ["ga4"])
def test_a_quota_that_is_used_up_ends_the_pull_until_the_next(account: Account) -> None:
    body = json.dumps({"error": {"code": 429, "message": "no", "status": "RESOURCE_EXHAUSTED"}})
    fault = Fault("status", ":runReport", skip=3, times=99, status=429, body=body)
    account.box.faults.add(fault)
    clock = FakeClock()
    told = failures(account.pull(clock=clock, streams=["visits"], checkpoint=1))
    assert "quota" in told["visits"]
    assert fault.hit == 1
    assert not clock.slept
    account.box.faults.clear()
    assert not failures(account.pull(streams=["visits"]))
    assert len(account.state()["visits"]) == account.account.counts()["visits"][0]


@pytest.mark.parametrize("name", ["matomo"])
def test_the_token_of_matomo_is_in_forms_only(account: Account) -> None:
    account.pull(checkpoint=1)
    token = account.environment[matomo.TOKEN].encode()
    for each in account.box.saw:
        head, _, body = each.partition(b"\r\n\r\n")
        assert token not in head
        assert body == b"token_auth=" + token


@pytest.mark.fault("B13")
@pytest.mark.parametrize("name", ["matomo"])
def test_a_mistake_with_status_200_is_told_in_the_vendors_words(account: Account) -> None:
    content = {"result": "error", "message": "The segment 'referrerName' is not supported."}
    account.box.faults.add(
        Fault("status", "/index.php", skip=1, times=9, status=200, body=json.dumps(content))
    )
    told = failures(account.pull(streams=["visits"]))
    assert "is not supported" in told["visits"]


@pytest.mark.parametrize(
    ("message", "outcome"),
    [
        ("You can't access this resource as it requires 'view' access.", "denied"),
        ("Unable to authenticate with the provided token.", "denied"),
        ("The plugin is not enabled.", "refused"),
    ],
)
def test_what_matomo_means(message: str, outcome: str) -> None:
    verdict = matomo._judge(answer({"result": "error", "message": message}))
    assert verdict is not None
    assert verdict.outcome == outcome
    assert matomo._judge(answer({"2026-05-01": [{"label": '"error"'}]})) is None


@pytest.mark.fault("B12")
@pytest.mark.parametrize(
    "content",
    [
        [],
        {"2026-05-01": []},
        {"2026-05-01": [], "2026-05-02": [], "2026-05-03": []},
        {"2026-05-01": [], "2026-05-02": {}},
        {"2026-05-01": [], "2026-05-02": [{"entry_nb_visits": 1}]},
        {"2026-05-01": [], "2026-05-02": ["x"]},
    ],
)
def test_a_report_of_other_days_or_shapes_is_none(content: Any) -> None:
    with pytest.raises(MalformedError):
        matomo._ByDay(DAYS, {}).of(answer(content))


def test_a_day_without_visits_is_an_empty_list() -> None:
    content = {"2026-05-01": [], "2026-05-02": [{"label": "/", "entry_nb_visits": 3}]}
    _, records = matomo._ByDay(DAYS, {"campaign": "c"}).of(answer(content))
    assert records == [{"label": "/", "entry_nb_visits": 3, "campaign": "c", "date": "2026-05-02"}]


def test_goals_of_a_row() -> None:
    row = {
        "label": "zon",
        "kind": matomo.CAMPAIGNS,
        "date": "2026-05-02",
        "goals": {
            "idgoal=1": {"nb_conversions": 4},
            "idgoal=2": [],
            "idgoal=ecommerceAbandonedCart": {"nb_conversions": 9},
        },
    }
    [found] = matomo._by_goal([row, {"label": "no goals"}], {"1": "Offerte"})
    assert found["goal"] == "Offerte"
    assert (found["campaign"], found["conversions"]) == ("zon", 4)
    assert matomo._names({"1": {"idgoal": "1", "name": "Offerte"}}) == {"1": "Offerte"}


PLAUSIBLE = plausible._Rows(("day", "page"), ("visits",), DAYS)


@pytest.mark.fault("B12")
@pytest.mark.parametrize(
    "content",
    [
        {},
        {"results": [{"metrics": [1]}]},
        {"results": [{"metrics": [1], "dimensions": ["2026-05-01"]}]},
        {"results": [{"metrics": [1, 2], "dimensions": ["2026-05-01", "/"]}]},
        {"results": [{"metrics": [1], "dimensions": ["2026-06-01", "/"]}]},
        {"results": ["x"]},
    ],
)
def test_rows_that_do_not_fit_the_question_are_none(content: Any) -> None:
    with pytest.raises(MalformedError):
        PLAUSIBLE.of(answer(content))


@pytest.mark.fault("B19")
@pytest.mark.parametrize(
    ("meta", "read", "offset"),
    [({"total_rows": 5}, 2, 2), ({"total_rows": 2}, 2, None), ({}, 2, 2), ({}, 1, None)],
)
def test_plausible_goes_on_until_all_rows_are_there(
    meta: dict[str, int], read: int, offset: int | None
) -> None:
    request = Request("/q", method="POST", json={"pagination": {"limit": 2, "offset": 0}})
    following = plausible._Offset().next(request, Page(answer({}), {"meta": meta}, [{}] * read))
    assert (following and following.json["pagination"]["offset"]) == offset


REPORT = ga4._Report({"date": "day", "landingPage": "page", "sessions": "visits"}, DAYS)
HEADERS = {
    "dimensionHeaders": [{"name": "date"}, {"name": "landingPage"}],
    "metricHeaders": [{"name": "sessions"}],
}


def report(*rows: tuple[str, str, str], **more: Any) -> dict[str, Any]:
    cells = [
        {"dimensionValues": [{"value": d}, {"value": p}], "metricValues": [{"value": n}]}
        for d, p, n in rows
    ]
    return {**HEADERS, "rows": cells, "rowCount": len(rows), **more}


def test_a_report_of_google() -> None:
    told = {"timeZone": "Europe/Amsterdam", "subjectToThresholding": True, "samplingMetadatas": []}
    rows = (("20260501", "/", "3"), ("(other)", "(other)", "9"))
    _, found = REPORT.of(answer(report(*rows, metadata=told)))
    assert [each["day"] for each in found] == ["2026-05-01", "(other)"]
    assert {each["warning"] for each in found} == {"subjectToThresholding"}
    assert REPORT.of(answer({"metadata": told}))[1] == []


@pytest.mark.parametrize(
    "content",
    [
        [],
        {"rows": "x"},
        report(("20260601", "/", "1")),
        {**report(("20260501", "/", "1")), "metricHeaders": [{"name": "totalUsers"}]},
        {**HEADERS, "rows": [{"dimensionValues": [], "metricValues": []}]},
        {**HEADERS, "rows": ["x"]},
    ],
)
def test_a_report_that_is_none(content: Any) -> None:
    with pytest.raises(MalformedError):
        REPORT.of(answer(content))


@pytest.mark.fault("B19")
@pytest.mark.parametrize(
    ("count", "read", "offset"), [(5, 2, "2"), (2, 2, None), (None, 2, "2"), (None, 1, None)]
)
def test_google_goes_on_until_all_rows_are_there(
    count: int | None, read: int, offset: str | None
) -> None:
    request = Request("/r", method="POST", json={"limit": "2", "offset": "0"})
    content = {} if count is None else {"rowCount": count}
    following = ga4._Offset().next(request, Page(answer(content), content, [{}] * read))
    assert (following and following.json["offset"]) == offset


def test_what_google_means() -> None:
    spent = ga4._judge(answer({"error": {"status": "RESOURCE_EXHAUSTED"}}, 429))
    assert spent is not None
    assert spent.outcome == "spent"
    assert ga4._judge(answer({"error": {"status": "ABORTED"}}, 429)) is None
    assert ga4._judge(answer({})) is None
