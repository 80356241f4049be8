"""deploy/nginx/koers.conf as nginx reads it: a password, websockets, no pages from elsewhere."""

from __future__ import annotations

import base64
import contextlib
import datetime as dt
import http.server
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from pipelines.settings import PROJECT_DIR

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
PASSWORD = base64.b64encode(b"eva:made-up-password").decode()
pytestmark = pytest.mark.skipif(NGINX is None, reason="nginx is not installed here")


class _Upstream(http.server.BaseHTTPRequestHandler):
    """Answers what headers it got; a websocket gets back what it sends."""

    def do_GET(self) -> None:
        self.server.seen.append(dict(self.headers))  # type: ignore[attr-defined]
        if self.headers.get("Upgrade") == "websocket":
            self.send_response(101)
            self.send_header("Upgrade", "websocket")
            self.send_header("Connection", "Upgrade")
            self.end_headers()
            self.wfile.write(self.rfile.read(5))
            self.close_connection = True
            return
        body = f"{self.server.name} {self.path}".encode()  # type: ignore[attr-defined]
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@contextlib.contextmanager
def upstream(name: str) -> Iterator[http.server.ThreadingHTTPServer]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Upstream)
    server.name, server.seen = name, []  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=[0.05])
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextlib.contextmanager
def proxy(folder: Path, ui: int, links: int) -> Iterator[int]:
    """The port at which nginx serves with our file, less the names that belong to a machine."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    _certificate(folder)
    (folder / "htpasswd").write_text("eva:{PLAIN}made-up-password\n")
    ours = (PROJECT_DIR / "deploy" / "nginx" / "koers.conf").read_text()
    for old, new in {
        "    listen [::]:443 ssl;\n": "",
        "listen 443 ssl": f"listen 127.0.0.1:{port} ssl",
        "/etc/ssl/koers/fullchain.pem": str(folder / "cert.pem"),
        "/etc/ssl/koers/key.pem": str(folder / "key.pem"),
        "/etc/koers/htpasswd": str(folder / "htpasswd"),
        "127.0.0.1:3000": f"127.0.0.1:{ui}",
        "127.0.0.1:3080": f"127.0.0.1:{links}",
    }.items():
        assert old in ours, old
        ours = ours.replace(old, new)
    places = "".join(
        f"{kind}_temp_path {folder}/{kind};"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(
        f"user root; daemon off; pid {folder}/pid; error_log {folder}/error.log;\n"
        f"events {{}}\nhttp {{ access_log {folder}/access.log; {places}\n{ours}\n}}\n"
    )
    process = subprocess.Popen(
        [str(NGINX), "-e", str(folder / "error.log"), "-c", str(folder / "nginx.conf")],
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            assert process.poll() is None, (process.communicate()[1], _said(folder))
            time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.communicate()


def _said(folder: Path) -> str:
    file = folder / "error.log"
    return file.read_text() if file.exists() else ""


def _certificate(folder: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "koers.example.org")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (folder / "cert.pem").write_bytes(made.public_bytes(pem))
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )  # fmt: skip


def ask(port: int, path: str, *headers: str, then: bytes = b"") -> bytes:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with (
        socket.create_connection(("127.0.0.1", port), 20) as bare,
        context.wrap_socket(bare) as secure,
    ):
        lines = [f"GET {path} HTTP/1.1", "Host: koers.example.org", *headers]
        if not then:
            lines.append("Connection: close")
        secure.sendall(("\r\n".join(lines) + "\r\n\r\n").encode() + then)
        answer = b""
        with contextlib.suppress(ssl.SSLEOFError):
            while chunk := secure.recv(65536):
                answer += chunk
        return answer


@pytest.mark.fault("G11")
def test_the_proxy_lets_in_who_has_the_password(tmp_path: Path) -> None:
    with (
        upstream("ui") as ui,
        upstream("links") as links,
        proxy(tmp_path, ui.server_port, links.server_port) as port,
    ):
        known = f"Authorization: Basic {PASSWORD}"
        assert b" 401 " in ask(port, "/").split(b"\r\n")[0]
        assert b" 401 " in ask(port, "/graphql", "Upgrade: websocket", "Connection: Upgrade")
        assert not ui.seen, "nothing gets through without"  # type: ignore[attr-defined]
        answer = ask(port, "/runs", known)
        assert answer.endswith(b"ui /runs")
        assert b"X-Frame-Options: DENY" in answer
        assert "Authorization" not in ui.seen[-1]  # type: ignore[attr-defined]
        own, foreign = "Origin: https://koers.example.org", "Origin: https://evil.example"
        assert b" 403 " in ask(port, "/graphql", known, foreign).split(b"\r\n")[0]
        follow = ask(
            port, "/graphql", known, own, "Upgrade: websocket", "Connection: Upgrade", then=b"hello"
        )
        assert b" 101 " in follow.split(b"\r\n")[0]
        assert follow.endswith(b"hello")
        assert ask(port, "/alerts/token").endswith(b"links /token")
    assert "token" not in (tmp_path / "access.log").read_text()
