"""A home that knows a canary employee and a canary contact in every room, quickly made."""

from __future__ import annotations

import datetime as dt
import gzip
import io
import json
import sqlite3
import zipfile
import zlib
from pathlib import Path

import duckdb
import openpyxl

from connectors.core.discover import discover
from connectors.core.export import ingest_inbox
from connectors.core.landing import Landing
from connectors.core.privacy import Pseudonyms
from pipelines import publishing
from pipelines.privacy.erasing import Makers
from pipelines.said.recording import record_all
from pipelines.settings import Home, Settings
from pipelines.watch.ledger import open_ledger, timestamp, transaction
from tests.line.line import write
from tests.publication.tiny import fact, month, warehouse

NOW = dt.datetime(2026, 11, 24, 2, 0, tzinfo=dt.UTC)
LATER = NOW + dt.timedelta(days=400)
"""When what retention keeps for a year is over its time."""
KEY = "made-up-key-of-the-tests-" + "0" * 16

EMPLOYEE = "Quirina Zandloper"
LOGIN = "quirina.zandloper@werk.example"
UNIT = "kanarie-1"
NUMBER = "EQ7731"
CONTACT = "kanarie.klant@kooi.example"
CONTACT_NAME = "Karel Kanarievogel"
PHONE = "+31612340987"
CONTACT_ID = "990017731"
PSEUDONYM = Pseudonyms(KEY.encode()).of(CONTACT)
OF_EMPLOYEE = (EMPLOYEE, LOGIN, UNIT, NUMBER)
OF_CONTACT = (CONTACT, CONTACT_NAME, PHONE, CONTACT_ID, PSEUDONYM)

CONTACTS = f"""
    Record ID - Contact,Email,Naam,Tel,Contact owner,Lifecycle stage,Create date,Laatst gewijzigd
    100001,ann@firma.example,Ann Ander,+31600000001,{LOGIN},lead,2026-01-05,2026-01-05 10:00
    {CONTACT_ID},{CONTACT},{CONTACT_NAME},{PHONE},{LOGIN},lead,2026-02-01,2026-02-01 10:00
    100003,cor@firma.example,Cor,+31600000003,piet@werk.example,lead,2026-02-07,2026-02-07 10:00
"""


def files(home: Home) -> None:
    """The export files of the home's inbox."""
    people = home.inbox / "organisation"
    write(
        people,
        "people.csv",
        f"person_id;name\n{UNIT};{EMPLOYEE}\npiet-2;Piet Ander\nkoos-3;Koos Ander",
    )
    write(
        people,
        "org_units.csv",
        f"""
        Eenheid;Laag;Valt onder;Naam;Eigenaar
        bedrijf;organisatie;;Bedrijf;Piet Ander
        verkoop;afdeling;bedrijf;Verkoop;
        noord;team;verkoop;Noord;{EMPLOYEE}
        zuid;team;verkoop;Zuid;
        """.replace("organisatie", "organisation").replace("afdeling", "department"),
    )
    write(
        people,
        "memberships.csv",
        f"""
        Medewerker;Eenheid;Geldig vanaf;Geldig tot en met;Aandeel
        {UNIT};noord;;31-03-2026;
        {UNIT};zuid;01-04-2026;;60
        {UNIT};noord;01-04-2026;;40
        piet-2;noord;;;
        koos-3;zuid;;;
        """,
    )
    write(
        people,
        "source_users.csv",
        f"""
        Bron;Gebruiker in bron;Medewerker;Eenheid
        *;{LOGIN};{UNIT};
        *;piet@werk.example;piet-2;
        hr;{NUMBER};{UNIT};
        hr;EP0002;piet-2;
        """,
    )
    hubspot = home.inbox / "hubspot"
    write(hubspot, "contacts.csv", CONTACTS)
    deals = []
    for n in range(1, 21):
        who, month_ = LOGIN if n % 2 else "piet@werk.example", f"2026-0{1 + n % 6}"
        deals.append(
            f"D{n},Deal {n},{who},Firma {n},{100 + n}.00,closedwon,{month_}-03,{month_}-20,"
            f"{month_}-20 10:00"
        )
    write(
        hubspot,
        "deals.csv",
        "Record ID - Deal,Deal name,Deal owner,Associated Company,Amount,Deal stage,Create date,"
        "Close date,Last modified date\n"
        + "\n".join(deals)
        + f"\nD98,Deal,{EMPLOYEE},Firma,veel,closedwon,2026-01-03,2026-01-20,2026-01-20 10:00",
    )
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        more = CONTACTS.replace("2026-02-01 10:00", "2026-03-01 10:00").replace(
            ",lead,", ",customer,"
        )
        archive.writestr(
            "contacts-2.csv", "\n".join(line.strip() for line in more.strip().split("\n")) + "\n"
        )
    later = home.inbox / "later.zip"
    later.write_bytes(packed.getvalue())
    surveys = home.inbox / "surveys"
    surveys.mkdir(parents=True)
    answers = [
        {"Response ID": f"R{n}", "Email": CONTACT if n == 2 else f"x{n}@firma.example",
         "Score": str(n), "Owner": LOGIN, "Submitted at": "2026-04-01T10:00:00Z",
         "Invited at": "2026-03-30T10:00:00Z", "Uitleg": CONTACT_NAME if n == 2 else ""}
        for n in range(1, 9)
    ]  # fmt: skip
    (surveys / "nps.json").write_text(json.dumps(answers), encoding="utf-8")
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["Training-ID", "Personeelsnummer", "Naam", "Datum", "Cursus", "Uren"])
    for n in range(1, 7):
        who = (NUMBER, EMPLOYEE) if n % 2 else ("EP0002", "Piet Ander")
        sheet.append([f"T{n}", *who, dt.date(2026, n, 12), "Excel", n])
    book.properties.creator = EMPLOYEE
    (home.inbox / "hr").mkdir(parents=True)
    book.save(home.inbox / "hr" / "trainingen.xlsx")


