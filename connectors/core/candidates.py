"""From a file in the inbox to what is to be read: recognised, and known by its fingerprint."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from connectors.core.contract import Connector, FileFormat
from connectors.core.files import FileRefused, Member, unpack
from connectors.core.files.layout import PLAIN
from connectors.core.files.source import open_regular
from connectors.core.inbox import Found
from connectors.core.mapping import Mapping, StreamMapping, Way
from connectors.core.outcome import FileOutcome
from connectors.core.recognise import (
    Recognised,
    UnrecognisedError,
    matches,
    recognise,
    stream_named,
)


@dataclass(frozen=True)
class Candidate:
    """A file of a stream. `path` is what to read: `found.path`, or what was unpacked from it."""

    found: Found
    name: str
    path: Path
    way: Way
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
    try:
        # Only a file that is named can be read in a way of its own: its headings are not known yet.
        told = stream_named(names, connector, mapping)
        if told and (undecided := mapping.stream(told).undecided()):
            return FileOutcome(name, "refused", told, reason=_choose(told, undecided))
        way = mapping.way(connector, told)
        with way.open(member.path) as table:
            recognised = recognise(names, table.headings, connector, mapping)
        # Opened as strictly as above: what lies there may be another thing by now.
        with open_regular(member.path) as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            size = os.fstat(file.fileno()).st_size
    except FileRefused as error:
        return FileOutcome(name, "refused", reason=error.reason)
    except UnrecognisedError as error:
        return FileOutcome(name, "refused", reason=str(error))
    said = mapping.stream(recognised.stream.name)
    if recognised.date is not None and not mapping.says_date(told):
        way = replace(way, format=replace(way.format, date=recognised.date))
    return Candidate(
        found=found,
        name=name,
        path=member.path,
        way=way,
        recognised=recognised,
        sha256=digest,
        bytes=size,
        fingerprint=fingerprint(
            digest, recognised.stream.name, way, said, connector.version, dict(recognised.fixed)
        ),
    )


def _choose(stream: str, undecided: list[str]) -> str:
    return (
        f"mapping.yaml leaves open how it is to be read: {', '.join(undecided)}. Choose under "
        f"streams.{stream} by removing the # of the line that is right, or take the name off its "
        "to_choose"
    )


def fingerprint(
    digest: str,
    stream: str,
    read: Way,
    said: StreamMapping,
    version: int,
    fixed: dict[str, str],
) -> str:
    """The same for the same bytes read in the same way, and for nothing else."""
    fmt = asdict(read.format)
    # What is not said is not part of the way, so that files read before it could be said keep
    # their fingerprint.
    default = asdict(FileFormat())
    for name in ("percent", "date_numbers", "compact", "blanks"):
        if fmt[name] == default[name]:
            del fmt[name]
    way: list[object] = [digest, stream, fmt, said.headings, said.values, version]
    if fixed:
        way.append(fixed)
    if read.layout != PLAIN:
        way.append(asdict(read.layout))
    return hashlib.sha256(json.dumps(way, sort_keys=True).encode()).hexdigest()
