"""From a file in the inbox to what is to be read: recognised, and known by its fingerprint."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from connectors.core.contract import Connector, FileFormat
from connectors.core.durable import sha256
from connectors.core.files import FileRefused, Member, open_table, unpack
from connectors.core.inbox import Found
from connectors.core.mapping import Mapping, StreamMapping
from connectors.core.outcome import FileOutcome
from connectors.core.recognise import Recognised, UnrecognisedError, matches, recognise


@dataclass(frozen=True)
class Candidate:
    """A file of a stream. `path` is what to read: `found.path`, or what was unpacked from it."""

    found: Found
    name: str
    path: Path
    recognised: Recognised
    sha256: str
    bytes: int
    fingerprint: str


def candidates(
    found: Found, connector: Connector, mapping: Mapping, folder: Path
) -> Iterator[Candidate | FileOutcome]:
    """What a file holds: one candidate, or one for each file of a zip; and an outcome for each
    that cannot be taken. `folder`: an empty one, to unpack into."""
    if found.refused is not None:
        yield FileOutcome(found.name, "refused", reason=found.refused)
    elif matches(found.name, mapping.ignore):
        yield FileOutcome(found.name, "ignored", reason="mapping.yaml says so")
    elif found.waiting is not None:
        yield FileOutcome(found.name, "waiting", reason=found.waiting)
    else:
        try:
            members = unpack(found.path, folder)
        except FileRefused as error:
            yield FileOutcome(found.name, "refused", reason=error.reason)
            return
        for member in members:
            yield _candidate(found, member, connector, mapping)


def _candidate(
    found: Found, member: Member, connector: Connector, mapping: Mapping
) -> Candidate | FileOutcome:
    packed = member.path != found.path
    name = f"{found.name}/{member.name}" if packed else found.name
    if packed and matches(member.name, mapping.ignore):
        return FileOutcome(name, "ignored", reason="mapping.yaml says so")
    names = [member.name, found.name] if packed else [found.name]
    fmt = mapping.file_format(connector)
    may_be_open = mapping.format.last_line_may_be_open
    try:
        with open_table(member.path, fmt, last_line_may_be_open=may_be_open) as table:
            recognised = recognise(names, table.headings, connector, mapping)
    except FileRefused as error:
        return FileOutcome(name, "refused", reason=error.reason)
    except UnrecognisedError as error:
        return FileOutcome(name, "refused", reason=str(error))
    digest = sha256(member.path)
    said = mapping.stream(recognised.stream.name)
    return Candidate(
        found=found,
        name=name,
        path=member.path,
        recognised=recognised,
        sha256=digest,
        bytes=member.path.stat().st_size,
        fingerprint=fingerprint(
            digest,
            recognised.stream.name,
            recognised.format(mapping, connector),
            said,
            connector.version,
            dict(recognised.fixed),
        ),
    )


def fingerprint(
    digest: str,
    stream: str,
    fmt: FileFormat,
    said: StreamMapping,
    version: int,
    fixed: dict[str, str],
) -> str:
    """The same for the same bytes read in the same way, and for nothing else."""
    way: list[Any] = [digest, stream, _said(fmt), said.headings, said.values, version]
    if fixed:
        way.append(fixed)
    return hashlib.sha256(json.dumps(way, sort_keys=True).encode()).hexdigest()


def _said(fmt: FileFormat) -> dict[str, Any]:
    """A format without what it does not say, so that files from before there was such a thing keep
    their fingerprints."""
    return {k: v for k, v in asdict(fmt).items() if v or k not in ("compact", "blanks")}