def land(home: Home, now: dt.datetime = NOW) -> None:
    for connector in discover().values():
        ingest_inbox(connector, home.inbox, home.landing, now=now, settle_seconds=0)


def build(home: Home, settings: Settings | None = None, file: Path | None = None) -> None:
    """Not dbt's warehouse, but one that says what the landing says: all records, and figures."""
    file = file or home.warehouse
    facts = [
        fact("revenue", u, month(m), 100.0, "on_course") for u in ("org", "north") for m in (1, 2)
    ]
    warehouse(file, facts)
    landing = Landing(home.landing)
    with duckdb.connect(str(file)) as db:
        db.execute("create table records (stream varchar, record varchar, record_id varchar)")
        for connector in discover().values():
            for stream in connector.streams:
                if parts := landing.parts(connector.name, stream.name):
                    db.execute(
                        f"insert into records select '{connector.name}.{stream.name}', record, "
                        "record_id from read_parquet(?)",
                        [[str(part) for part in parts]],
                    )
        people = db.execute(
            "select record ->> 'person_id', record ->> 'name' from records where stream = "
            "'organisation.people' and record ->> 'person_id' not like 'koers-erased%'"
        ).fetchall()
        for unit, name in people:
            db.execute(
                "insert into dim_org_unit values (?, 'individual', ?, 'north', null, false)",
                [unit, name],
            )
            db.execute(
                "insert into fct_kpi_status (kpi, org_unit_id, grain, period_start, period_end, "
                "kpi_value, status) values ('revenue', ?, 'month', '2025-01-01', '2025-01-31', 7, "
                "'on_course')",
                [unit],
            )
        db.execute("create or replace table bridge_org_unit as select org_unit_id as ancestor, "
                   "org_unit_id as descendant, 0 as depth from dim_org_unit")  # fmt: skip


def lineage_of_contacts(home: Home) -> None:
    """The manifest of dbt, as far as it says of which stream a staging model is."""
    home.manifest.parent.mkdir(parents=True, exist_ok=True)
    source = "source.koers.hubspot.contacts"
    home.manifest.write_text(
        json.dumps(
            {
                "sources": {source: {"source_name": "hubspot", "name": "contacts"}},
                "nodes": {
                    "m": {
                        "resource_type": "model",
                        "name": "stg_hubspot__contacts",
                        "depends_on": {"nodes": [source]},
                    }
                },
            }
        )
    )


