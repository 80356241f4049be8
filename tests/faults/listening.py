"""Servers on loopback that do what no proper server would, and count who came."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass
class Listener:
    """Answers every connection with `reply`; `came` counts connections, `saw` is what they sent,
    `sent` counts the bytes they were given.
    seconds: between two bytes of the reply. endless: more bytes follow until the other side stops.
    """

    port: int
    reply: bytes
    seconds: float = 0.0
    endless: bool = False
    came: int = 0
    saw: list[bytes] = field(default_factory=list)
    sent: int = 0


@contextlib.contextmanager
def listening(
    host: str = "127.0.0.1",
    reply: bytes = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
    *,
    seconds: float = 0.0,
    endless: bool = False,
) -> Iterator[Listener]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as server:
        server.bind((host, 0))
        server.listen(16)
        server.settimeout(0.05)
        here = Listener(server.getsockname()[1], reply, seconds, endless)
        over = threading.Event()
        thread = threading.Thread(target=_serve, args=[server, here, over])
        thread.start()
        try:
            yield here
        finally:
            over.set()
            thread.join()


def _serve(server: socket.socket, here: Listener, over: threading.Event) -> None:
    while not over.is_set():
        try:
            line, _ = server.accept()
        except TimeoutError:
            continue
        here.came += 1
        with line, contextlib.suppress(OSError):
            line.settimeout(2)
            here.saw.append(line.recv(65536))
            if here.seconds:
                for byte in here.reply:
                    line.sendall(bytes([byte]))
                    here.sent += 1
                    if over.wait(here.seconds):
                        return
            else:
                line.sendall(here.reply)
                here.sent += len(here.reply)
            while here.endless and not over.is_set():
                here.sent += line.send(b"x" * 65536)
            line.shutdown(socket.SHUT_WR)
            # What is left unread would reset the connection under the reader.
            end = time.monotonic() + 0.2
            while line.recv(65536) and time.monotonic() < end:
                pass
