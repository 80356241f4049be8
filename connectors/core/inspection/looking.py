"""Everything about one file, for one stream; and which streams it may be of."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from connectors.core.contract import Connector, Stream
from connectors.core.files import Limits
from connectors.core.files.months import day_of, read_month, short_year
from connectors.core.inspection.evidence import Evidence
from connectors.core.inspection.finding import Choice, Column, Finding, Fit, yaml_text
from connectors.core.inspection.formats import declare_formats
from connectors.core.inspection.likeness import columns_of
from connectors.core.inspection.raw import Look, look_at
from connectors.core.inspection.shape import months_across
from connectors.core.mapping import StreamMapping, UnpivotMapping
from connectors.core.recognise import folded

_SURE = ("alias", "mapping", "alike")


def fits(look: Look, connectors: Iterable[Connector]) -> list[Fit]:
    """How well each stream fits, the best first."""
    found = [
        _fit(connector.name, stream, _columns(look, stream, {}), _turned_fields(look, stream))
        for connector in connectors
        for stream in connector.streams
    ]
    return sorted(found, key=lambda fit: (-fit.score, fit.connector, fit.stream))


def look_for(path: Path, connectors: Iterable[Connector]) -> Look:
    """A first look at a file that may be of any of these connectors. Raises FileRefused."""
    known = frozenset(
        folded(heading)
        for connector in connectors
        for stream in connector.streams
        for field in stream.fields
        for heading in (field.name, *field.headings)
    )
    return look_at(path, known, Limits())


def inspect_file(
    path: Path, look: Look, connector: Connector, stream: Stream, said: StreamMapping | None = None
) -> Finding:
    """What to declare for a file of that stream. said: what mapping.yaml says of it already."""
    said = said or StreamMapping()
    finding = Finding(path.name, pattern_of(path.name), stream)
    finding.told += look.told
    finding.format |= look.format
    finding.choices += look.choices
    finding.total_rows |= look.totals
    if look.shape is not None:
        finding.title_rows = look.shape.title_rows
        finding.heading_rows = look.shape.heading_rows
    turned = _turned_fields(look, stream)
    if turned:
        _unpivot(finding, look, stream)
    finding.columns = _columns(look, stream, said.headings)
    known = {field.name: field for field in stream.fields}
    measured = known.get(finding.unpivot.value or "") if finding.unpivot else None
    by_heading = {c.heading: c for c in finding.columns if c.how in (*_SURE, "maybe")}
    pairs = []
    for heading, evidence in zip(_headings(look), _evidence(look), strict=True):
        column = by_heading.get(heading)
        pairs.append((known.get((column and column.field) or ""), evidence))
    pairs += [(measured, look.evidence[i]) for i in _months(look) if not _two_rows(look)]
    declare_formats(finding, pairs, look.days_from)
    _headings_to_choose(finding)
    finding.fit = _fit(connector.name, stream, finding.columns, turned)
    finding.missing = finding.fit.missing
    _against(finding, said)
    return finding


def pattern_of(name: str) -> str:
    """A pattern for the next files of the same kind: numbers in the name may differ."""
    stem, dot, suffix = name.rpartition(".")
    pattern = re.sub(r"\d[\d_.-]*\d|\d", "*", stem)
    kept = len(re.sub(r"[^A-Za-z]", "", pattern)) >= 3
    return re.sub(r"([\[\]?])", "?", pattern + dot + suffix) if kept else name


def _months(look: Look) -> list[int]:
    return months_across(look.shape) if look.shape is not None else []


def _two_rows(look: Look) -> bool:
    return look.shape is not None and look.shape.heading_rows == 2


def _headings(look: Look) -> list[str]:
    """The headings as the landing sees them, but for the months themselves."""
    months = set(_months(look))
    fixed = [h for i, h in enumerate(look.headings) if i not in months]
    if look.shape is None or not _two_rows(look):
        return fixed
    lower = look.shape.lower
    return [*fixed, *dict.fromkeys(lower[i] for i in sorted(months))]


def _evidence(look: Look) -> list[Evidence]:
    months = set(_months(look))
    found = [e for i, e in enumerate(look.evidence) if i not in months]
    if look.shape is None or not _two_rows(look):
        return found
    lower = look.shape.lower
    for heading in dict.fromkeys(lower[i] for i in sorted(months)):
        both = Evidence(heading)
        for i in months:
            if lower[i] == heading:
                both.filled += look.evidence[i].filled
                both.kinds += look.evidence[i].kinds
                both.examples = look.evidence[i].examples | both.examples
        found.append(both)
    return found


def _columns(look: Look, stream: Stream, said: Mapping[str, str]) -> list[Column]:
    taken = frozenset(_turned_fields(look, stream))
    return columns_of(_headings(look), _evidence(look), stream, said, frozenset(), taken)


def _aliased(look: Look, stream: Stream) -> set[str]:
    headings = {folded(heading) for heading in _headings(look)}
    return {
        field.name
        for field in stream.fields
        if headings & set(map(folded, (field.name, *field.headings)))
    }


def _turned_fields(look: Look, stream: Stream) -> list[str]:
    """The fields that months across give: the date, and with one row of headings the number."""
    if not _months(look):
        return []
    free = [f for f in stream.fields if f.name not in _aliased(look, stream)]
    dates = [f for f in free if f.type in ("date", "datetime")]
    dates.sort(key=lambda f: (f.name != stream.activity, not f.required))
    if not dates:
        return []
    if _two_rows(look):
        return [dates[0].name]
    numbers = [f for f in free if f.type in ("decimal", "integer", "percent")]
    required = [f for f in numbers if f.required] or numbers
    return [dates[0].name, *([required[0].name] if len(required) == 1 else [])]


def _unpivot(finding: Finding, look: Look, stream: Stream) -> None:
    if look.shape is None:
        return
    field, *value = _turned_fields(look, stream)
    groups = list(dict.fromkeys(look.shape.groups[i] for i in _months(look)))
    finding.unpivot = how = UnpivotMapping(field=field, value=value[0] if value else None)
    finding.told.append(("months across", f"{len(groups)}, from '{groups[0]}' to '{groups[-1]}'"))
    if not value and not _two_rows(look):
        numbers = [f.name for f in stream.fields if f.type in ("decimal", "integer", "percent")]
        options = tuple((f"value: {name}", f"the cells are {name}") for name in numbers)
        finding.choices.append(Choice("value", "the cells below the months", options))
    if all(read_month(group) for group in groups):
        how.months = "first_day"
    elif all(read_month(group, 2000) for group in groups):
        how.months = "first_day"
        years = [int(y) for title in look.titles for y in re.findall(r"\b20\d\d\b", title)]
        years = list(dict.fromkeys(years)) or [dt.date.today().year, dt.date.today().year - 1]  # noqa: DTZ011
        options = tuple((f"year: {year}", f"'{groups[0]}' is in {year}") for year in years)
        finding.choices.append(Choice("year", f"heading '{groups[0]}'", options))
    else:
        texts = {g: day_of(m, last=False) for g in groups if (m := short_year(g) or read_month(g))}
        listed = ", ".join(f'{yaml_text(group)}: "{day}"' for group, day in texts.items())
        means = f"'{groups[0]}' is the month from {texts.get(groups[0], '?')}, and no single day"
        option = (f"columns: {{{listed}}}", means)
        finding.choices.append(Choice("columns", f"heading '{groups[0]}'", (option,)))


def _headings_to_choose(finding: Finding) -> None:
    asked: dict[str, list[Column]] = {}
    for column in finding.columns:
        if column.how == "maybe" and column.field:
            asked.setdefault(column.field, []).append(column)
    for name, columns in asked.items():
        options = tuple((quoted_key(c.heading, name), f"{c.score:.0%} alike") for c in columns)
        is_optional = not any(f.required for f in finding.stream.fields if f.name == name)
        example = f"heading '{columns[0].heading}'"
        finding.choices.append(Choice(name, example, options, is_optional))


def quoted_key(heading: str, field: str) -> str:
    """`"Heading": field` as YAML, whatever stands in the heading."""
    return f"{yaml_text(heading)}: {field}"


def _fit(connector: str, stream: Stream, columns: list[Column], turned: list[str]) -> Fit:
    sure = {c.field: c.score for c in columns if c.how in _SURE and c.field}
    sure |= dict.fromkeys(turned, 1.0)
    missing = tuple(f.name for f in stream.fields if f.required and f.name not in sure)
    required = sum(field.required for field in stream.fields) or 1
    share = sum(sure.values()) / max(len(columns) + len(turned), 1)
    score = share * (1 - 0.5 * len(missing) / required)
    return Fit(connector, stream.name, len(sure), missing, round(score, 3))


def _against(finding: Finding, said: StreamMapping) -> None:
    """What a person said goes before what was found; where the two differ, that is told."""
    told = said.format.said()
    for name, value in list(finding.format.items()):
        found = value.strip('"').replace("\\t", "\t")
        if name in told:
            if str(told[name]) != found:
                finding.conflicts.append(
                    f"mapping.yaml says {name} {told[name]!r}, this file looks like {found!r}"
                )
            del finding.format[name]
    decided = {*told, *said.headings.values()}
    if said.format.last_line_may_be_open is not None:
        decided.add("last_line_may_be_open")
    if said.unpivot is not None:
        decided |= {name for name, value in said.unpivot if value}
    finding.choices = [c for c in finding.choices if c.what not in decided]
