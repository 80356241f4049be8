"""`koers connect`, `backfill`, `sandbox`, and `koers run` with an account, as people call them."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.sandbox import Fault, Sandbox, serve, vendors
from pipelines.settings import Home
from tests.api.pulling import of_vendor, small_tables
from tests.commands import koers


@pytest.fixture
def box() -> Iterator[Sandbox]:
    with serve(vendors()["hubspot"].account(small_tables())) as found:
        yield found


def environment(box: Sandbox) -> dict[str, str]:
    return of_vendor(vendors()["hubspot"], box.url)


def test_connect_tells_what_will_be_pulled(koers_home: Home, box: Sandbox) -> None:
    done = koers(koers_home, "connect", "hubspot", **environment(box))
    assert done.returncode == 0, done.stderr
    assert "Account    4711" in done.stdout
    for stream in ("contacts", "activities"):
        number, _ = box.app.counts()[stream]  # type: ignore[attr-defined]
        assert re.search(rf"{stream} +{number:,} records, \d+ requests", done.stdout)
    assert environment(box)["KOERS_HUBSPOT_TOKEN"] not in done.stdout + done.stderr
    assert not koers_home.landing.exists()


def test_connect_tells_what_is_missing(koers_home: Home, box: Sandbox) -> None:
    fault = Fault("status", "/objects/deals", status=403, body='{"message": "no"}', times=9)
    box.faults.add(fault)
    done = koers(koers_home, "connect", "hubspot", **environment(box))
    assert done.returncode == 1
    assert "Needs: crm.objects.deals.read" in done.stdout

    done = koers(koers_home, "connect", "salesforce", KOERS_SALESFORCE_CLIENT_SECRET="wrong-secret")
    assert done.returncode == 1
    assert "KOERS_SALESFORCE_URL" in done.stdout
    assert "wrong-secret" not in done.stdout


def test_without_an_account_connect_lists_what_there_is(koers_home: Home) -> None:
    done = koers(koers_home, "connect")
    assert re.search(r"pipedrive +not configured", done.stdout)
    assert koers(koers_home, "connect", "hubspot").returncode == 1
    assert koers(koers_home, "connect", "nothing").returncode == 2


def test_backfill_reads_a_range_again(koers_home: Home, box: Sandbox) -> None:
    arguments = ["backfill", "hubspot", "--from", "2026-03-01", "--to", "2026-03-31"]
    done = koers(koers_home, *arguments, "--stream", "deals", **environment(box))
    assert done.returncode == 0, done.stderr
    assert re.search(r"hubspot\.deals: \d+ records that were not there", done.stdout)
    [manifest] = koers_home.landing.glob("hubspot/deals/load=*/manifest.json")
    assert json.loads(manifest.read_text())["mode"] == "window"

    wrong = koers(koers_home, *arguments[:3], "2026-04-01", *arguments[4:], **environment(box))
    assert wrong.returncode == 2
    assert koers(koers_home, *arguments).returncode == 1


def test_the_sandbox_runs_until_it_is_ended(koers_home: Home, tmp_path: Path) -> None:
    child = subprocess.Popen(
        [sys.executable, "-m", "pipelines.cli", "sandbox", "pipedrive", "--port", "0"],
        env={**os.environ, "KOERS_HOME": str(koers_home.root), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        lines = [child.stdout.readline() for _ in range(4)]  # type: ignore[union-attr]
        told = dict(re.findall(r"export (\w+)=(\S+)", "".join(lines)))
        done = koers(koers_home, "connect", "pipedrive", **told)
        assert done.returncode == 0, done.stdout
        assert "Account    31337" in done.stdout
    finally:
        child.send_signal(signal.SIGTERM)
        assert child.wait(timeout=30) == 0
        child.stdout.close()  # type: ignore[union-attr]