def fake_makers() -> Makers:
    return Makers(build=build, renew=lambda _: None)


def fill(home: Home) -> None:
    """Land, build, publish, and let every other room know the canaries."""
    home.root.mkdir(parents=True)
    home.audiences_file.write_text(
        "audiences: {management: {individuals: "
        "{kpis: all, purpose: Guidance, legal_basis: contract}}}\n"
    )
    files(home)
    land(home)
    (home.inbox / "later.zip").rename(home.inbox / "hubspot" / "contacts.zip")
    land(home, NOW + dt.timedelta(hours=1))
    build(home)
    for run in ("one", "two"):
        publishing.publish_all(home, run_id=run)
    record_all(home)
    _ledger(home)
    _dagster(home)
    (home.report / "management").mkdir(parents=True)
    (home.report / "management" / "p.html").write_text(f"<p>{EMPLOYEE}</p>")
    home.dbt_logs.mkdir(parents=True, exist_ok=True)
    (home.dbt_logs / "dbt.log").write_text(f"12:00 {UNIT} {PSEUDONYM}\n")
    with gzip.open(home.state / "old.log.gz", "wt") as out:
        out.write(f"refused: {EMPLOYEE}, {CONTACT}\n")
    (home.state / "ingest").mkdir(exist_ok=True)
    (home.state / "ingest" / "hubspot.json").write_text(json.dumps({"reason": f"row of {CONTACT}"}))
    quarantine = home.warehouse.parent / "quarantine" / "20260101T000000000000Z"
    quarantine.mkdir(parents=True)
    (quarantine / "koers.duckdb").write_bytes(home.warehouse.read_bytes())


def _ledger(home: Home) -> None:
    detail = json.dumps({"name": EMPLOYEE, "since": "2026-01-01"})
    with open_ledger(home.ledger) as ledger, transaction(ledger):
        for number, unit in enumerate((UNIT, "noord"), 1):
            ledger.execute(
                "insert into alert_events (alert_id, kpi, org_unit_id, kind, state, occurred_at, "
                "period_start, publication_id, dedup_key, detail) values (?, 'revenue', ?, 'drift',"
                " 'firing', ?, '2026-01-01', 'p', ?, ?)",
                [f"a{number}", unit, timestamp(NOW), f"k{number}", detail],
            )
        ledger.execute(
            "insert into action_events (action_id, alert_id, state, what, who, start, until, "
            "occurred_at, by) values ('x', 'a2', 'agreed', 'bellen', ?, '2026-01-01', '2026-02-01',"
            " ?, ?)",
            [EMPLOYEE, timestamp(NOW), LOGIN],
        )
        ledger.execute(
            "insert into outbox (idempotency_key, publication_id, owner, channel, title, body, "
            "dedup_keys, created_at, next_attempt_at) values ('i', 'p', 'noor', 'mail', ?, ?, "
            "'[\"k1\"]', ?, ?)",
            [
                f"{EMPLOYEE}: omzet",
                f"Omzet van {EMPLOYEE} ({UNIT})",
                timestamp(NOW),
                timestamp(NOW),
            ],
        )


def _dagster(home: Home) -> None:
    runs = home.dagster / "history" / "runs"
    runs.mkdir(parents=True)
    with sqlite3.connect(runs / "index.db") as db:
        db.execute("create table event_logs (id integer primary key, event text, body blob)")
        event = json.dumps({"message": f"refused a row of {CONTACT}; {EMPLOYEE}; {PSEUDONYM}"})
        db.execute(
            "insert into event_logs (event, body) values (?, ?)",
            [event, zlib.compress(event.encode())],
        )
        db.execute("insert into event_logs (event) values (?)", [f"deleted {EMPLOYEE} " * 300])
        db.execute("delete from event_logs where id = 2")
    db.close()
    log = home.dagster / "storage" / "run" / "compute_logs" / "a.err"
    log.parent.mkdir(parents=True)
    log.write_text(f"warning: {LOGIN} {PHONE}\n")
