"""An HTTP/1.1 server on loopback for fake vendors. It speaks to the socket itself, since a fault is
just what a proper server would never do: a cut body, a wrong length, a byte now and then."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import parse_qsl, urlsplit

from pipelines.sandbox.faults import Fault, Faults


@dataclass(frozen=True)
class Call:
    """A request as a vendor gets it. Header names are in lower case."""

    method: str
    path: str
    params: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    base_url: str

    def json(self) -> Any:
        return json.loads(self.body or b"{}")

    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode()))


@dataclass(frozen=True)
class Reply:
    """What a vendor answers; a body that is no bytes is sent as JSON."""

    body: Any = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)

    def rendered(self) -> tuple[bytes, str]:
        """The bytes of the body and its content type."""
        kind = self.headers.get("Content-Type", "application/json;charset=utf-8")
        if isinstance(self.body, bytes):
            return self.body, kind
        return json.dumps(self.body, ensure_ascii=False, separators=(",", ":")).encode(), kind


class App(Protocol):
    """One vendor."""

    def handle(self, call: Call, fault: Fault | None) -> Reply:
        """The answer. `fault` is one that only the vendor itself can do (`expired_token`,
        `expired_page`, `foreign_link`, `repeat`, `shift`)."""


class Sandbox:
    """A running fake vendor. `calls`: method and path of every request so far, in order;
    `saw`: the bytes of all requests, to look for what should not be there."""

    def __init__(self, app: App, host: str, port: int) -> None:
        self.app, self.host, self.port = app, host, port
        self.faults = Faults()
        self.calls: list[str] = []
        self.saw: list[bytes] = []

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._exchange(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass
        except asyncio.CancelledError:  # the server is over
            pass
        finally:
            with contextlib.suppress(ConnectionError, RuntimeError):
                writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = await reader.readuntil(b"\r\n\r\n")
        line, *rest = head.decode("latin-1").split("\r\n")
        method, target, _ = line.split(" ", 2)
        headers = {}
        for each in rest:
            name, colon, value = each.partition(":")
            if colon:
                headers[name.strip().lower()] = value.strip()
        size = int(headers.get("content-length", "0"))
        body = await reader.readexactly(size) if size else b""
        self.saw.append(head + body)
        parts = urlsplit(target)
        self.calls.append(f"{method} {parts.path}")
        call = Call(
            method,
            parts.path,
            dict(parse_qsl(parts.query, keep_blank_values=True)),
            headers,
            body,
            self.url,
        )
        if parts.path == "/_sandbox/faults":
            return await _send(writer, self._control(call))
        fault = self.faults.take(parts.path)
        if fault is not None and fault.kind in _OF_THE_WIRE:
            return await _break(writer, self.app, call, fault)
        return await _send(writer, self.app.handle(call, fault))

    def _control(self, call: Call) -> Reply:
        """Faults can be ordered over HTTP too: POST a fault as JSON, DELETE all."""
        if call.method == "DELETE":
            self.faults.clear()
        elif call.method == "POST":
            self.faults.add(Fault(**call.json()))
        return Reply({"waiting": len(self.faults.waiting)})


_OF_THE_WIRE = (
    "status",
    "html",
    "drip",
    "hang",
    "cut",
    "short_length",
    "truncated",
    "redirect",
)


def _head(reply: Reply, size: int, kind: str) -> bytes:
    lines = [f"HTTP/1.1 {reply.status} -", f"Content-Type: {kind}", f"Content-Length: {size}"]
    lines += [f"{n}: {v}" for n, v in reply.headers.items() if n != "Content-Type"]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


async def _send(writer: asyncio.StreamWriter, reply: Reply) -> bool:
    body, kind = reply.rendered()
    writer.write(_head(reply, len(body), kind) + body)
    await writer.drain()
    return True


async def _break(writer: asyncio.StreamWriter, app: App, call: Call, fault: Fault) -> bool:
    """Do a fault of the wire; whether the connection goes on."""
    if fault.kind == "status":
        hint = {} if fault.hint is None else {"Retry-After": fault.hint}
        return await _send(writer, Reply(fault.body.encode(), fault.status, hint))
    if fault.kind == "html":
        page = Reply(b"<html>Log in</html>", 200, {"Content-Type": "text/html"})
        return await _send(writer, page)
    if fault.kind == "redirect":
        return await _send(writer, Reply({}, 302, {"Location": fault.link}))
    if fault.kind == "hang":
        await asyncio.sleep(fault.seconds)
        return False
    reply = app.handle(call, None)
    body, kind = reply.rendered()
    half = body[: len(body) // 2]
    if fault.kind == "drip":
        writer.write(_head(reply, len(body), kind))
        for number in range(len(body)):
            writer.write(body[number : number + 1])
            await writer.drain()
            await asyncio.sleep(fault.seconds)
    elif fault.kind == "cut":
        writer.write(_head(reply, len(body), kind) + half)
    else:  # short_length sends on after the length it told; truncated does not
        sent = body if fault.kind == "short_length" else half
        writer.write(_head(reply, len(half), kind) + sent)
    await writer.drain()
    return False


@contextlib.contextmanager
def serve(app: App, port: int = 0, host: str = "127.0.0.1") -> Iterator[Sandbox]:
    """Serve a vendor on loopback while the block lasts; port 0 takes a free one. Raises OSError
    where the port is taken."""
    started: list[Sandbox | OSError] = []
    ready = threading.Event()
    loop = asyncio.new_event_loop()

    async def main() -> None:
        sandbox = Sandbox(app, host, port)
        try:
            server = await asyncio.start_server(sandbox._connection, host, port, limit=1 << 20)
        except OSError as error:
            started.append(error)
            ready.set()
            return
        sandbox.port = server.sockets[0].getsockname()[1]
        started.append(sandbox)
        ready.set()
        async with server:
            await _forever()

    def run() -> None:
        asyncio.set_event_loop(loop)
        with contextlib.suppress(asyncio.CancelledError):
            loop.run_until_complete(task)
        left = asyncio.all_tasks(loop)
        for each in left:
            each.cancel()
        loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        loop.close()

    task = loop.create_task(main())
    thread = threading.Thread(target=run, name="sandbox", daemon=True)
    thread.start()
    ready.wait()
    [found] = started
    if isinstance(found, OSError):
        thread.join()
        raise found
    try:
        yield found
    finally:
        loop.call_soon_threadsafe(task.cancel)
        thread.join()


async def _forever() -> None:
    await asyncio.Event().wait()
