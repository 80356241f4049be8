"""What the system tells of processes, from Linux' /proc: who has a file open, who listens where.

Other systems have no /proc, and of the processes of other users it tells nothing unless root asks:
then nothing is found. Of a process only its name is told, since its arguments may hold secrets.
"""

from __future__ import annotations

import contextlib
import ipaddress
import os
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
_LISTENING = "0A"


@dataclass(frozen=True)
class Opener:
    """A process that has a file open. `writes`: opened for writing too."""

    pid: int
    name: str
    file: Path
    writes: bool


@dataclass(frozen=True)
class Listener:
    """A process that takes connections at an address of this machine."""

    pid: int
    name: str
    host: str
    port: int

    @property
    def is_near(self) -> bool:
        """Whether only this machine reaches it."""
        return ipaddress.ip_address(self.host).is_loopback


def openers(files: Iterable[Path]) -> list[Opener]:
    """Who has any of these files open, this process left out."""
    wanted = {_identity(file): file for file in files if file.exists()}
    found = set()
    for pid in _others():
        for descriptor in _descriptors(pid):
            with contextlib.suppress(OSError):
                at = os.stat(descriptor)  # noqa: PTH116 - follows to the open file itself
                file = wanted.get((at.st_dev, at.st_ino))
                if file is not None:
                    found.add(Opener(pid, name_of(pid), file, _writes(descriptor)))
    return sorted(found, key=lambda each: (str(each.file), each.pid))


def listeners(arguments: Iterable[str]) -> list[Listener]:
    """Who takes TCP connections among the processes that have one of these words in an argument."""
    sockets = dict(listening())
    found = []
    for pid in _others():
        if not any(word in given for given in _arguments(pid) for word in arguments):
            continue
        for descriptor in _descriptors(pid):
            with contextlib.suppress(OSError):
                target = str(descriptor.readlink())
                at = sockets.get(target.removeprefix("socket:[").removesuffix("]"))
                if at is not None:
                    found.append(Listener(pid, name_of(pid), *at))
    return sorted(set(found), key=lambda each: (each.port, each.pid))


def ancestors(pid: int) -> list[int]:
    """A process and those that started it, up to the first."""
    found: list[int] = []
    while pid > 1 and pid not in found:
        found.append(pid)
        try:
            text = (PROC / str(pid) / "stat").read_text()
            # The second field is a name in brackets, which may hold anything.
            pid = int(text.rpartition(")")[2].split()[1])
        except (OSError, ValueError, IndexError):
            break
    return found


def name_of(pid: int) -> str:
    """The name of a process, without its arguments."""
    with contextlib.suppress(OSError):
        text = (PROC / str(pid) / "comm").read_text(errors="replace").strip()
        return "".join(c for c in text if c.isprintable())
    return "?"


def _others() -> Iterator[int]:
    if PROC.is_dir():
        yield from (
            int(path.name)
            for path in PROC.iterdir()
            if path.name.isdecimal() and int(path.name) != os.getpid()
        )


def _descriptors(pid: int) -> list[Path]:
    try:
        return list((PROC / str(pid) / "fd").iterdir())
    except OSError:
        return []


def _arguments(pid: int) -> list[str]:
    try:
        raw = (PROC / str(pid) / "cmdline").read_bytes()
    except OSError:
        return []
    return [part.decode(errors="replace") for part in raw.split(b"\0") if part]


def _writes(descriptor: Path) -> bool:
    info = descriptor.parent.parent / "fdinfo" / descriptor.name
    for line in info.read_text().splitlines():
        if line.startswith("flags:"):
            return int(line.split()[1], 8) & os.O_ACCMODE != os.O_RDONLY
    return False


def _identity(file: Path) -> tuple[int, int]:
    at = file.stat()
    return at.st_dev, at.st_ino


def listening() -> Iterator[tuple[str, tuple[str, int]]]:
    """By the inode of a socket that listens: its host and port."""
    for name in ("tcp", "tcp6"):
        try:
            rows = (PROC / "net" / name).read_text().splitlines()[1:]
        except OSError:
            continue
        for row in rows:
            fields = row.split()
            if fields[3] == _LISTENING:
                host, _, port = fields[1].partition(":")
                yield fields[9], (_address(host), int(port, 16))


def _address(text: str) -> str:
    """An address as /proc/net writes it: words of 32 bits in the byte order of the machine."""
    words = (int(text[start : start + 8], 16) for start in range(0, len(text), 8))
    address = ipaddress.ip_address(b"".join(struct.pack("=I", word) for word in words))
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)
