"""What the vendor's side of a connection may do, and what the transport makes of it."""

from __future__ import annotations

import gzip
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.core.api.messages import MalformedError, Request, Response
from connectors.core.api.transport import (
    BrokenExchangeError,
    HttpTransport,
    origin,
    resolve_url,
)
from connectors.core.errors import UnsafeAddressError
from pipelines.sandbox import Fault, Sandbox, serve
from pipelines.sandbox.server import Call, Reply


class Echo:
    """Tells what it was sent."""

    def handle(self, call: Call, fault: Fault | None) -> Reply:
        if call.path == "/packed":
            body = gzip.compress(b'{"a": "' + b"x" * 5_000_000 + b'"}')
            return Reply(body, headers={"Content-Encoding": "gzip"})
        if call.path == "/cookie":
            return Reply({}, headers={"Set-Cookie": "session=1"})
        return Reply({"path": call.path, "headers": dict(call.headers)})


@pytest.fixture
def box() -> Iterator[Sandbox]:
    with serve(Echo()) as found:
        yield found


def send(box: Sandbox, path: str = "/", **options: float) -> Response:
    transport = HttpTransport(box.url, **options)  # type: ignore[arg-type]
    try:
        return transport.send(f"{box.url}{path}", Request(path), {"X-Api-Key": "s3cret-key"})
    finally:
        transport.close()


@pytest.mark.fault("B8", "B9")
@pytest.mark.parametrize("kind", ["drip", "hang"])
def test_the_whole_exchange_has_a_deadline(box: Sandbox, kind: str) -> None:
    """A byte now and then resets every ordinary timeout."""
    seconds = 0.05 if kind == "drip" else 30.0
    fault = box.faults.add(Fault(kind, times=1, seconds=seconds))  # type: ignore[arg-type]
    began = time.monotonic()
    with pytest.raises(BrokenExchangeError, match=r"within 0\.6 s"):
        send(box, deadline_seconds=0.6)
    assert fault.hit == 1
    assert time.monotonic() - began < 5


@pytest.mark.fault("B10", "B11")
@pytest.mark.parametrize("kind", ["cut", "hang"])
def test_an_answer_that_breaks_off_is_none(box: Sandbox, kind: str) -> None:
    fault = box.faults.add(Fault(kind, times=1, seconds=0.05))  # type: ignore[arg-type]
    with pytest.raises(BrokenExchangeError, match="broke off"):
        send(box)
    assert fault.hit == 1


@pytest.mark.fault("B26")
def test_a_body_is_capped_after_inflation(box: Sandbox) -> None:
    with pytest.raises(BrokenExchangeError, match="larger than"):
        send(box, "/packed", largest_body=1_000_000)
    assert len(send(box, "/packed").body) > 5_000_000


@pytest.mark.fault("G1")
def test_no_redirect_is_followed_and_no_other_origin_is_asked(box: Sandbox) -> None:
    with serve(Echo()) as other:
        box.faults.add(Fault("redirect", link=f"{other.url}/x"))
        with pytest.raises(UnsafeAddressError, match="redirect"):
            send(box)
        transport = HttpTransport(box.url)
        with pytest.raises(UnsafeAddressError, match="nothing was sent"):
            transport.send(f"{other.url}/x", Request("/x"), {"X-Api-Key": "s3cret-key"})
        transport.close()
        assert other.saw == []


@pytest.mark.fault("G1")
def test_no_cookie_is_kept_and_no_netrc_is_read(
    box: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login eve password eve")
    monkeypatch.setenv("HOME", str(tmp_path))
    transport = HttpTransport(box.url)
    transport.send(f"{box.url}/cookie", Request("/cookie"), {})
    answer = transport.send(f"{box.url}/", Request("/"), {"Authorization": "Bearer mine"}).json()
    transport.close()
    assert "cookie" not in answer["headers"]
    assert answer["headers"]["authorization"] == "Bearer mine"


@pytest.mark.fault("G1")
@pytest.mark.parametrize(
    "url",
    [
        "http://api.example.com/x",
        "https://user:pass@api.example.com/x",
        "ftp://api.example.com",
        "//api.example.com",
        "https://",
        "https://[bad",
        "https://api.example.com:port",
    ],
)
def test_addresses_that_nothing_is_sent_to(url: str) -> None:
    with pytest.raises(UnsafeAddressError):
        origin(url)


def test_an_origin_is_spelled_in_one_way() -> None:
    assert origin("HTTPS://Api.Example.com./x") == origin("https://api.example.com:443")
    assert origin("https://api.example.com:444") != origin("https://api.example.com")
    assert origin("http://localhost:80/x") == "http://localhost:80"


@pytest.mark.fault("G1")
@pytest.mark.parametrize(
    ("path", "url"),
    [
        ("/v1/x", "https://api.example.com/v1/x?a=1"),
        ("https://api.example.com/y?b=2", "https://api.example.com/y?b=2&a=1"),
        ("//evil.example/y", "https://evil.example/y?a=1"),
        (
            "/v1/x?next=https://evil.example",
            "https://api.example.com/v1/x?next=https://evil.example&a=1",
        ),
    ],
)
def test_where_a_path_leads(path: str, url: str) -> None:
    assert resolve_url("https://api.example.com", path, "a=1") == url


@pytest.mark.fault("B26")
@pytest.mark.parametrize(
    "body",
    [
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b'{"a": 1, "a": 2}',
        b'{"results": [',
        b"[" * 100_000,
        b'{"a": ' + b"9" * 5_000 + b"}",
        b"\xff\xfe",
        b"",
    ],
)
def test_json_that_is_refused(body: bytes) -> None:
    with pytest.raises(MalformedError):
        Response(200, {}, body).json()


def test_no_digit_of_a_number_is_lost() -> None:
    content = Response(200, {}, b'{"a": 1250.10, "b": 12345678901234567.89, "c": 7}').json()
    assert content == {"a": "1250.10", "b": "12345678901234567.89", "c": 7}


def test_half_of_a_character_is_replaced_and_a_whole_one_kept() -> None:
    content = Response(200, {}, rb'{"a": "x\ud83d", "b": "\ud83d\ude00"}').json()
    assert content == {"a": "x?", "b": "\N{GRINNING FACE}"}
