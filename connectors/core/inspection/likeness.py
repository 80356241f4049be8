"""How like a heading is to the headings that a field is known by."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Mapping, Sequence

from connectors.core.contract import Field, Stream
from connectors.core.inspection.evidence import Evidence
from connectors.core.inspection.finding import Column
from connectors.core.recognise import folded

PROPOSED = 0.8
MENTIONED = 0.6
_APART = 0.08


def words(heading: str) -> str:
    """A heading in its letters and digits only, without accents."""
    plain = unicodedata.normalize("NFKD", heading.casefold())
    plain = "".join(c for c in plain if not unicodedata.combining(c))
    return " ".join(re.findall(r"[a-z0-9]+", plain))


def likeness(heading: str, field: Field) -> float:
    """0 to 1: the best of the field's names. All words of one name inside the heading count for
    much, since tools add a unit or a table's name (`Omzet (EUR)`)."""
    said = words(heading)
    if not said:
        return 0.0
    best = 0.0
    for name in map(words, (field.name, *field.headings)):
        if not name:
            continue
        score = difflib.SequenceMatcher(None, said, name).ratio()
        if set(name.split()) <= set(said.split()) and len(name) > 2:
            score = max(score, 0.7 + 0.3 * len(name) / len(said))
        best = max(best, score)
    return round(best, 2)


def fits_type(field: Field, evidence: Evidence) -> bool:
    """Whether the cells of a column can be of the field's type at all."""
    if not evidence.filled:
        return True
    match field.type:
        case "decimal" | "integer" | "percent":
            return evidence.is_numeric
        case "date" | "datetime":
            digits = evidence.share("yyyymmdd", "ddmmyyyy", "mmddyyyy") >= 0.8
            return evidence.is_date or evidence.is_serial or digits
        case _:
            # No name, number or code is written as `12,5%`; what is to be kept as text has letters.
            return evidence.share("percent") < 0.8


def columns_of(
    headings: Sequence[str],
    evidence: Sequence[Evidence],
    stream: Stream,
    said: Mapping[str, str],
    turned: frozenset[int],
    taken: frozenset[str] = frozenset(),
) -> list[Column]:
    """Each heading with its field, for one stream. said: what the mapping says already. turned:
    columns that become rows. taken: fields that those rows give."""
    # A heading of other files of the stream does not keep this one's from being its field.
    there = {folded(heading) for heading in headings}
    known = {folded(h): field for h, field in said.items() if folded(h) in there}
    found: dict[int, Column] = {}
    free = [f for f in stream.fields if f.name not in taken and f.name not in known.values()]
    for index, heading in enumerate(headings):
        holds = evidence[index].holds
        if index in turned:
            found[index] = Column(heading, None, "unpivot", holds=holds)
        elif folded(heading) in known:
            found[index] = Column(heading, known[folded(heading)], "mapping", 1.0, holds)
        else:
            for field in free:
                if folded(heading) in map(folded, (field.name, *field.headings)):
                    found[index] = Column(heading, field.name, "alias", 1.0, holds)
                    break
    used = {column.field for column in found.values()}
    free = [field for field in free if field.name not in used]
    pairs = sorted(
        (
            (likeness(headings[i], field), i, field)
            for i in range(len(headings))
            if i not in found and headings[i]
            for field in free
            if fits_type(field, evidence[i])
        ),
        key=lambda pair: (-pair[0], pair[1]),
    )
    for score, index, field in pairs:
        if score < MENTIONED or index in found:
            continue
        rivals = [
            pair
            for pair in pairs
            if pair[0] > score - _APART
            and (pair[1] == index) != (pair[2] is field)
            and pair[1] not in found
        ]
        sure = score >= PROPOSED and not rivals
        if field.name in {c.field for c in found.values() if c.how == "alike"}:
            continue
        found[index] = Column(
            headings[index], field.name, "alike" if sure else "maybe", score, evidence[index].holds
        )
    return [
        found.get(i) or Column(heading, holds=evidence[i].holds)
        for i, heading in enumerate(headings)
    ]
