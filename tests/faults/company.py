"""The smallest company whose nights pass every room: organisation, deals and ledger as files,
answers to a survey over the API of a fake vendor, one channel, and a KPI that goes off course.

Its first night holds January to April 2026; in April revenue falls below what was agreed. The
second brings May, in which it is well again, and a correction of March. All dates are fixed, so
that two homes that were run at different moments hold the same facts.
"""

from __future__ import annotations

import datetime as dt
import os
import time
from pathlib import Path
from typing import Any

from pipelines.sandbox.tables import Tables
from pipelines.settings import Home
from tests.line.line import write

SETTINGS = """\
organisation_name: Klein
keep_publications: 40
alerts:
  channels: [{name: hook, url_env: KOERS_HOOK, digest: true}]
  # The dates are fixed, so all of it is older than anybody would put up with.
  stale_after_days: 100000
  files_stale_after_days: 100000
"""
ORGANISATION = {
    "org_units": """
        Eenheid;Laag;Valt onder;Naam;Eigenaar
        klein;organisatie;;Klein;directie
        verkoop;afdeling;klein;Verkoop;eva
        noord;team;verkoop;Noord;noor
        zuid;team;verkoop;Zuid;zus
    """,
    "people": """
        person_id;name
        ann;Ann
        bob;Bob
    """,
    "memberships": """
        Medewerker;Eenheid;Geldig vanaf
        ann;noord;01-01-2025
        bob;zuid;01-01-2025
    """,
    "kpi_targets": """
        KPI;Eenheid;Periode;Doel;Soort doel
        revenue;klein;month;1000;
        revenue;noord;month;500;
        nps;klein;month;20;
    """,
}
HEADINGS = (
    "Record ID - Deal,Deal owner,Deal Stage,Amount,Currency,Create Date,Close Date,"
    "Last Modified Date"
)
LEDGER = "Boekstuk;Boekdatum;Soort;Kostenplaats;Bedrag;Valuta"
PAGE_SIZE = "3"


def _deals(months: range, amount: int) -> list[str]:
    """Two deals a month, one of each person, closed on the 10th and the 28th."""
    found = []
    for month in months:
        for person, day in (("Ann", 10), ("Bob", 28)):
            at = f"2026-{month:02}-{day} 12:00"
            number = 100 * month + day
            found.append(f"{number},{person},Closed won,{amount}.00,EUR,2026-01-02 10:00,{at},{at}")
    return found


def _answers(first: int, last: int) -> list[dict[str, Any]]:
    """Answers to the survey, one every ten days from 5 January on."""
    begin = dt.datetime(2026, 1, 5, 12, tzinfo=dt.UTC)
    return [
        {
            "response_id": f"r{number:03}",
            "respondent": f"klant{number}@example.org",
            "score": (9, 10, 7, 9, 3)[number % 5],
            "responded_at": begin + dt.timedelta(days=10 * number),
            "owner": "ann",
            "campaign": None,
        }
        for number in range(first, last)
    ]


def tables(night: int) -> Tables:
    """What the vendor of the survey holds before a night."""
    return Tables(responses=_answers(0, 14 if night == 1 else 18))


def prepare(home: Home) -> None:
    """The settings, in an empty home."""
    home.root.mkdir(parents=True, exist_ok=True)
    home.settings_file.write_text(SETTINGS)


def bring(home: Home, night: int) -> None:
    """Put the files of a night (1 or 2) into the inbox, an hour old."""
    if night == 1:
        for name, text in ORGANISATION.items():
            write(home.inbox / "organisation", f"{name}.csv", text)
        # April is bad, and over, since May has begun.
        deals = [*_deals(range(1, 4), 800), *_deals(range(4, 5), 100), *_deals(range(5, 6), 9)]
        entries = [f"b{m};15-0{m}-2026;Omzet;noord;1000,00;EUR" for m in range(1, 6)]
    else:
        corrected = "310,Ann,Closed won,900.00,EUR,2026-01-02 10:00,2026-03-10 12:00,"
        late = "599,Ann,Closed won,2000.00,EUR,2026-01-02 10:00,2026-05-20 12:00,2026-05-20 12:00"
        deals = [corrected + "2026-06-02 12:00", late, *_deals(range(6, 7), 9)]
        entries = ["b6;15-06-2026;Omzet;noord;900,00;EUR"]
    write(home.inbox / "hubspot", f"deals-{night}.csv", "\n".join([HEADINGS, *deals]))
    write(home.inbox / "ledger", f"entries-{night}.csv", "\n".join([LEDGER, *entries]))
    for file in home.inbox.rglob("*.csv"):
        _age(file)


def _age(file: Path) -> None:
    then = time.time() - 3600
    os.utime(file, (then, then))
