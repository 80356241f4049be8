"""The restore drill: everything is destroyed but a backup, and nothing is told twice."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pipelines.operations.backup.manifest import stored_backups
from pipelines.publication import current
from pipelines.settings import Home
from pipelines.watch.ledger import open_alerts, published_events
from tests.commands import koers
from tests.watch.receiver import receiving

SETTINGS = "alerts: {channels: [{name: hook, url_env: KOERS_HOOK}]}\n"
DEALS = """\
Record ID - Deal,Deal owner,Deal Stage,Amount,Currency,Create Date,Close Date,Last Modified Date
0,Ann,Closed won,5.00,EUR,2026-01-02 10:00,2026-01-10 12:00,2026-01-10 12:00
1,Ann,Closed won,10.10,EUR,2026-01-05 10:00,2026-02-03 12:00,2026-02-03 12:00
2,Nobody,Closed won,20.20,EUR,2026-01-05 10:00,2026-02-03 12:00,2026-02-03 12:00
3,Ann,Closed won,30.30,EUR,2026-01-05 10:00,2026-03-03 12:00,2026-03-09 12:00
"""
TARGETS = """\
KPI;Eenheid;Periode;Doel;Marge omlaag;Soort marge;Geldig vanaf
revenue;organisation;month;1000;0,1;percent;01-01-2026
"""


@pytest.mark.nightly
@pytest.mark.fault("A12")
def test_a_backup_brings_a_company_back_on_an_empty_machine(tmp_path: Path) -> None:
    old, new = Home(tmp_path / "old"), Home(tmp_path / "other" / "place")
    for name, content in {
        "koers.yaml": SETTINGS,
        "inbox/hubspot/deals.csv": DEALS,
        "inbox/organisation/chart.csv": "Medewerker;Team;Afdeling\nAnn;Noord;Verkoop\n",
        "inbox/organisation/kpi_targets.csv": TARGETS,
    }.items():
        file = old.root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
    with receiving() as hook:
        first = koers(old, "run", KOERS_HOOK=hook.url)
        assert first.returncode == 0, first.stderr
        before, alerts = current(old), open_alerts(old.ledger)
        events, messages = published_events(old.ledger), list(hook.keys)
        assert before is not None
        assert alerts
        assert messages
        made = koers(old, "backup", str(tmp_path / "bk"))
        assert made.returncode == 0, made.stderr
        shutil.rmtree(old.root)

        put_back = koers(new, "restore", str(tmp_path / "bk"))
        assert put_back.returncode == 0, put_back.stderr
        assert open_alerts(new.ledger) == alerts
        again = koers(new, "run", KOERS_HOOK=hook.url)
        assert again.returncode == 0, again.stderr

        after = current(new)
        assert after is not None
        assert (after.facts_hash, after.dims_hash) == (before.facts_hash, before.dims_hash)
        assert published_events(new.ledger) == events
        assert hook.keys == messages, "no message was sent again"
        assert "nothing new" in again.stdout
        assert (new.state / "metrics.prom").exists()
    [backup] = stored_backups(tmp_path / "bk")
    assert not (backup / "home" / "warehouse").exists()
