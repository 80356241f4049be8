"""`koers inbox inspect`: what a file is like, in words, and the mapping that would read it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from connectors.core.contract import Connector, Stream
from connectors.core.durable import replace_text
from connectors.core.errors import MappingError
from connectors.core.files import FileRefused
from connectors.core.inspection import (
    CannotMergeError,
    Finding,
    Fit,
    fits,
    inspect_file,
    look_for,
    merged,
)
from connectors.core.mapping import FILE_NAME, parse_mapping, read_text
from connectors.core.mapping import Mapping as FileMapping
from connectors.core.recognise import UnrecognisedError, recognise
from connectors.core.rows import Rejected, RowReader

_TRIED = 10_000
_FITS = 5


class InspectError(ValueError):
    """The file cannot be looked at, or the mapping not be written: why, and what to do."""


@dataclass(frozen=True)
class Report:
    """finding: for the stream that fits best, or that was asked for. fits: the best of all.
    old, new: the mapping's text as it is and as it would be. file: where it is. tried: rows that
    the new mapping reads, rows it looked at, and why it does not read the first of the others."""

    connector: Connector
    finding: Finding
    fits: list[Fit]
    file: Path
    old: str
    new: str
    tried: tuple[int, int, str]
    is_sure: bool


def inspect(
    path: Path,
    inbox: Path,
    known: Mapping[str, Connector],
    connector: str | None = None,
    stream: str | None = None,
) -> Report:
    """Look at a file. connector, stream: of which it is; else the folder of the inbox says it, or
    else what fits best. Raises InspectError, MappingError."""
    if connector is None and path.parent.resolve().parent == inbox.resolve():
        connector = path.parent.name
    asked = connector
    if connector is not None and connector not in known:
        raise InspectError(f"no connector is called {connector}: {', '.join(known)}")
    chosen = list(known.values()) if connector is None else [known[connector]]
    try:
        look = look_for(path, chosen)
    except FileRefused as error:
        raise InspectError(str(error)) from error
    ranked = fits(look, chosen)
    of = known[ranked[0].connector] if asked is None else known[asked]
    file = inbox / of.name / FILE_NAME
    old = read_text(file) if file.exists() else ""
    before = parse_mapping(old, file, of)
    own = [fit for fit in ranked if fit.connector == of.name]
    try:
        target = of.stream(stream or own[0].stream)
    except KeyError as error:
        raise InspectError(str(error.args[0])) from error
    said = before.stream(target.name)
    finding = inspect_file(path, look, of, target, said)
    try:
        new = merged(old, finding, said)
    except CannotMergeError as error:
        raise InspectError(f"{file}: {error}; write it on lines of its own, then again") from error
    try:
        after = parse_mapping(new, file, of)
    except MappingError as error:
        raise InspectError(f"no mapping can be made of this file: {error}") from error
    if not _holds(after.model_dump(), before.model_dump()):
        raise InspectError(f"{file}: what it says would not be kept; write the mapping by hand")
    tie = len(own) > 1 and own[0].score == own[1].score
    sure = asked is not None and (stream is not None or not tie)
    return Report(of, finding, ranked[:_FITS], file, old, new, _try(path, of, target, after), sure)


def write(report: Report) -> None:
    """Put the mapping in its place. Raises InspectError where a person must say first of which
    connector or stream the file is."""
    if not report.is_sure:
        raise InspectError(
            "which connector or stream it is of is for you to say: --connector NAME --stream NAME"
        )
    report.file.parent.mkdir(parents=True, exist_ok=True)
    # Whole or not at all: a person's own words are in it.
    replace_text(report.file, report.new)


def _holds(after: object, before: object) -> bool:
    """Whether everything that was said is still said."""
    if isinstance(before, dict) and isinstance(after, dict):
        return all(_holds(after.get(key), value) for key, value in before.items())
    if isinstance(before, list) and isinstance(after, list):
        return all(each in after for each in before)
    return after == before or before in (None, 0, 1, "")


def _try(
    path: Path, connector: Connector, stream: Stream, mapping: FileMapping
) -> tuple[int, int, str]:
    """Reads the beginning of the file as the run would."""
    said = mapping.stream(stream.name)
    if undecided := said.undecided():
        return 0, 0, f"first choose: {', '.join(undecided)}"
    way = mapping.way(connector, stream.name)
    good = seen = 0
    why = ""
    try:
        with way.open(path) as table:
            reader = RowReader(
                recognise([path.name], table.headings, connector, mapping), way.format, said
            )
            for row in islice(table, _TRIED):
                seen += 1
                told = reader.read(row) if row.left_out is None else []
                if isinstance(told, Rejected):
                    why = why or f"row {row.number}: {told.reason}"
                else:
                    good += 1
    except (FileRefused, UnrecognisedError) as error:
        return good, seen, getattr(error, "reason", str(error))
    return good, seen, why


def lines(report: Report) -> Iterator[str]:
    """The report as plain text, for a screen without colours."""
    finding = report.finding
    yield f"{finding.name}, as {report.connector.name}.{finding.stream.name}"
    yield f"  {finding.stream.description}"
    yield ""
    for label, words in finding.told:
        yield f"  {label:<18}{words}"
    yield ""
    wide = max([len(c.heading) for c in finding.columns] + [8]) + 2
    yield f"  {'heading':<{wide}}{'field':<20}{'why':<14}holds"
    for column in finding.columns:
        why = {"alias": "known", "mapping": "mapping.yaml", "": "-"}.get(
            column.how, f"{column.score:.0%} alike{'?' if column.how == 'maybe' else ''}"
        )
        heading, field = column.heading or "(none)", column.field or "-"
        yield f"  {heading:<{wide}}{field:<20}{why:<14}{column.holds}"
    if finding.missing:
        yield f"  required, not found: {', '.join(finding.missing)}"
    for choice in finding.choices:
        yield ""
        yield f"  To choose: {choice.what} ({choice.example})"
        yield from (f"    {line:<24} {means}" for line, means in choice.options)
    for conflict in finding.conflicts:
        yield f"  ! {conflict}"
    yield ""
    yield f"  Fits best: {', '.join(_fit(fit) for fit in report.fits)}"
    good, seen, why = report.tried
    so_far = f"; {why}" if why else ""
    yield f"  With the mapping below {good:,} of {seen:,} rows can be read{so_far}"


def _fit(fit: Fit) -> str:
    missing = f", without {', '.join(fit.missing)}" if fit.missing else ""
    return f"{fit.connector}.{fit.stream} ({fit.found} fields{missing})"


__all__ = ["InspectError", "MappingError", "Report", "inspect", "lines", "write"]
