"""Spreadsheets full of mistakes: every mistake is named, and no euro is lost or counted twice."""

from __future__ import annotations

import re

import duckdb
import pytest
import yaml

from pipelines.settings import DBT_PROJECT_DIR, Home
from tests.line.line import build, ingest, write

FILES = {
    "org_units": """
        Eenheid;Laag;Valt onder;Naam;Eigenaar;Geldig vanaf;Geldig tot en met
        bedrijf;organisatie;;Bedrijf;Ann;01-01-2025;
        zuster;organisatie;;Zuster;;;
        verkoop;afdeling;bedrijf;Verkoop;Niemand;;
        weg;team;bestaat-niet;Weg;;;
        a;team;b;A;;;
        b;team;a;B;;;
        x;vestiging;bedrijf;X;;;
        noord;team;verkoop;Noord;;;
        noord;team;weg;Noord;;01-03-2026;
        p1;project;bedrijf;P1;;;
        onder-p1;team;p1;Onder P1;;;
        oud;team;verkoop;Oud;;01-02-2026;01-01-2026
    """,
    "people": """
        person_id;name
        ann;Ann
        bob;Bob
        cas;Cas
        dirk;Jan
        evi;Jan
        noord;Noord
    """,
    "memberships": """
        Medewerker;Eenheid;Geldig vanaf;Geldig tot en met;Aandeel
        ann;noord;01-01-2026;;
        ann;weg;01-02-2026;28-02-2026;
        bob;nergens;;;
        cas;a;;;
        cas;noord;01-03-2026;;70
        cas;verkoop;01-03-2026;;40
        dirk;onder-p1;;;
        evi;p1;;;
        spook;noord;;;
    """,
    "source_users": """
        Bron;Gebruiker in bron;Medewerker;Eenheid;Geldig vanaf
        hubspot;ann@x;ann;;
        hubspot;ann@x;bob;;01-03-2026
        HubSpot;geest@x;spook;noord;
        hubspot;nergens@x;;nergens;
        hubspot;leeg@x;;;
        oudcrm;iemand@x;ann;;
    """,
    "project_rules": """
        Bron;Waarde;Project
        hubspot;lente;p1
        hubspot;herfst;p2
    """,
    "exchange_rates": """
        Valuta;Koers;Geldig vanaf
        USD;0,90;01-01-2026
        USD;0,80;01-02-2026
        GBP;0;
    """,
    "kpi_targets": """
        KPI;Eenheid;Periode;Doel;Soort marge;From;Until;Marge omlaag;Kanten;Soort doel;Profiel
        revenue;bedrijf;month;100;percent;01-01-2026;;;;;
        revenue;bedrijf;month;200;percent;01-02-2026;;;;;
        omzet;bedrijf;month;100;percent;;;;;;
        revenue;nergens;month;100;percent;;;;;;
        revenue;bedrijf;decade;100;gevoel;;;;;;
        revenue;verkoop;year;1000;absolute;01-01-2026;31-12-2026;100;twee;;Winter
        revenue;bedrijf;quarter;0,1;;01-01-2025;;;;groei;
        revenue;bedrijf;week;10;;;;;drie;raar;lente
        nps;verkoop;year;10;;01-02-2026;01-03-2026;;;;winter
        new_orders;bedrijf;year;8;;01-01-2026;;-0,1;;groei;
        average_order;verkoop;year;50;;01-01-2026;;;;;
        revenue;ann;month;300;;01-02-2026;28-02-2026;;;;
    """,
    "target_profiles": """
        Profiel;Maand;Gewicht
        winter;1;3
        winter;2;1
        winter;3;0
        winter;13;1
    """,
    "target_shares": """
        KPI;Van eenheid;Naar eenheid;Gewicht;Geldig vanaf;Geldig tot en met
        *;verkoop;noord;1;;
        *;noord;ann;2;;
        *;noord;ann;2;01-03-2026;
        *;noord;cas;1;;
        *;noord;cas;1;01-05-2026;01-04-2026
        *;noord;bob;0;;
        *;verkoop;weg;1;;
        *;verkoop;nergens;1;;
        omzet;verkoop;noord;1;;
    """,
    "known_events": """
        Gebeurtenis;Eenheid
        Storing;nergens
    """,
    "innovations": """
        Soort;Naam
        markt;Vlaanderen
        dienst;Onderhoud
    """,
    "milestones": """
        Project;Mijlpaal;Uiterlijk
        p1;Lancering;01-02-2026
        p2;Lancering;01-02-2026
    """,
    "project_budgets": """
        Project;Budget;Geldig vanaf
        p2;1000;01-02-2026
    """,
}
UNIT_TESTS = (
    "stg_hubspot__deals::a_business_date_is_the_day_in_the_business_time_zone",
    "int_measure_periods::periods_follow_the_fiscal_year_and_iso_weeks",
    "int_kpi_values::over_less_than_nothing_there_is_no_ratio",
    "fct_kpi_status::what_is_unknown_is_never_on_course",
)
"""Of dbt, which are run by the build here, and show what a fault may not do."""
OWNERS = ("ann@x", "Bob", "Cas", "Jan", "geest@x", "nergens@x", "leeg@x", "iemand@x", "Noord", "")
DAYS = ("2024-06-01", "2026-01-10", "2026-02-10", "2026-03-10")
PROBLEMS = {
    ("org_units", "zuster|", "more than one organisation"),
    ("org_units", "verkoop|", "owner Niemand"),
    ("org_units", "weg|", "bestaat-niet, which does not exist"),
    ("org_units", "a|", "under itself, by way of b"),
    ("org_units", "b|", "under itself, by way of a"),
    ("org_units", "x|", "layer 'vestiging' is unknown"),
    ("org_units", "noord|2026-03-01", "unit noord is in two rows"),
    ("org_units", "onder-p1|", "p1, which is a project"),
    ("org_units", "oud|2026-02-01", "before it begins"),
    ("people", "dirk|", "another employee is also called Jan"),
    ("people", "evi|", "another employee is also called Jan"),
    ("people", "noord|", "noord is also the id of a unit"),
    ("memberships", "ann|weg|2026-02-01", "person ann is in two rows"),
    ("memberships", "bob|nergens|", "unit nergens does not exist"),
    ("memberships", "evi|p1|", "unit p1 does not exist, or is no department or team"),
    ("memberships", "cas|noord|2026-03-01", "person cas would work 110 percent"),
    ("memberships", "cas|verkoop|2026-03-01", "person cas would work 110 percent"),
    ("innovations", "dienst|Onderhoud|", "kind 'dienst' is unknown"),
    ("milestones", "p2|Lancering", "project p2 does not exist"),
    ("project_budgets", "p2|2026-02-01", "project p2 does not exist"),
    ("memberships", "spook|noord|", "person spook is not in the file of people"),
    ("source_users", "hubspot|ann@x|2026-03-01", "user ann@x of hubspot is in two rows"),
    ("source_users", "HubSpot|geest@x|", "person spook is unknown"),
    ("source_users", "hubspot|nergens@x|", "unit nergens does not exist"),
    ("source_users", "hubspot|leeg@x|", "it names no person and no unit"),
    ("source_users", "oudcrm|iemand@x|", "source 'oudcrm' is unknown"),
    ("project_rules", "hubspot|herfst|", "project p2 does not exist"),
    ("exchange_rates", "USD|2026-02-01", "currency USD is in two rows"),
    ("exchange_rates", "GBP|", "is not above 0"),
    ("kpi_targets", "revenue|bedrijf|month|2026-02-01", "KPI revenue of bedrijf"),
    ("kpi_targets", "omzet|bedrijf|month|", "there is no KPI omzet"),
    ("kpi_targets", "revenue|nergens|month|", "unit nergens does not exist"),
    ("kpi_targets", "revenue|bedrijf|decade|", "period 'decade' is unknown"),
    ("kpi_targets", "revenue|bedrijf|decade|", "kind of margin 'gevoel' is unknown"),
    ("kpi_targets", "revenue|bedrijf|quarter|2025-01-01", "not known in whole for 2 periods"),
    ("kpi_targets", "revenue|bedrijf|week|", "kind of target 'raar' is unknown"),
    ("kpi_targets", "revenue|bedrijf|week|", "sides 'drie' is unknown"),
    ("kpi_targets", "revenue|bedrijf|week|", "profile 'lente' has no month"),
    ("kpi_targets", "nps|verkoop|year|2026-02-01", "no year ends between"),
    ("kpi_targets", "nps|verkoop|year|2026-02-01", "this KPI does not add up"),
    ("kpi_targets", "new_orders|bedrijf|year|2026-01-01", "a growth of 8.0 is 800 percent"),
    ("kpi_targets", "new_orders|bedrijf|year|2026-01-01", "a margin is below 0"),
    ("target_profiles", "winter|3", "is not above 0"),
    ("target_profiles", "winter|13", "month 13 is none"),
    ("target_shares", "*|noord|ann|2026-03-01", "the share of ann in noord"),
    ("target_shares", "*|noord|cas|2026-05-01", "before it begins"),
    ("target_shares", "*|noord|bob|", "is not above 0"),
    ("target_shares", "*|verkoop|weg|", "weg hangs under verkoop at no time"),
    ("target_shares", "*|verkoop|nergens|", "unit nergens does not exist"),
    ("target_shares", "omzet|verkoop|noord|", "there is no KPI omzet"),
    ("known_events", "Storing||nergens|", "unit nergens does not exist"),
}


