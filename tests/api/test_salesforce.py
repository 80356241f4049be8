"""What is Salesforce's own: bulk jobs that are gone, columns per object, the budget of a day."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from connectors.core.api.csv_records import CsvRecords
from connectors.core.api.messages import MalformedError, Response
from pipelines.sandbox import Fault
from tests.api.pulling import LATER, FakeClock, failures, loaded, serving


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


@pytest.mark.parametrize("body", [b'"1","a"\n', b'"1","a","b"\n"2","c"\n', b'"1","\xff"\n'])
def test_a_page_that_is_not_whole(body: bytes) -> None:
    with pytest.raises(MalformedError):
        COLUMNS.of(Response(200, {"sforce-numberofrecords": "2"}, body))
