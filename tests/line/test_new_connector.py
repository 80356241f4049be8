"""A connector is one module and one staging folder: in a copy of the project, with nothing else
edited, its API is pulled and its deals stand among those of the others."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pipelines.sandbox import Fault, serve
from pipelines.sandbox.server import Call, Reply
from pipelines.settings import PROJECT_DIR

pytestmark = pytest.mark.nightly

MODULE = '''
"""A small CRM."""
from connectors.core.api.auth import Header
from connectors.core.api.declare import Api, JsonRecords, Listing, Pull, fixed
from connectors.core.api.messages import Request
from connectors.core.api.paging import Token
from connectors.core.api.values import Variable
from connectors.core.contract import Connector, Field, Stream

KEY, URL = "KOERS_SMALLCRM_KEY", "KOERS_SMALLCRM_URL"
DEALS = Listing(Request("/deals"), JsonRecords("items"), Token("next", "after"))
CONNECTOR = Connector(
    name="smallcrm",
    label="Small CRM",
    kind="crm",
    api=Api(
        variables=(Variable(KEY, "The key", secret=True), Variable(URL, "The address")),
        base_url=lambda values: values[URL],
        auth=lambda values, clock: Header("X-Key", values[KEY]),
        account=lambda values: (Request("/me"), "id"),
    ),
    streams=(
        Stream(
            name="deals",
            description="One row is one deal.",
            key=("deal_id",),
            mode="full",
            activity="closed_on",
            fields=(
                Field("deal_id", path="id", required=True),
                Field("stage", path="state.name"),
                Field("amount", "decimal", path="worth"),
                Field("closed_on", "date", path="closed"),
            ),
            pull=Pull(fixed(DEALS)),
        ),
    ),
)
'''
SOURCES = """
sources:
  - name: smallcrm
    config: {meta: {label: Small CRM, kind: crm}}
    tables:
      - name: deals
        description: One row is one deal.
"""
TEXTS = ("owner", "account", "account_id", "product", "market", "pipeline", "campaign", "origin")
STAGING = """
{% set fields = ['deal_id', 'stage', 'amount', 'closed_on'] %}
{% set casts = {'amount': 'decimal', 'closed_on': 'business_date'} %}
select
    'smallcrm' as source, record_id, updated_at, is_deleted, load_id, deal_id,
    TEXTS,
    {{ deal_stage('stage') }} as stage,
    {{ as_decimal('amount') }} as amount,
    {{ base_currency() }} as currency,
    {{ business_date('closed_on') }} as created_date,
    {{ business_date('closed_on') }} as closed_date,
    {{ quarantine_reason(casts, required=['deal_id']) }} as quarantine_reason
from ({{ landed('smallcrm', 'deals', fields, full=true) }}) as source
""".replace("TEXTS", ", ".join(f"cast(null as varchar) as {name}" for name in TEXTS))
CHILD = """
import datetime as dt
import json
import duckdb
from connectors.core.discover import discover
from pipelines.dbt import run_dbt
from pipelines.ingest import ingest
from pipelines.settings import home, settings

at = home()
done = ingest(discover()["smallcrm"], at, settings(at), now=dt.datetime.now(dt.UTC))
assert not done.troubles, done
run_dbt(["run", "--select", "+deals"], at, settings(at))
with duckdb.connect(str(at.warehouse), read_only=True) as db:
    rows = db.execute("select source, deal_id, stage, amount::varchar from deals order by 2")
    print(json.dumps(rows.fetchall()))
"""


class SmallCrm:
    """Three deals on two pages."""

    def handle(self, call: Call, fault: Fault | None) -> Reply:
        if call.headers.get("x-key") != "the-secret-key":
            return Reply({}, 401)
        if call.path == "/me":
            return Reply({"id": 1})
        deals: list[dict[str, Any]] = [
            {"id": n, "state": {"name": "Won"}, "worth": n * 10.5, "closed": "2026-03-04"}
            for n in (1, 2, 3)
        ]
        if call.params.get("after") == "2":
            return Reply({"items": deals[2:]})
        return Reply({"items": deals[:2], "next": "2"})


def test_one_module_and_one_staging_folder(tmp_path: Path) -> None:
    copy = tmp_path / "koers"
    for folder in ("connectors", "pipelines", "dbt_project"):
        ignored = shutil.ignore_patterns("__pycache__", "target", "logs")
        shutil.copytree(PROJECT_DIR / folder, copy / folder, ignore=ignored)
    (copy / "connectors" / "smallcrm.py").write_text(MODULE)
    staging = copy / "dbt_project" / "models" / "staging" / "smallcrm"
    staging.mkdir()
    (staging / "_smallcrm__sources.yml").write_text(SOURCES)
    (staging / "stg_smallcrm__deals.sql").write_text(STAGING)

    with serve(SmallCrm()) as box:
        done = subprocess.run(
            [sys.executable, "-c", CHILD],
            cwd=copy,
            env={
                **os.environ,
                "PYTHONPATH": str(copy),
                "KOERS_HOME": str(tmp_path / "home"),
                "KOERS_SMALLCRM_KEY": "the-secret-key",
                "KOERS_SMALLCRM_URL": box.url,
            },
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stderr + done.stdout
    told = done.stdout.strip().splitlines()[-1]
    assert json.loads(told) == [["smallcrm", str(n), "won", f"{n * 10.5:.2f}"] for n in (1, 2, 3)]
