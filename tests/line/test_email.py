"""What e-mail tools tell or do not tell, from the pull to the measures."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import duckdb
import pytest

from connectors.core.discover import discover
from pipelines.ingest import ingest
from pipelines.sandbox import serve, vendors
from pipelines.sandbox.kit import Kit
from pipelines.sandbox.tables import Tables, sample_tables
from pipelines.settings import Home, settings
from tests.api.pulling import of_vendor
from tests.line.building import dbt

pytestmark = [pytest.mark.nightly, pytest.mark.xdist_group("email")]

END = dt.date(2026, 5, 31)
NOW = dt.datetime(2026, 6, 1, 2, tzinfo=dt.UTC)
SUMS = (
    "mails_sent, mail_unique_opens, mail_unique_clicks, mails_with_known_opens,"
    " mails_with_known_bounces, mails_with_known_delivery, mails_delivered, mail_bounces"
)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    home = Home((tmp_path / "koers").resolve())
    monkeypatch.setenv("KOERS_HOME", str(home.root))
    monkeypatch.setenv("KOERS_PSEUDONYM_KEY", "made-up-key-of-the-tests-" + "0" * 16)
    home.root.mkdir()
    return home


def pull(home: Home, account: Any, name: str, now: dt.datetime = NOW) -> None:
    with serve(account) as box, pytest.MonkeyPatch.context() as patch:
        for variable, value in of_vendor(vendors()[name], box.url).items():
            patch.setenv(variable, value)
        assert not ingest(discover()[name], home, settings(home), now=now).troubles


def totals(home: Home) -> dict[str, dict[str, Any]]:
    """The sums of the measures of mailings, by source."""
    dbt(["run", "--select", "+measure_mailings"], home)
    columns = ", ".join(f"sum({each}) as {each}" for each in SUMS.split(", "))
    source = "split_part(mailing_key, '/', 1)"
    with duckdb.connect(str(home.warehouse), read_only=True) as db:
        found = db.execute(f"select {source} as source, {columns} from measure_mailings group by 1")
        names = [each[0] for each in found.description or []]
        made = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    return {row.pop("source"): row for row in made}


def test_unknown_figures_spoil_no_ratio_and_known_ones_are_not_lost(home: Home) -> None:
    tables = sample_tables(END, months=2)
    sent = sum(row["sent"] for row in tables.mailings)
    opens = sum(row["unique_opens"] for row in tables.mailings)
    # Kit tells no bounces; GetResponse tells machines from people.
    kit = Kit(Tables(mailings=tables.mailings))
    pull(home, kit, "kit")
    pull(home, vendors()["getresponse"].account(Tables(mailings=tables.mailings)), "getresponse")
    found = totals(home)

    assert found["kit"] == {
        "mails_sent": sent,
        "mail_unique_opens": opens,
        "mail_unique_clicks": sum(row["unique_clicks"] for row in tables.mailings),
        "mails_with_known_opens": sent,
        "mails_with_known_bounces": None,
        "mails_with_known_delivery": None,
        "mails_delivered": None,
        "mail_bounces": None,
    }
    assert found["getresponse"]["mail_unique_opens"] == opens
    assert found["getresponse"]["mails_with_known_bounces"] == sent
    delivered = sum(row["delivered"] for row in tables.mailings)
    assert found["getresponse"]["mails_with_known_opens"] == delivered

    # The owner wants machines counted, and Kit no longer gives the statistics of some mailings.
    home.settings_file.write_text("machine_opens: count\n", encoding="utf-8")
    newest = sorted(kit._statistics)[-3:]
    for number in newest:
        kit._statistics[number] = {}
    pull(home, kit, "kit", NOW + dt.timedelta(days=1))
    again = totals(home)
    assert again["kit"] == found["kit"]
    assert again["getresponse"]["mail_unique_opens"] > opens
    with duckdb.connect(str(home.warehouse), read_only=True) as db:
        refused = db.execute(
            "select count(*) from stg_kit__mailings where quarantine_reason is not null"
        ).fetchone()
    assert refused == (len(newest),)
