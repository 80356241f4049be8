"""Exact's own ways: row versions, deletions, header lines, dates, limits, errors."""

from __future__ import annotations

import datetime as dt
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connectors.core.api.messages import MalformedError, Response
from connectors.core.errors import CredentialsError
from connectors.exact import KINDS, AccountKinds, ODataRecords, _judge, _plain
from pipelines.sandbox import Fault
from tests.api.pulling import LATER, Account, FakeClock, failures, loaded, serving

LINES = "transaction_lines"


@pytest.fixture
def account(tmp_path: Path) -> Iterator[Account]:
    with serving("exact", tmp_path) as served:
        yield served


def cursors(account: Account, outcome: Any) -> list[tuple[str, str | None]]:
    return [(load.mode, load.cursor_after) for load in outcome.loads]


def newest(account: Account) -> str:
    lines = account.account._tables["lines"].values()
    return str(max(int(line["Timestamp"]) for line in lines))


@pytest.mark.fault("B18")
def test_the_cursor_is_the_newest_row_version_of_a_list_that_was_read_whole(
    account: Account,
) -> None:
    first = account.pull(streams=[LINES], checkpoint=250)[LINES]
    assert [load.cursor_after for load in first.loads[:-1]] == [None] * (len(first.loads) - 1)
    assert len(first.loads) > 2
    assert first.loads[-1].cursor_after == newest(account)

    account.account.change(LINES, 3)
    account.account.remove(LINES, 2)
    second = account.pull(streams=[LINES])[LINES]
    # The deletions have higher versions; lines that change meanwhile must not be passed over.
    assert cursors(account, second) == [("incremental", newest(account))]
    assert int(newest(account)) < account.account._version
    assert second.loads[0].counts.loaded == 5
    assert len(account.state()[LINES]) == account.account.counts()[LINES][0]


def test_a_first_pull_that_is_broken_off_keeps_the_versions_it_saw(account: Account) -> None:
    fault = account.box.faults.add(Fault("status", "TransactionLines", skip=2, times=6))
    assert failures(account.pull(streams=[LINES], checkpoint=250))
    assert fault.hit == 6
    account.pull(streams=[LINES], checkpoint=250)
    resumed = account.pull(streams=[LINES])[LINES]
    assert resumed.failed is None
    account.account.change(LINES, 1)
    assert loaded(account.pull(streams=[LINES])) == {LINES: 1}


def test_a_backfill_asks_which_version_a_day_began_with(account: Account) -> None:
    account.pull(streams=[LINES])
    day = dt.datetime(2026, 3, 30, tzinfo=dt.UTC)
    calls = len(account.box.calls)
    done = account.pull(streams=[LINES], window=(day, day + dt.timedelta(days=2)))[LINES]
    assert done.failed is None
    asked = account.box.calls[calls:]
    assert sum("SyncTimestamp" in call for call in asked) == 2
    # Only what changed since: one page of lines, one of deletions.
    assert sum("TransactionLines" in call for call in asked) == 1
    assert loaded({LINES: done}) == {}
    account.account.change(LINES, 2)
    assert loaded(account.pull(streams=[LINES])) == {LINES: 2}, "the cursor stayed where it was"


def test_what_a_line_counts_as_is_told_by_its_account_and_the_settings(account: Account) -> None:
    account.pull(streams=[LINES])
    lines = [json.loads(record) for record in account.state()[LINES].values()]
    kinds = {(line["account_code"], line["account_type"]) for line in lines}
    assert {("1300", "header"), ("8000", "revenue"), ("7000", "cost_of_sales")} <= kinds
    assert kinds <= {
        ("1300", "header"),
        ("8000", "revenue"),
        ("8500", "subsidy"),
        ("7000", "cost_of_sales"),
        ("4000", "cost"),
        ("4500", "cost"),
        ("4300", "marketing_cost"),
        ("1100", "bank"),
    }
    assert all(line["line_number"] == "0" for line in lines if line["account_type"] == "header")

    # Another opinion about the accounts is taken by the next sweep.
    account.environment["KOERS_EXACT_MARKETING_COST"] = "8000"
    account.pull(streams=[LINES], later=dt.timedelta(days=8))
    lines = [json.loads(record) for record in account.state()[LINES].values()]
    assert {li["account_type"] for li in lines if li["account_code"] == "8000"} == {
        "marketing_cost"
    }


