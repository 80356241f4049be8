"""How the client asks again, waits, gives up, and what it says then; time is made up."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.core.api.auth import Auth, Header, OAuth
from connectors.core.api.client import ATTEMPTS, PATIENCE_SECONDS, Client, Judge, Verdict
from connectors.core.api.limits import Limit, RateLimiter, backoff, retry_after
from connectors.core.api.messages import MalformedError, Request, Response
from connectors.core.api.transport import BrokenExchangeError
from connectors.core.api.values import Values, Variable, resolve
from connectors.core.errors import (
    CredentialsError,
    ExpiredError,
    LimitedError,
    RefusedError,
    SourceError,
    UnavailableError,
)
from tests.api.pulling import FakeClock

Answer = Response | Exception


def answer(status: int = 200, body: bytes = b'{"results": []}', **headers: str) -> Response:
    given = {"content-type": "application/json", **headers}
    return Response(status, {name.replace("_", "-"): text for name, text in given.items()}, body)


class Scripted:
    """A transport that answers as it is told, the last answer again and again."""

    def __init__(self, clock: FakeClock, *answers: Answer) -> None:
        self.clock, self.answers = clock, list(answers)
        self.sent: list[tuple[float, str, Mapping[str, str]]] = []

    def send(self, url: str, request: Request, headers: Mapping[str, str]) -> Response:
        self.sent.append((self.clock.monotonic(), url, dict(headers)))
        found = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(found, Exception):
            raise found
        return found

    def close(self) -> None:
        pass


SECRET = Variable("KEY", "the key", secret=True)


def client(
    *answers: Answer,
    limits: tuple[Limit, ...] = (),
    judge: Judge = lambda _: None,
    auth: Callable[[FakeClock, Values], Auth] | None = None,
) -> tuple[Client, Scripted, FakeClock]:
    clock = FakeClock()
    transport = Scripted(clock, *answers)
    values = resolve([SECRET], {"KEY": "s3cret/key+"})
    chosen = auth(clock, values) if auth else Header("X-Api-Key", values["KEY"])
    made = Client(
        "tool",
        "https://api.example.com",
        transport=transport,
        auth=chosen,
        values=values,
        limits=limits,
        judge=judge,
        clock=clock,
    )
    return made, transport, clock


@pytest.mark.fault("B3")
@pytest.mark.parametrize("failures", range(ATTEMPTS + 1))
@pytest.mark.parametrize("status", [500, 502, 503, 504, 408])
def test_what_may_pass_is_asked_again_within_bounds(failures: int, status: int) -> None:
    made, transport, _ = client(*[answer(status)] * failures, answer())
    if failures < ATTEMPTS:
        assert made.send(Request("/x")).status == 200
        assert len(transport.sent) == failures + 1
        assert made.retries == failures
    else:
        with pytest.raises(UnavailableError, match=f"HTTP {status}; asked {ATTEMPTS} times"):
            made.send(Request("/x"))
        assert len(transport.sent) == ATTEMPTS


@pytest.mark.fault("B4")
@pytest.mark.parametrize(
    ("status", "error"),
    [(400, RefusedError), (404, RefusedError), (403, CredentialsError), (410, ExpiredError)],
)
def test_what_is_final_is_not_asked_again(status: int, error: type[SourceError]) -> None:
    made, transport, _ = client(answer(status, b'{"message": "no such thing"}'))
    with pytest.raises(error, match=r"tool: GET /x: .*no such thing"):
        made.send(Request("/x"))
    assert len(transport.sent) == 1


@pytest.mark.fault("B1")
def test_a_hint_is_kept_to_and_an_absurd_one_ends_the_pull() -> None:
    made, transport, _ = client(answer(429, retry_after="17"), answer())
    made.send(Request("/x"))
    assert transport.sent[1][0] - transport.sent[0][0] == pytest.approx(17)

    made, transport, _ = client(answer(429, retry_after="Tue, 24 Nov 2026 00:17:10 GMT"), answer())
    made.send(Request("/x"))
    assert transport.sent[1][0] - transport.sent[0][0] == pytest.approx(30)

    for useless in ("-3", "0", "Tue, 24 Nov 2020 00:00:00 GMT", "soon"):
        made, transport, clock = client(answer(429, retry_after=useless))
        with pytest.raises(LimitedError):
            made.send(Request("/x"))
        assert len(transport.sent) == ATTEMPTS
        assert min(clock.slept) >= 0.1, "asking at once, again and again, is a storm"

    made, transport, clock = client(answer(429, retry_after="86400"))
    with pytest.raises(LimitedError, match="86,400 s more"):
        made.send(Request("/x"))
    assert len(transport.sent) == 1
    assert sum(clock.slept) == 0


@pytest.mark.fault("B2")
def test_a_storm_of_429_ends_in_bounded_time() -> None:
    made, transport, clock = client(answer(429))
    with pytest.raises(LimitedError):
        made.send(Request("/x"))
    assert len(transport.sent) == ATTEMPTS
    assert sum(clock.slept) <= PATIENCE_SECONDS


def test_a_spent_budget_is_not_asked_again() -> None:
    made, transport, _ = client(answer(429), judge=lambda _: Verdict("spent", "today is over"))
    with pytest.raises(LimitedError, match="today is over"):
        made.send(Request("/x"))
    assert len(transport.sent) == 1


@pytest.mark.fault("B10", "B12")
@pytest.mark.parametrize(
    "wrong",
    [
        answer(200, b"<html>Log in</html>", content_type="text/html"),
        answer(200, b'{"results": ['),
        answer(200, b"{}"),
        BrokenExchangeError("the connection broke off"),
    ],
)
def test_an_answer_that_is_not_whole_is_asked_again(wrong: Answer) -> None:
    def check(found: Response) -> None:
        if "results" not in found.json():
            raise MalformedError("has no list of records")

    made, transport, _ = client(wrong, answer())
    assert made.send(Request("/x"), check=check).status == 200
    assert len(transport.sent) == 2


def test_what_must_not_be_sent_twice_is_not() -> None:
    made, transport, _ = client(answer(503), answer())
    with pytest.raises(UnavailableError):
        made.send(Request("/jobs", method="POST", repeatable=False))
    assert len(transport.sent) == 1


@pytest.mark.fault("G3")
def test_a_secret_is_in_no_error_in_any_spelling() -> None:
    body = b'{"message": "bad key s3cret/key+ or s3cret%2Fkey%2B, Bearer abc.def, eve@x.example"}'
    made, _, _ = client(answer(400, body))
    with pytest.raises(RefusedError) as error:
        made.send(Request("/x"))
    assert "s3cret" not in str(error.value)
    assert "abc.def" not in str(error.value)
    assert "eve@" not in str(error.value)


def token(number: int, seconds: object = 1800) -> Response:
    return answer(200, f'{{"access_token": "token-{number}", "expires_in": {seconds}}}'.encode())


def oauth(clock: FakeClock, values: Values) -> Auth:
    return OAuth("/token", {"refresh_token": values["KEY"]}, clock, values.hide)


def test_a_token_is_fetched_once_and_again_shortly_before_it_ends() -> None:
    made, transport, clock = client(token(1), answer(), answer(), token(2), answer(), auth=oauth)
    made.send(Request("/x"))
    made.send(Request("/x"))
    clock.sleep(1790)
    made.send(Request("/x"))
    paths = [url.rsplit("/", 1)[-1] for _, url, _ in transport.sent]
    assert paths == ["token", "x", "x", "token", "x"]
    assert transport.sent[-1][2]["Authorization"] == "Bearer token-2"


@pytest.mark.fault("B4", "B5")
def test_a_401_renews_the_token_once_and_repeats_the_same_page() -> None:
    made, transport, _ = client(token(1), answer(401), token(2), answer(), auth=oauth)
    assert made.send(Request("/x", {"after": "7"})).status == 200
    assert [url for _, url, _ in transport.sent].count("https://api.example.com/x?after=7") == 2

    made, transport, _ = client(token(1), answer(401), token(2), answer(401), auth=oauth)
    with pytest.raises(CredentialsError):
        made.send(Request("/x"))
    assert len(transport.sent) == 4


@pytest.mark.parametrize("body", [b"{}", b'{"access_token": null}', b"[]"])
def test_a_token_endpoint_without_a_token(body: bytes) -> None:
    made, _, _ = client(answer(200, body), auth=oauth)
    with pytest.raises(CredentialsError, match="no access token"):
        made.send(Request("/x"))


@pytest.mark.fault("B4")
def test_a_wrong_refresh_token_is_a_matter_of_credentials() -> None:
    made, _, _ = client(answer(400, b'{"error": "invalid_grant"}'), auth=oauth)
    with pytest.raises(CredentialsError, match="invalid_grant"):
        made.send(Request("/x"))


@given(
    costs=st.lists(st.integers(1, 3), min_size=1, max_size=40),
    limit=st.integers(3, 10),
    seconds=st.sampled_from([1.0, 2.5]),
)
def test_a_limit_holds_in_every_window(costs: list[int], limit: int, seconds: float) -> None:
    clock = FakeClock()
    limiter = RateLimiter([Limit(limit, seconds), Limit(2, 1.0, only="/search")], clock)
    sent: list[tuple[float, int]] = []
    for cost in costs:
        limiter.acquire(cost, "/x")
        sent.append((clock.monotonic(), cost))
    for start, _ in sent:
        assert sum(c for at, c in sent if start <= at < start + seconds - 1e-6) <= limit


@pytest.mark.fault("B1")
@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("5", 5.0),
        ("-3", 0.0),
        ("1e12", None),
        ("soon", None),
        ("", None),
        (None, None),
        ("Tue, 24 Nov 2026 00:00:30 GMT", 30.0),
        ("Tue, 24 Nov 2020 00:00:30 GMT", 0.0),
    ],
)
def test_what_a_hint_says(text: str | None, seconds: float | None) -> None:
    now = dt.datetime(2026, 11, 24, tzinfo=dt.UTC)
    assert retry_after(text, now) == (None if seconds is None else pytest.approx(seconds))


@pytest.mark.fault("B2")
def test_waits_grow_and_are_spread() -> None:
    for attempt in range(1, 12):
        waits = {backoff(attempt) for _ in range(50)}
        assert max(waits) <= min(60.0, 2.0 ** (attempt - 1))
        assert len(waits) > 1
