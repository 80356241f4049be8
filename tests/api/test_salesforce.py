"""What is Salesforce's own: bulk jobs that are gone, columns per object, the budget of a day."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest

from connectors.core.api.csv_records import CsvRecords
from connectors.core.api.declare import Window
from connectors.core.api.messages import MalformedError, Response
from connectors.core.discover import discover
from connectors.core.export import ingest_inbox
from connectors.core.landing import Landing
from pipelines.connecting import look
from pipelines.ingest import ingest
from pipelines.sandbox import Fault
from pipelines.settings import Home, settings
from tests.api.later import LATER
from tests.api.pulling import FakeClock, alive, failures, loaded, serving


@pytest.mark.fault("B7")
def test_a_pull_whose_job_is_gone_begins_again(tmp_path: Path) -> None:
    with serving("salesforce", tmp_path) as account:
        account.box.faults.add(Fault("status", "/results", skip=2, times=6))
        assert failures(account.pull(streams=["leads"], checkpoint=1))
        account.account._jobs.clear()
        account.box.faults.clear()
        assert not failures(account.pull(streams=["leads"], checkpoint=1))
        assert len(account.state()["leads"]) == account.account.counts()["leads"][0]


@pytest.mark.parametrize("bulk", ["yes", "no"])
def test_bulk_jobs_and_queries_land_the_same(tmp_path: Path, bulk: str) -> None:
    with serving("salesforce", tmp_path) as account:
        account.pull("bulk")
        account.environment["KOERS_SALESFORCE_BULK"] = bulk
        account.pull("other")
        assert account.state("other") == account.state("bulk")


def test_the_budget_of_the_day_is_a_403_and_ends_the_pull(tmp_path: Path) -> None:
    with serving("salesforce", tmp_path) as account:
        body = '[{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "TotalRequests"}]'
        account.pull(now=dt.datetime.now(dt.UTC) - LATER)
        account.account.change("leads", 700)
        fault = account.box.faults.add(
            Fault("status", "/query", skip=0, status=403, body=body, times=99)
        )
        told = failures(account.pull(streams=["leads"]))
        assert "last 24 hours" in told["leads"]
        assert fault.hit == 1
        account.box.faults.clear()
        assert loaded(account.pull(streams=["leads"])) == {"leads": 700}


def test_a_job_that_fails_or_never_ends_is_told(tmp_path: Path) -> None:
    with serving("salesforce", tmp_path) as account:
        failed = '{"id": "750", "state": "Failed", "errorMessage": "too big"}'
        account.box.faults.add(
            Fault("status", "/jobs/query/750", status=200, body=failed, times=99)
        )
        assert "too big" in failures(account.pull(streams=["leads"]))["leads"]
        account.box.faults.clear()
        waiting = '{"id": "750", "state": "InProgress"}'
        account.box.faults.add(
            Fault("status", "/jobs/query/750", status=200, body=waiting, times=9_999)
        )
        clock = FakeClock()
        assert "minutes" in failures(account.pull(streams=["leads"], clock=clock))["leads"]


HIDDEN = {
    "Opportunity.CampaignId": "opportunities",  # and with it Campaign.Name
    "Opportunity.Market__c": "opportunities",
    "Lead.MQL_Date__c": "leads",
    "Product2": "line_items",  # an object, and with it Product2.Name
}


@pytest.mark.parametrize("bulk", ["yes", "no"])
def test_what_may_not_be_seen_is_left_out_and_told(tmp_path: Path, bulk: str) -> None:
    with serving("salesforce", tmp_path) as account:
        account.environment["KOERS_SALESFORCE_BULK"] = bulk
        account.account.hidden = set(HIDDEN)
        outcomes = account.pull()
        assert not failures(outcomes)
        told = {name: " ".join(each.notices) for name, each in outcomes.items() if each.notices}
        assert set(told) == set(HIDDEN.values())
        assert "Opportunity.Campaign.Name" in told["opportunities"]
        assert "field-level security" in told["opportunities"]
        assert "KOERS_SALESFORCE_MQL_FIELD" in told["leads"]
        counts = account.account.counts()
        state = account.state()
        assert {name: len(state[name]) for name in state} == {n: counts[n][0] for n in state}
        deals = [json.loads(record) for record in state["opportunities"].values()]
        assert all(deal["amount"] and not deal["market"] for deal in deals)

        account.account.hidden = set()
        assert not any(each.notices for each in account.pull(later=dt.timedelta(days=8)).values())
        account.pull("seen")
        assert account.state() == account.state("seen")


def test_each_object_is_described_once_in_a_pull(tmp_path: Path) -> None:
    with serving("salesforce", tmp_path) as account:
        account.pull()
        asked = [call for call in account.box.calls if call.endswith("/describe")]
        assert len(asked) == len(set(asked)) == 10


@pytest.mark.fault("B20")
@pytest.mark.parametrize("hidden", ["Opportunity.Amount", "Opportunity", "Opportunity.StageName"])
def test_without_what_a_figure_needs_the_stream_is_not_read(tmp_path: Path, hidden: str) -> None:
    with serving("salesforce", tmp_path) as account:
        account.account.hidden = {hidden}
        outcomes = account.pull()
        assert set(failures(outcomes)) == {"opportunities"}
        assert hidden.split(".")[-1] in failures(outcomes)["opportunities"]
        assert not account.state()["opportunities"]
        assert account.state()["leads"]


@pytest.mark.fault("B20")
def test_a_field_that_hides_in_mid_pull_begins_the_window_again(tmp_path: Path) -> None:
    """The pages of a job are as wide as what was asked; the rest of one is not read as another."""
    with serving("salesforce", tmp_path) as account:
        account.box.faults.add(Fault("status", "/results", skip=2, times=6))
        assert failures(account.pull(streams=["leads"], checkpoint=1))
        account.box.faults.clear()
        account.account.hidden = {"Lead.LeadSource"}
        assert not failures(account.pull(streams=["leads"], checkpoint=1))
        assert len(account.state()["leads"]) == account.account.counts()["leads"][0]


def test_what_may_not_be_seen_is_told_to_people(
    tmp_path: Path, koers_home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving("salesforce", tmp_path) as account:
        account.account.hidden = {"Lead.MQL_Date__c"}
        for name, value in account.environment.items():
            monkeypatch.setenv(name, value)
        now = dt.datetime.now(dt.UTC)
        looks = list(look(account.connector, koers_home, Window(None, now)))
        assert [each.text for each in looks if "Lead.MQL_Date__c is left out" in each.text]
        assert not [each for each in looks if each.is_wrong]

        done = ingest(account.connector, koers_home, settings(koers_home), now=now)
        [trouble] = done.troubles
        assert (trouble.stream, trouble.is_failure) == ("leads", False)
        assert "Lead.MQL_Date__c" in trouble.reason


EXPORT = """"Id","StageName","Amount","IsDeleted","SystemModstamp"
"006000000000001AAA","Offerte","10","{}","2026-02-0{}T09:00:00.000Z"
"006000000000002AAA","Offerte","20","{}","2026-02-01T09:00:00.000Z"
"""


@pytest.mark.fault("B21")
@pytest.mark.parametrize(("no", "yes"), [("0", "1"), ("false", "true")])
def test_a_record_that_an_export_flags_as_deleted_is_gone(
    tmp_path: Path, no: str, yes: str
) -> None:
    inbox = tmp_path / "inbox" / "salesforce"
    inbox.mkdir(parents=True)
    for day, deleted, left in ((1, no, 2), (2, yes, 1)):
        (inbox / "Opportunity.csv").write_text(EXPORT.format(deleted, day, no))
        now = dt.datetime(2026, 2, 8 + day, tzinfo=dt.UTC)
        landing = tmp_path / "landing"
        connector = discover()["salesforce"]
        result = ingest_inbox(connector, inbox.parent, landing, now=now, settle_seconds=0)
        assert [file.status for file in result.files] == ["loaded"]
        assert len(alive(Landing(landing), "salesforce", "opportunities")) == left


COLUMNS = CsvRecords(("Id", "Owner.Name"), "Sforce-NumberOfRecords")


@pytest.mark.parametrize(
    ("body", "told", "records"),
    [
        (b'"Id","Owner.Name"\n"1","a\nb"\n', "1", [{"Id": "1", "Owner": {"Name": "a\nb"}}]),
        (b'"1",""\n', "1", [{"Id": "1", "Owner": {"Name": None}}]),
        (b"", "0", []),
    ],
)
def test_a_page_of_a_bulk_job(body: bytes, told: str, records: list[object]) -> None:
    assert COLUMNS.of(Response(200, {"sforce-numberofrecords": told}, body))[1] == records


@pytest.mark.fault("B11")
@pytest.mark.parametrize("body", [b'"1","a"\n', b'"1","a","b"\n"2","c"\n', b'"1","\xff"\n'])
def test_a_page_that_is_not_whole(body: bytes) -> None:
    with pytest.raises(MalformedError):
        COLUMNS.of(Response(200, {"sforce-numberofrecords": "2"}, body))