def test_line_0_counts_on_bank_accounts_where_the_setting_says_so(account: Account) -> None:
    for line in account.account._tables["lines"].values():
        if line["GLAccountCode"].strip() == "1300":
            line["GLAccountCode"] = "  1100"
            line["GLAccount"] = next(
                each["ID"]
                for each in account.account._tables["accounts"].values()
                if each["Code"].strip() == "1100"
            )
    account.environment["KOERS_EXACT_BANK_HEADER_LINES"] = "yes"
    account.pull(streams=[LINES])
    lines = [json.loads(record) for record in account.state()[LINES].values()]
    assert {li["account_type"] for li in lines if li["line_number"] == "0"} == {"bank"}


@pytest.mark.parametrize(
    ("account", "kind"),
    [
        ({"Code": " 8000", "Type": 110, "BalanceType": "W"}, "revenue"),
        ({"Code": "8000", "Type": "110", "BalanceType": "W"}, "revenue"),
        ({"Code": "8510", "Type": 110, "BalanceType": "W"}, "subsidy"),
        ({"Code": "08510", "Type": 110, "BalanceType": "W"}, "revenue"),
        ({"Code": "4300", "Type": 121, "BalanceType": "W"}, "marketing_cost"),
        ({"Code": "4000", "Type": 123, "BalanceType": "W"}, "cost"),
        ({"Code": "1100", "Type": 12, "BalanceType": "B"}, "bank"),
        ({"Code": "1300", "Type": 20, "BalanceType": "B"}, "balance"),
        # A type that does not go with the side of the books is not believed.
        ({"Code": "1900", "Type": 110, "BalanceType": "B"}, "balance"),
        ({"Code": "9000", "Type": 12, "BalanceType": "W"}, "unknown"),
        ({"Code": "9999", "Type": 160, "BalanceType": "W"}, "unknown"),
        ({}, "unknown"),
    ],
)
def test_a_code_goes_before_a_type(account: dict[str, Any], kind: str) -> None:
    values = {variable: default for variable, _, default in KINDS.values()}
    values |= {"KOERS_EXACT_SUBSIDY": "8500-8599", "KOERS_EXACT_MARKETING_COST": "4300, 4310"}
    assert AccountKinds(values).of(account) == kind


@pytest.mark.parametrize(
    ("name", "value", "plain"),
    [
        ("Date", "/Date(1767225600000)/", "2026-01-01"),
        ("Date", "/Date(1767225600000+0100)/", "2026-01-01"),
        ("DueDate", "/Date(-86400000)/", "1969-12-31"),
        ("Modified", "/Date(1767229200123)/", "2026-01-01T01:00:00.123Z"),
        ("Date", "/Date(999999999999999)/", "/Date(999999999999999)/"),
        ("Date", "soon", "soon"),
        ("Code", "   0800", "0800"),
        (
            "ID",
            "{0B1C2D3E-0000-4000-8000-ABCDEF012345}",
            "0b1c2d3e-0000-4000-8000-abcdef012345",
        ),
        ("AmountDC", 12, 12),
    ],
)
def test_dates_and_ids_have_one_spelling(name: str, value: Any, plain: Any) -> None:
    assert _plain({name: value, "__metadata": {}}) == {name: plain}


def response(content: Any, status: int = 200, **headers: str) -> Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(
        status, {"content-type": "application/json", **named}, json.dumps(content).encode()
    )


@pytest.mark.fault("B12")
def test_both_shapes_of_a_list_and_nothing_else() -> None:
    for content in ({"d": [{"ID": 1}]}, {"d": {"results": [{"ID": 1}]}}):
        assert ODataRecords().of(response(content))[1] == [{"ID": 1}]
    for content in ({}, {"d": None}, {"d": {"results": None}}, [], {"error": {}}):
        with pytest.raises(MalformedError):
            ODataRecords().of(response(content))


