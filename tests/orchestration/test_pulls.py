"""Accounts in the nightly run and in Dagster: pulled each night, told when they fail, read again by
month."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import dagster as dg
import pytest

from connectors.core.discover import discover
from connectors.hubspot import CONNECTOR
from pipelines.defs.everything import build_definitions
from pipelines.ingest import ingest
from pipelines.nightly import NightlyResult, nightly
from pipelines.passes import last_pass
from pipelines.sandbox import Fault, Sandbox, serve, vendors
from pipelines.settings import Home, Settings
from tests.api.pulling import of_vendor, small_tables
from tests.orchestration.test_nightly import Notes


@pytest.fixture
def box(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """A HubSpot account that the environment names."""
    with serve(vendors()["hubspot"].account(small_tables())) as found:
        for name, value in of_vendor(vendors()["hubspot"], found.url).items():
            monkeypatch.setenv(name, value)
        yield found


class Pulling(Notes):
    """Ingests as Dagster's runner does."""

    def ingest(self, connector: str) -> str | None:
        self.asked.append(connector)
        done = ingest(discover()[connector], self.home, Settings(), now=dt.datetime.now(dt.UTC))
        return done.failed


def run(notes: Notes) -> NightlyResult:
    notes.asked.clear()
    return nightly(notes.home, Settings(), ["hubspot", "surveys"], notes.open, pulled=["hubspot"])


def test_an_account_is_pulled_each_night_and_builds_only_on_news(
    koers_home: Home, box: Sandbox
) -> None:
    notes = Pulling(koers_home)
    assert run(notes).built
    assert notes.asked == ["open", "hubspot", "full"]
    calls = len(box.calls)
    second = run(notes)
    assert notes.asked == ["open", "hubspot"], "asked for news, of which there is none"
    assert not second.built
    assert calls < len(box.calls) < 2 * calls


@pytest.mark.fault("B23")
def test_a_stream_that_fails_is_told_and_the_others_are_landed(
    koers_home: Home, box: Sandbox
) -> None:
    body = '{"message": "missing scopes"}'
    box.faults.add(Fault("status", "/objects/contacts", status=403, body=body, times=99))
    result = run(Pulling(koers_home))
    assert "missing scopes" in result.failed["hubspot"]
    assert result.built
    assert {load.stream for load in result.ingested["hubspot"].loads} >= {"deals", "owners"}
    box.faults.clear()
    assert run(Pulling(koers_home)).failed == {}


def test_a_connector_without_an_account_costs_nothing(koers_home: Home) -> None:
    done = ingest(CONNECTOR, koers_home, Settings(), now=dt.datetime.now(dt.UTC))
    assert (done.loads, done.troubles, done.requests) == ((), (), 0)
    assert not koers_home.landing.exists()


def execute(manifest: dict[str, Any], job: str, **options: Any) -> dg.ExecuteInProcessResult:
    found = build_definitions(manifest).resolve_job_def(job)
    with dg.DagsterInstance.ephemeral() as instance:
        return found.execute_in_process(instance=instance, raise_on_error=False, **options)


@pytest.mark.fault("B23")
def test_the_ingest_job_fails_after_the_streams_that_were_read(
    manifest: dict[str, Any], koers_home: Home, box: Sandbox
) -> None:
    body = '{"message": "missing scopes"}'
    box.faults.add(Fault("status", "/objects/contacts", status=403, body=body, times=99))
    done = execute(manifest, "ingest_hubspot")
    assert not done.success
    read = {event.asset_key for event in done.get_asset_materialization_events()}
    assert dg.AssetKey(["hubspot", "deals"]) in read
    assert dg.AssetKey(["hubspot", "contacts"]) not in read
    checks = {each.asset_key.path[-1]: each for each in done.get_asset_check_evaluations()}
    assert checks["deals"].passed
    assert not checks["contacts"].passed
    assert checks["contacts"].severity == dg.AssetCheckSeverity.ERROR
    [failure] = [event for event in done.all_events if event.is_step_failure]
    assert "missing scopes" in str(failure.step_failure_data.error)


def test_months_are_read_again_from_the_ui(
    manifest: dict[str, Any], koers_home: Home, box: Sandbox
) -> None:
    execute(manifest, "ingest_hubspot")
    before = last_pass(koers_home, "hubspot")
    done = execute(manifest, "backfill_hubspot", partition_key="2026-03-01")
    assert done.success
    assert "POST /crm/v3/objects/deals/search" in box.calls
    # Everything is there already, and the pass of the night is still the last one.
    assert last_pass(koers_home, "hubspot") == before