def deals() -> str:
    """One won deal of every owner on every day, each of another amount in euros,
    and four in other currencies."""
    rows = [
        "Record ID - Deal,Deal owner,Deal Stage,Amount,Currency,Campaign,Create Date,Close Date,"
        "Last Modified Date"
    ]
    changed = "2026-03-11 12:00"
    number = 0
    for day in DAYS:
        for owner in OWNERS:
            number += 1
            campaign = ("lente", "herfst", "")[number % 3]
            rows.append(
                f"{number},{owner},Closed won,{number}.01,EUR,{campaign},"
                f"{day} 10:00,{day} 11:00,{changed}"
            )
    for number, currency, closed in (
        (901, "USD", "2026-01-31"),
        (902, "USD", "2026-02-01"),
        (903, "USD", "2025-12-31"),
        (904, "GBP", "2026-02-01"),
    ):
        rows.append(
            f"{number},Ann,Closed won,100.00,{currency},,2026-01-05 10:00,{closed} 12:00,{changed}"
        )
    return "\n".join(rows)


def assert_targets(connection: duckdb.DuckDBPyConnection) -> None:
    """What is good in these files is spread, handed down and judged as it says."""

    def status(kpi: str, unit: str, grain: str, start: str) -> tuple[object, ...]:
        row = connection.execute(
            "select target, target_origin, band_lower, band_upper from fct_kpi_status"
            " where kpi = ? and org_unit_id = ? and grain = ? and period_start = ?",
            [kpi, unit, grain, start],
        ).fetchone()
        assert row is not None, (kpi, unit, grain, start)
        return row

    # 1000 a year, with a hundred less or (the KPI's own 0.1) more; three quarters of it in January.
    january = (750, "spread", 675, pytest.approx(750.075))
    assert status("revenue", "verkoop", "month", "2026-01-01") == january
    assert status("revenue", "verkoop", "month", "2026-02-01")[:2] == (250, "spread")
    assert status("revenue", "verkoop", "month", "2026-03-01") == (0, "spread", 0, 0)
    assert status("revenue", "verkoop", "year", "2026-01-01") == (1000, "agreed", 900, 1000.1)
    # The week of 26 January has six days of January's 3 of 4, and one of February's.
    week = 1000 * 3 / 4 * 6 / 31 + 1000 / 4 / 28
    found = status("revenue", "verkoop", "week", "2026-01-26")
    assert found[:2] == (pytest.approx(week, abs=0.01), "spread")
    # All of it is North's, of which Ann has two thirds.
    handed_down = (750, "translated", 675, pytest.approx(750.075))
    assert status("revenue", "noord", "month", "2026-01-01") == handed_down
    assert status("revenue", "ann", "month", "2026-01-01")[:2] == (500, "translated")
    assert status("revenue", "ann", "month", "2026-02-01")[:2] == (300, "agreed")
    # Cas has no figures yet to hold his third against; in February Ann agreed on more than North.
    gaps = connection.execute(
        "select period_start::varchar, gap::double, children_with_own, children_without"
        " from target_gaps where org_unit_id = 'noord' order by period_start"
    ).fetchall()
    assert gaps == [("2026-01-01", 250, 0, 1), ("2026-02-01", -50, 1, 1)]
    # A mean holds as it is, in shorter periods and below.
    for unit, origin in (("verkoop", "spread"), ("noord", "translated"), ("ann", "translated")):
        assert status("average_order", unit, "month", "2026-01-01")[:2] == (50, origin)
    # The quarter of growth: on nothing it is nothing, and on the unknown there is none.
    assert status("revenue", "bedrijf", "quarter", "2025-04-01")[:2] == (None, "no_last_year")
    assert status("revenue", "bedrijf", "quarter", "2025-07-01")[:2] == (0, "agreed")
    assert status("revenue", "bedrijf", "month", "2026-01-01") == (100, "agreed", 90, None)