def test_a_429_waits_for_the_minute_and_stops_for_the_day() -> None:
    date = "Thu, 01 Jan 2026 12:00:00 GMT"
    reset = str(1767268800000 + 25_000)
    spent = {"x_ratelimit_remaining": "0", "x_ratelimit_minutely_reset": reset}
    verdict = _judge(response({}, 429, date=date, x_ratelimit_minutely_reset=reset))
    assert verdict is not None
    assert (verdict.outcome, verdict.wait, verdict.pause) == ("again", 26.0, True)
    assert _judge(response({}, 429, date=date, **spent)).outcome == "spent"  # type: ignore[union-attr]
    # An absurd moment makes nobody wait for a year.
    far = _judge(response({}, 429, date=date, x_ratelimit_minutely_reset="1867268800000"))
    assert far is not None
    assert far.wait == 120.0
    assert _judge(response({}, 429)) is None
    soon = str(int(time.time() * 1_000) + 3_000)
    without_date = _judge(response({}, 429, x_ratelimit_minutely_reset=soon))
    assert without_date is not None
    assert 1.0 <= without_date.wait <= 5.0  # type: ignore[operator]


@pytest.mark.parametrize("status", [400, 403, 404])
def test_a_refusal_is_not_repeated_and_told_in_exacts_words(account: Account, status: int) -> None:
    account.pull(streams=[LINES])
    body = json.dumps({"error": {"code": "", "message": {"lang": "", "value": "No such thing"}}})
    account.box.faults.add(Fault("status", "TransactionLines", times=9, status=status, body=body))
    calls = len(account.box.calls)
    account.account.change(LINES, 1)
    told = failures(account.pull(streams=[LINES]))[LINES]
    assert "No such thing" in told
    assert sum("TransactionLines" in call for call in account.box.calls[calls:]) == 1


@pytest.mark.fault("B5")
def test_a_token_that_is_withdrawn_is_renewed_once_when_exact_gives_one(account: Account) -> None:
    clock = FakeClock()
    account.pull(streams=[LINES], clock=clock)
    account.account.withdraw()
    calls = len(account.box.calls)
    assert not failures(account.pull(streams=[LINES], clock=clock))
    assert sum("token" in call for call in account.box.calls[calls:]) == 1
    assert sum(clock.slept) == pytest.approx(570.0)


def test_two_runs_share_an_access_token(account: Account) -> None:
    account.pull()
    account.pull(later=2 * LATER)
    assert sum("oauth2/token" in call for call in account.box.calls) == 1


@pytest.mark.fault("B6")
def test_a_lost_refresh_token_says_what_to_do(account: Account) -> None:
    account.account._refresh = "another"
    for _ in range(2):
        with pytest.raises(CredentialsError, match=r"invalid_grant.*used elsewhere.*access again"):
            account.pull()


def test_a_line_that_was_changed_in_local_time_just_before_it_was_deleted_goes(
    account: Account,
) -> None:
    account.pull(streams=[LINES])
    lines = account.account._tables["lines"]
    oldest = min(lines, key=lambda key: lines[key]["Timestamp"])
    in_two_hours = dt.datetime.now(dt.UTC) + dt.timedelta(hours=2)
    account.account._put(
        "lines", {**lines[oldest], "Modified": f"/Date({int(in_two_hours.timestamp() * 1_000)})/"}
    )
    account.pull(streams=[LINES])
    del lines[oldest]
    account.account._deleted.append(
        {
            "Timestamp": account.account._version + 1,
            "EntityKey": oldest,
            "EntityType": 1,
            "DeletedDate": f"/Date({int(time.time() * 1_000)})/",
        }
    )
    account.pull(streams=[LINES])
    assert oldest.lower() not in account.state()[LINES]


def test_deletions_of_other_kinds_are_not_those_of_lines(account: Account) -> None:
    account.pull(streams=[LINES])
    account.account._deleted.append(
        {
            "Timestamp": account.account._version + 1,
            "EntityKey": next(iter(account.account._tables["invoices"])),
            "EntityType": 13,
            "DeletedDate": f"/Date({int(time.time() * 1_000)})/",
        }
    )
    assert loaded(account.pull(streams=[LINES])) == {}


def test_a_receivable_is_paid_when_it_is_paid_in_full(account: Account) -> None:
    invoices = account.account._tables["invoices"]
    part = next(key for key, each in invoices.items() if each["IsFullyPaid"])
    invoices[part] |= {"IsFullyPaid": False, "AmountDC": "-12.50"}
    account.environment["KOERS_EXACT_RECEIVABLE_SIGN"] = "-1"
    account.pull(streams=["receivables"])
    record = json.loads(account.state()["receivables"][part.lower()])
    assert (record["paid_date"], record["amount"]) == (None, "12.50")
