"""Which stream a file is of, and which of its columns is which field.

By the file's name where `mapping.yaml` says so, else by its headings: a stream whose required
headings are all there, and of those the one that the vendor's name of the file says, or else the
one of which most fields are found. Two that fit equally well are a tie, which is refused: a guess
would land one thing as another. A stream with variants is tried in each of them; what
`mapping.yaml` says of a file in `fixed` counts as found, and no variant fits that says otherwise.
"""

from __future__ import annotations

import dataclasses
import fnmatch
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from connectors.core.contract import Connector, Stream, Variant
from connectors.core.mapping import Mapping as FileMapping
from connectors.core.mapping import StreamMapping, nearest


class UnrecognisedError(ValueError):
    """No stream fits a file, or more than one does; the text says which headings would help."""


@dataclass(frozen=True)
class Recognised:
    """columns: for each field of the stream, in order, the index of its column, or None. fixed:
    what holds for every row, by field. date: how its dates are written, where its variant says."""

    stream: Stream
    columns: tuple[int | None, ...]
    fixed: Mapping[str, str] = dataclasses.field(default_factory=dict)
    date: str | None = None


@dataclass(frozen=True)
class _Fit:
    stream: Stream
    variant: Variant | None
    columns: tuple[int | None, ...]
    fixed: Mapping[str, str]
    missing: tuple[str, ...]
    twice: tuple[str, ...]

    @property
    def found(self) -> int:
        return sum(column is not None for column in self.columns)

    @property
    def name(self) -> str:
        return f"{self.stream.name} of {self.variant.name}" if self.variant else self.stream.name


def recognise(
    names: Sequence[str], headings: Sequence[str], connector: Connector, mapping: FileMapping
) -> Recognised:
    """names: the file's name, and its zip's if it is in one. Raises UnrecognisedError."""
    fixed = _fixed(names, mapping)
    fits = [
        _fit(stream, variant, headings, mapping.stream(stream.name), fixed)
        for stream in connector.streams
        for variant in (None, *stream.variants)
        if variant is None or all(fixed.get(f, v) == v for f, v in variant.says.items())
    ]
    if (named := stream_named(names, connector, mapping)) is not None:
        of_name = [fit for fit in fits if fit.stream.name == named]
        return _checked(max(of_name, key=lambda fit: (not fit.missing, fit.found)), headings)
    whole = sorted((fit for fit in fits if not fit.missing), key=lambda fit: -fit.found)
    if not whole:
        raise UnrecognisedError(_none_fits(fits, headings, connector))
    told = [fit for fit in whole if any(matches(name, fit.stream.files) for name in names)]
    if len(told) == 1:
        return _checked(told[0], headings)
    if len(whole) > 1 and whole[0].found == whole[1].found:
        raise UnrecognisedError(
            f"its headings fit {whole[0].name} and {whole[1].name} equally well; "
            f"say which under streams.<stream>.files in mapping.yaml"
            + (", or under fixed" if whole[0].stream is whole[1].stream else "")
        )
    return _checked(whole[0], headings)


def _fixed(names: Sequence[str], mapping: FileMapping) -> dict[str, str]:
    """What `mapping.yaml` says of every row of a file of these names."""
    found: dict[str, str] = {}
    for pattern, values in mapping.fixed.items():
        if any(matches(name, [pattern]) for name in names):
            for field, value in values.items():
                if found.setdefault(field, value) != value:
                    raise UnrecognisedError(
                        f"its name fits patterns of `fixed` in mapping.yaml that say both "
                        f"'{found[field]}' and '{value}' of {field}"
                    )
    return found


def stream_named(names: Sequence[str], connector: Connector, mapping: FileMapping) -> str | None:
    """The stream whose `files` in mapping.yaml the name fits. Raises UnrecognisedError for two."""
    named = [
        stream.name
        for stream in connector.streams
        if any(matches(name, mapping.stream(stream.name).files) for name in names)
    ]
    if len(named) > 1:
        both = " and ".join(named)
        raise UnrecognisedError(f"its name fits the `files` of {both} in mapping.yaml")
    return named[0] if named else None