@pytest.mark.fault("D2", "D4", "D5", "D6", "D8", "D9")
@pytest.mark.nightly
def test_a_wrong_organisation_is_named_and_loses_nothing(
    koers_home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    # With all unit tests of dbt, which no night runs.
    monkeypatch.setenv("DBT_EXCLUDE_RESOURCE_TYPES", "")
    for name, text in FILES.items():
        write(koers_home.inbox / "organisation", f"{name}.csv", text)
    write(koers_home.inbox / "hubspot", "deals.csv", deals())
    landed = ingest(koers_home)
    assert [f.refused for result in landed.values() for f in result.files if f.refused] == []
    # dbt's own tests are in this: parts add up to their unit, projects to the organisation.
    said = build(koers_home)
    for unit_test in UNIT_TESTS:
        assert f"PASS {unit_test}" in said
    files = [yaml.safe_load(file.read_text()) for file in DBT_PROJECT_DIR.rglob("models/**/*.yml")]
    declared = sum(len(each.get("unit_tests", [])) for each in files)
    assert len(re.findall(r"PASS \w+::\w+", said)) == declared > 0

    connection = duckdb.connect(str(koers_home.warehouse), read_only=True)
    found = connection.execute(
        "select stream, record_id, problem from organisation_problems"
    ).fetchall()
    unexpected = [
        row for row in found if not any(row[:2] == p[:2] and p[2] in row[2] for p in PROBLEMS)
    ]
    missing = [p for p in PROBLEMS if not any(row[:2] == p[:2] and p[2] in row[2] for row in found)]
    assert (unexpected, missing) == ([], [])
    assert len(found) == len(PROBLEMS)

    assert_targets(connection)
    count = len(OWNERS) * len(DAYS)
    euros = count * (count + 1) / 2 + count * 0.01 + 90 + 80
    years = connection.execute(
        "select org_unit_id, sum(numerator)::double from fct_kpi_values"
        " where kpi = 'revenue' and grain = 'year' group by 1"
    ).fetchall()
    revenue = dict(years)
    assert revenue["bedrijf"] == pytest.approx(euros)
    # Not before her first day, and what ann@x does is Bob's from March on.
    assert revenue["ann"] == pytest.approx(11.01 + 21.01 + 90 + 80)
    assert revenue["bob"] == pytest.approx(31.01 + 2.01 + 12.01 + 22.01 + 32.01)
    refused = connection.execute(
        "select record_id, kind, reason from quarantine order by all"
    ).fetchall()
    no_rate = "amount: there is no exchange rate of"
    assert refused == [
        ("903", "no_exchange_rate", f"{no_rate} USD on 2025-12-31"),
        ("904", "no_exchange_rate", f"{no_rate} GBP on 2026-01-05"),
        ("904", "no_exchange_rate", f"{no_rate} GBP on 2026-02-01"),
    ]
    assert connection.execute(
        "select sum(amounts_without_rate) from fct_data_quality"
    ).fetchone() == (3,)
