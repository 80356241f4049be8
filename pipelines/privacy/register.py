"""The register of processing activities (GDPR article 30), from what connectors declare: which
fields of which people come in, in what form, for which KPIs, how long they stay and who sees them.

A start for the privacy officer, not advice: the purpose and the legal basis are the organisation's
to state (`audiences.yaml`).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from connectors.core.contract import Connector, Field, Stream
from connectors.core.forgotten import EMPLOYEE_FIELDS
from pipelines.audiences import Audience, audiences
from pipelines.settings import Home, Settings
from pipelines.streams import kpis_by_source

NOT_OF_PEOPLE = frozenset({"name", "profile", "cost_centre", "sender"})
"""Fields that name an employee only where an organisation lets them: an account, a list."""


@dataclass(frozen=True)
class Activity:
    """One stream that tells of people."""

    source: str
    stream: str
    of_whom: str
    fields: str
    form: str
    purpose: str
    kpis: str
    kept: str
    recipients: str


def purposes(home: Home) -> list[str]:
    """What the figures of single persons are used for, by audience."""
    return [
        f"{name}: {chosen.individuals.told}"
        for name, chosen in audiences(home).items()
        if chosen.individuals is not None
    ]


def activities(
    home: Home, settings: Settings, connectors: Mapping[str, Connector], manifest: Mapping[str, Any]
) -> list[Activity]:
    """A line for each stream with fields about people. manifest: dbt's."""
    needed = kpis_by_source(manifest)
    chosen = audiences(home)
    kept = settings.retention.told()
    found = []
    for name, connector in connectors.items():
        for stream in connector.streams:
            contacts = [each.name for each in stream.fields if each.personal]
            employees = [each.name for each in stream.fields if _is_of_employee(each, stream)]
            if not contacts and not employees:
                continue
            kpis = sorted(needed.get((name, stream.name), ()))
            found.append(
                Activity(
                    connector.label,
                    f"{name}.{stream.name}",
                    " and ".join(
                        [*(["contacts"] if contacts else []), *(["employees"] if employees else [])]
                    ),
                    ", ".join([*contacts, *employees]),
                    _form(contacts, employees),
                    _purpose(name, chosen),
                    ", ".join(kpis) or "none: to join other records",
                    f"{kept['landing']}; {kept['files']}",
                    _recipients(chosen, bool(employees)),
                )
            )
    return found


def _is_of_employee(each: Field, stream: Stream) -> bool:
    if each.name in NOT_OF_PEOPLE:
        return each.name == "name" and stream.key[0] in ("person_id", "owner_id")
    return each.name in EMPLOYEE_FIELDS or (
        stream.key == ("owner_id",) and each.name in ("email", "first_name", "last_name")
    )


def _form(contacts: Iterable[str], employees: Iterable[str]) -> str:
    told = []
    if contacts:
        told.append("contacts: keyed hash (HMAC-SHA256) before anything is written")
    if employees:
        told.append("employees: as the source gives them")
    return "; ".join(told)


def _purpose(connector: str, chosen: Mapping[str, Audience]) -> str:
    if connector == "organisation":
        return "to attribute work to teams and departments"
    told = [each.individuals.told for each in chosen.values() if each.individuals is not None]
    return "; ".join(["KPIs of teams and departments", *dict.fromkeys(told)])


def _recipients(chosen: Mapping[str, Audience], has_employees: bool) -> str:
    told = []
    for name, audience in chosen.items():
        if audience.individuals is not None and has_employees:
            told.append(f"{name} (single employees)")
        elif audience.min_group_size > 1:
            told.append(f"{name} (groups of {audience.min_group_size} and more)")
        else:
            told.append(f"{name} (units)")
    return ", ".join(told)


HEADINGS = {
    "source": "Source",
    "stream": "Stream",
    "of_whom": "Of whom",
    "fields": "Fields",
    "form": "Form",
    "purpose": "Purpose and legal basis",
    "kpis": "KPIs",
    "kept": "Kept",
    "recipients": "Recipients",
}


def as_markdown(found: Iterable[Activity]) -> str:
    """The register as a table."""
    lines = [
        "# Register of processing",
        "",
        "Made by `koers privacy register` from what the connectors declare. Streams without fields",
        "about people are left out.",
        "",
        f"| {' | '.join(HEADINGS.values())} |",
        f"|{'---|' * len(HEADINGS)}",
    ]
    lines += [
        "| " + " | ".join(text.replace("|", "\\|") for text in asdict(each).values()) + " |"
        for each in found
    ]
    return "\n".join(lines) + "\n"


def as_csv(found: Iterable[Activity]) -> str:
    """The register as CSV. No cell begins like a formula: all begin with a letter of ours."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(HEADINGS.values())
    writer.writerows(asdict(each).values() for each in found)
    return out.getvalue()