def matches(name: str, patterns: Sequence[str]) -> bool:
    """Whether a file's name fits one of the patterns (`*`, `?`), capitals or not."""
    return any(fnmatch.fnmatchcase(name.casefold(), p.casefold()) for p in patterns)


def folded(heading: str) -> str:
    """A heading as it is compared."""
    return " ".join(unicodedata.normalize("NFC", heading).casefold().split())


def _fit(
    stream: Stream,
    variant: Variant | None,
    headings: Sequence[str],
    said: StreamMapping,
    fixed: Mapping[str, str],
) -> _Fit:
    fixed = {**(variant.says if variant else {}), **fixed}
    at: dict[str, list[int]] = {}
    for index, heading in enumerate(headings):
        at.setdefault(folded(heading), []).append(index)
    told = {folded(heading): field for heading, field in said.headings.items()}
    columns: list[int | None] = []
    twice: list[str] = []
    for field in stream.fields:
        mapped = [h for h, name in told.items() if name == field.name and h in at]
        # What mapping.yaml says goes before the aliases, for the heading and for the field.
        own = variant.headings.get(field.name, ()) if variant else (field.name, *field.headings)
        aliases = [h for h in map(folded, own) if h not in told]
        found = {i for h in (mapped or aliases) for i in at.get(h, [])}
        if len(found) > 1:
            where = ", ".join(f"'{headings[i]}' (column {i + 1})" for i in sorted(found))
            twice.append(f"{field.name}: {where}")
        columns.append(min(found, default=None))
    missing = [
        field.name
        for field, column in zip(stream.fields, columns, strict=True)
        if field.required and column is None and field.name not in fixed
    ]
    return _Fit(stream, variant, tuple(columns), fixed, tuple(missing), tuple(twice))


def _checked(fit: _Fit, headings: Sequence[str]) -> Recognised:
    name = fit.stream.name
    if fit.missing:
        raise UnrecognisedError(
            f"{_missing(fit, headings)}; map them under streams.{name}.headings in mapping.yaml"
            + _or_fixed(fit)
        )
    if fit.twice:
        raise UnrecognisedError(
            f"more than one column fits a field of {fit.name}: {'; '.join(fit.twice)}; "
            f"say which under streams.{name}.headings in mapping.yaml"
        )
    free = {
        field.name
        for field, column in zip(fit.stream.fields, fit.columns, strict=True)
        if column is None
    }
    fixed = {field: value for field, value in fit.fixed.items() if field in free}
    return Recognised(fit.stream, fit.columns, fixed, fit.variant.date if fit.variant else None)


def _none_fits(fits: Sequence[_Fit], headings: Sequence[str], connector: Connector) -> str:
    best = max(fits, key=lambda fit: (fit.found, -len(fit.missing)))
    if best.found == 0:
        known = ", ".join(stream.name for stream in connector.streams)
        shown = ", ".join(f"'{h}'" for h in headings[:12])
        return (
            f"none of its headings ({shown}) is known to {connector.name} ({known}); map them "
            "under streams.<stream>.headings in mapping.yaml, or name the file under ignore"
        )
    return (
        f"it looks most like {best.name}, but {_missing(best, headings)}; map them under "
        f"streams.{best.stream.name}.headings in mapping.yaml{_or_fixed(best)}, or name the "
        "file under ignore"
    )


def _or_fixed(fit: _Fit) -> str:
    return ", say under fixed what no column says" if fit.variant else ""


def _missing(fit: _Fit, headings: Sequence[str]) -> str:
    """Names the headings that are not there, and for each the nearest that is in the file."""
    used = {column for column in fit.columns if column is not None}
    free = [h for i, h in enumerate(headings) if h and i not in used]
    told = []
    for field in fit.stream.fields:
        if field.name in fit.missing:
            own = fit.variant.headings.get(field.name, ()) if fit.variant else field.headings
            known = " or ".join(f"'{h}'" for h in (own or (field.name,)))
            near = (nearest(name, free) for name in (field.name, *own)) if free else ()
            hint = next((f" ({found})" for found in near if found.startswith("did")), "")
            told.append(f"{field.name} is missing, as heading {known}{hint}")
    return "; ".join(told)
