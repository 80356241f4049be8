"""What stands below HTTP: certificates, servers that send slowly or not at all, sizes."""

from __future__ import annotations

import contextlib
import datetime as dt
import functools
import gzip
import ipaddress
import json
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.core.api.messages import MalformedError, Request, Response
from connectors.core.api.transport import BrokenExchangeError, HttpTransport
from pipelines.settings import PROJECT_DIR

SECRET = {"Authorization": "Bearer c4n4ry-token"}
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
TODAY = dt.datetime.now(dt.UTC)


class Server:
    """A server on loopback that answers each connection as it is told. `got`: what it was sent."""

    def __init__(self, talk: Callable[[socket.socket], None], tls: ssl.SSLContext | None) -> None:
        self._talk, self._tls = talk, tls
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self.got = b""
        self.connections = 0
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            self.connections += 1
            with contextlib.suppress(OSError), connection:
                if self._tls is None:
                    self._exchange(connection)
                else:
                    with self._tls.wrap_socket(connection, server_side=True) as encrypted:
                        self._exchange(encrypted)

    def _exchange(self, connection: socket.socket) -> None:
        self.got += connection.recv(65_536)
        self._talk(connection)

    def close(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join()


@contextlib.contextmanager
def listening(
    talk: Callable[[socket.socket], None], tls: ssl.SSLContext | None = None
) -> Iterator[Server]:
    server = Server(talk, tls)
    try:
        yield server
    finally:
        server.close()


def send(server: Server, scheme: str = "http", **options: float) -> Response:
    base = f"{scheme}://127.0.0.1:{server.port}"
    transport = HttpTransport(base, **options)  # type: ignore[arg-type]
    try:
        return transport.send(f"{base}/x", Request("/x"), SECRET)
    finally:
        transport.close()


def certificate(folder: Path, host: str, first: dt.datetime, last: dt.datetime) -> ssl.SSLContext:
    """What a server presents: a certificate for a host and a time, signed by itself, which is also
    in `folder/ca.pem`."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "made up")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(first)
        .not_valid_after(last)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(host))]), False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    pem = made.public_bytes(serialization.Encoding.PEM)
    (folder / "ca.pem").write_bytes(pem)
    (folder / "server.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + pem
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem")
    return context


def answers(connection: socket.socket) -> None:
    connection.sendall(ANSWER)


DAY = dt.timedelta(days=1)
CERTIFICATES = {
    "good": ("127.0.0.1", TODAY - DAY, TODAY + DAY, True),
    "of nobody known": ("127.0.0.1", TODAY - DAY, TODAY + DAY, False),
    "expired": ("127.0.0.1", TODAY - 2 * DAY, TODAY - DAY, True),
    "not valid yet": ("127.0.0.1", TODAY + DAY, TODAY + 2 * DAY, True),
    "of another host": ("127.0.0.2", TODAY - DAY, TODAY + DAY, True),
}


@pytest.mark.fault("B27")
@pytest.mark.parametrize("kind", CERTIFICATES)
def test_only_a_good_certificate_is_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    host, first, last, is_known = CERTIFICATES[kind]
    context = certificate(tmp_path, host, first, last)
    if is_known:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "ca.pem"))
    with listening(answers, context) as server:
        if kind == "good":
            assert send(server, "https").json() == {}
            assert b"c4n4ry" in server.got, "else this test would prove nothing"
            return
        with pytest.raises(BrokenExchangeError, match="SSLError") as told:
            send(server, "https")
        assert server.connections, "the server was not asked"
        assert server.got == b""
        assert "c4n4ry" not in str(told.value)


@functools.cache
def sources() -> dict[str, str]:
    """The text of every module, by its path in the project."""
    files = [f for at in ("connectors", "pipelines") for f in (PROJECT_DIR / at).rglob("*.py")]
    return {f.relative_to(PROJECT_DIR).as_posix(): f.read_text(encoding="utf-8") for f in files}


_UNVERIFIED = re.compile(
    r"CERT_NONE|check_hostname|_create_unverified|InsecureRequestWarning"
    r"|verify\w*\s*=\s*(False|None|0|[\"'](no|false)[\"'])",
    re.IGNORECASE,
)


@pytest.mark.fault("B27")
def test_no_code_turns_the_check_of_certificates_off() -> None:
    assert _UNVERIFIED.search("requests.get(url, verify=False)")
    assert [name for name, text in sources().items() if _UNVERIFIED.search(text)] == []


SENDS = {
    # The transport of all connectors, the signed webhook of alerts and the heartbeat: with time
    # limits, which the tests of each hold. Apprise sends the rest, in the bounds of `exchange`.
    # Whether a server of Spark Connect answers is seen by connecting, within ten seconds.
    "connectors/core/api/transport.py",
    "pipelines/operations/heartbeat.py",
    "pipelines/security/exchange.py",
    "pipelines/spark/needs.py",
    "pipelines/watch/webhook.py",
}
LISTENS_ONLY = {"pipelines/link_server.py", "pipelines/up.py"}
_NETWORK = re.compile(
    r"^\s*(?:import|from) (?:requests|urllib3|httpx|aiohttp|http\.client|urllib\.request|socket)\b",
    re.MULTILINE,
)


@pytest.mark.fault("B9")
def test_there_is_one_place_that_sends() -> None:
    """What talks to a network is known, so that none of it waits for ever."""
    found = {name for name, text in sources().items() if _NETWORK.search(text)}
    assert found == SENDS | LISTENS_ONLY


def drips(text: bytes, seconds: float = 0.05) -> Callable[[socket.socket], None]:
    def talk(connection: socket.socket) -> None:
        for at in range(len(text)):
            connection.sendall(text[at : at + 1])
            time.sleep(seconds)

    return talk


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
SLOW = {
    "in the status line": ANSWER,
    "in headers without end": HEAD + b"".join(b"X-%d: x\r\n" % n for n in range(99)),
    "in chunks": HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * 99,
    "until the end of the connection": HEAD + b"\r\n" + b" " * 999,
}


@pytest.mark.fault("B8")
@pytest.mark.parametrize("where", SLOW)
def test_a_byte_now_and_then_does_not_reset_the_deadline(where: str) -> None:
    with listening(drips(SLOW[where])) as server:
        began = time.monotonic()
        with pytest.raises(BrokenExchangeError, match=r"within 0\.5 s"):
            send(server, deadline_seconds=0.5)
        assert server.got, "the server was asked"
        assert 0.4 < time.monotonic() - began < 5


def replies(data: bytes) -> Callable[[socket.socket], None]:
    return lambda connection: connection.sendall(data)


BODY = json.dumps({"results": [{"id": str(n)} for n in range(200)]}).encode()
PACKED = gzip.compress(BODY)
CUT = {
    "a length that is never reached": HEAD + b"Content-Length: %d\r\n\r\n" % (len(BODY) + 1) + BODY,
    "chunks without the last": HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\n[1,2]\r\n",
    "a chunk that is cut": HEAD + b"Transfer-Encoding: chunked\r\n\r\nff\r\n[1,2]",
    "nothing at all": b"",
}


@pytest.mark.fault("B10", "B11")
@pytest.mark.parametrize("how", CUT)
def test_an_answer_that_breaks_off_is_no_answer(how: str) -> None:
    with listening(replies(CUT[how])) as server, pytest.raises(BrokenExchangeError, match="broke"):
        send(server)
    assert server.got


@pytest.mark.fault("B11")
@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("told", [True, False])
def test_a_prefix_that_calls_itself_whole_is_no_json(packed: bool, told: bool) -> None:
    """A length that is too small, or none and an early end: only the body can tell."""
    whole = PACKED if packed else BODY
    head = HEAD + (b"Content-Encoding: gzip\r\n" if packed else b"")
    for size in (1, 11, len(whole) // 2, len(whole) - 1):
        length = b"Content-Length: %d\r\n" % size if told else b""
        with listening(
            replies(head + length + b"\r\n" + (whole if told else whole[:size]))
        ) as server:
            if packed:  # also where the rest would be of no use to JSON: CSV has no end to miss
                with pytest.raises(BrokenExchangeError, match="within a packed answer"):
                    send(server)
            else:
                with pytest.raises(MalformedError):
                    send(server).json()


@pytest.mark.fault("B11")
def test_headers_that_break_off_are_followed_by_no_json() -> None:
    with listening(replies(HEAD)) as server, pytest.raises(MalformedError):
        send(server).json()


@pytest.mark.fault("B11")
def test_a_packed_body_is_unpacked_and_any_other_is_refused() -> None:
    twice = gzip.compress(BODY[:50]) + gzip.compress(BODY[50:])
    for packed in (PACKED, twice):
        head = HEAD + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed)
        with listening(replies(head + packed)) as server:
            assert send(server).body == BODY
    for encoding, told in ((b"br", "not asked for"), (b"gzip", "not packed as it says")):
        head = HEAD + b"Content-Encoding: %s\r\nContent-Length: %d\r\n\r\n" % (encoding, len(BODY))
        with (
            listening(replies(head + BODY)) as server,
            pytest.raises(BrokenExchangeError, match=told),
        ):
            send(server)


NESTED = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)


@pytest.mark.fault("B26")
@settings(max_examples=30)
@given(NESTED)
def test_json_is_read_as_it_is(content: object) -> None:
    plain = json.dumps(content, ensure_ascii=False).encode("utf-8", "surrogatepass")
    try:
        found = Response(200, {}, plain).json()
    except MalformedError:
        assert "\\ud" in json.dumps(content), "only half a character is refused"
        return
    assert found == content


@pytest.mark.fault("B26")
@given(st.binary(max_size=60), st.integers(0, 40))
def test_no_bytes_are_more_than_malformed(data: bytes, depth: int) -> None:
    with contextlib.suppress(MalformedError):
        Response(200, {}, b"[" * depth + data + b"]" * depth).json()
