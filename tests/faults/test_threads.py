"""However many threads add it up, and in whatever order, a figure is the same figure."""

from __future__ import annotations

import random
from pathlib import Path

import duckdb
import pytest

from pipelines.publication import facts_hash
from pipelines.settings import DBT_PROJECT_DIR, Home
from tests.line.building import dbt
from tests.line.line import ingest, write

pytestmark = [pytest.mark.nightly, pytest.mark.timeout(1800), pytest.mark.fault("D11")]

HEAD = (
    "Record ID - Deal,Deal owner,Deal Stage,Amount,Currency,Campaign,Create Date,Close Date,"
    "Last Modified Date\n"
)
ORGANISATION = {
    "org_units": """
        Eenheid;Laag;Valt onder;Naam
        bedrijf;organisatie;;Bedrijf
        noord;team;bedrijf;Noord
        zuid;team;bedrijf;Zuid
    """,
    "people": "person_id;name\nann;Ann\nbob;Bob",
    "memberships": """
        Medewerker;Team;Aandeel
        ann;noord;33
        ann;zuid;67
        bob;zuid;
    """,
    "exchange_rates": "Valuta;Koers;Geldig vanaf\nUSD;0,9137;01-01-2000",
}
MARTS = ["fct_kpi_values"]


def _landed(home: Home) -> None:
    chance = random.Random(11)  # noqa: S311 - not a secret
    rows = [
        f"{n},{chance.choice(['Ann', 'Bob', 'Eve'])},"
        f"{chance.choice(['Closed won', 'Closed lost'])},{chance.randint(1, 10**8) / 100:.2f},"
        f"{chance.choice(['EUR', 'USD'])},,2026-01-02 10:00,2026-0{chance.randint(2, 9)}-"
        f"{chance.randint(10, 28)} 12:00,2026-10-20 10:00"
        for n in range(3000)
    ]
    write(home.inbox / "hubspot", "deals.csv", HEAD + "\n".join(rows))
    for name, text in ORGANISATION.items():
        write(home.inbox / "organisation", f"{name}.csv", text)
    landed = ingest(home)
    assert not [file for each in landed.values() for file in each.files if file.refused]


def _profile(folder: Path, threads: int) -> Path:
    """The profile of the project, with so many threads for dbt and for DuckDB."""
    text = (DBT_PROJECT_DIR / "profiles.yml").read_text(encoding="utf-8")
    for old, new in (
        ("threads: 2", f"threads: {threads}"),
        ("TimeZone: UTC", f"TimeZone: UTC\n        threads: {threads}"),
    ):
        assert old in text
        text = text.replace(old, new)
    folder.mkdir()
    (folder / "profiles.yml").write_text(text)
    return folder


def test_one_two_and_four_threads_give_the_same_facts(koers_home: Home, tmp_path: Path) -> None:
    _landed(koers_home)
    hashes = {}
    for threads in (1, 2, 4):
        home = Home(tmp_path / f"of-{threads}")
        home.root.mkdir()
        home.landing.symlink_to(koers_home.landing)
        profiles = str(_profile(tmp_path / f"profile-{threads}", threads))
        arguments = ["run", "--profiles-dir", profiles, "--select", "+fct_kpi_values"]
        dbt(arguments, home)
        with duckdb.connect(str(home.warehouse), read_only=True) as facts:
            hashes[threads] = facts_hash(facts, tables=MARTS)
            (count,) = facts.execute("select count(*) from fct_kpi_values").fetchone() or (0,)
            assert count > 1000
    assert len(set(hashes.values())) == 1, hashes
