"""What is HubSpot's own: the cap of its search, merges, limits by policy, versions of its API."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest

from connectors.core.errors import LimitedError, RefusedError
from pipelines.sandbox import Fault, hubspot
from pipelines.sandbox.tables import Tables
from tests.api.later import LATER
from tests.api.pulling import FakeClock, failures, loaded, serving, small_tables


@pytest.mark.fault("B19")
def test_more_than_a_search_may_give(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The fake refuses an offset beyond its cap, as the real one does beyond 10,000."""
    monkeypatch.setattr(hubspot, "MOST_RESULTS", 400)
    with serving("hubspot", tmp_path) as account:
        account.pull(streams=["contacts"], now=dt.datetime.now(dt.UTC) - LATER)
        account.account.change("contacts", 1_100)
        outcome = account.pull(streams=["contacts"])
    assert not failures(outcome)
    assert loaded(outcome) == {"contacts": 1_100}


@pytest.mark.fault("B21")
def test_a_merged_contact_counts_once_from_the_next_pull_on(tmp_path: Path) -> None:
    with serving("hubspot", tmp_path) as account:
        account.pull(now=dt.datetime.now(dt.UTC) - LATER)
        loser, winner = sorted(int(each) for each in account.state()["contacts"])[:2]
        account.account.merge("contacts", loser, winner)
        account.pull()
        state = account.state()["contacts"]
        assert str(loser) not in state
        assert str(winner) in state
        # Its tombstone is not landed again each night.
        assert loaded(account.pull()) == {}


@pytest.mark.fault("B21")
def test_what_is_archived_and_restored_is_there_again(tmp_path: Path) -> None:
    with serving("hubspot", tmp_path) as account:
        account.pull(now=dt.datetime.now(dt.UTC) - LATER)
        account.account.remove("deals", 2)
        account.pull()
        before = len(account.state()["deals"])
        objects, archived = account.account._objects["deals"], account.account._archived["deals"]
        objects.update({key: {**each, "archived": False} for key, each in archived.items()})
        archived.clear()
        account.account._pages.clear()
        account.account.change("deals", len(objects))
        account.pull()
        assert len(account.state()["deals"]) == before + 2


LIMITS = {"TEN_SECONDLY_ROLLING": 10.0, "SECONDLY": 1.0}


@pytest.mark.parametrize("policy", LIMITS)
def test_the_policy_says_how_long_to_wait(tmp_path: Path, policy: str) -> None:
    with serving("hubspot", tmp_path) as account:
        body = f'{{"status": "error", "errorType": "RATE_LIMIT", "policyName": "{policy}"}}'
        account.box.faults.add(Fault("status", "/objects/deals", status=429, body=body))
        clock = FakeClock()
        assert not failures(account.pull(streams=["deals"], clock=clock))
        assert LIMITS[policy] in [round(seconds, 1) for seconds in clock.slept]


def test_the_daily_limit_ends_the_pull_without_asking_again(tmp_path: Path) -> None:
    with serving("hubspot", tmp_path) as account:
        body = '{"status": "error", "policyName": "DAILY"}'
        account.box.faults.add(Fault("status", "/account-info", status=429, body=body, times=9))
        with pytest.raises(LimitedError, match="today"):
            account.pull()
        assert len(account.box.calls) == 1


def test_a_missing_right_is_a_failure_unless_the_stream_is_optional(tmp_path: Path) -> None:
    with serving("hubspot", tmp_path) as account:
        body = '{"status": "error", "message": "missing scopes", "category": "MISSING_SCOPES"}'
        for path in ("/feedback_submissions", "/objects/deals"):
            account.box.faults.add(Fault("status", path, status=403, body=body, times=9))
        outcomes = account.pull()
    assert set(failures(outcomes)) == {"deals"}
    assert "missing scopes" in str(outcomes["feedback"].left_out)


@pytest.mark.fault("B5")
def test_with_oauth_a_token_is_renewed_in_mid_pagination(tmp_path: Path) -> None:
    with serving("hubspot", tmp_path, oauth=True) as account:
        del account.environment["KOERS_HUBSPOT_TOKEN"]
        account.environment |= {
            "KOERS_HUBSPOT_CLIENT_ID": "client-id",
            "KOERS_HUBSPOT_CLIENT_SECRET": "client-secret",
            "KOERS_HUBSPOT_REFRESH_TOKEN": hubspot.REFRESH_TOKEN,
        }
        fault = account.box.faults.add(Fault("expired_token", "/objects/contacts", skip=3))
        assert not failures(account.pull(streams=["contacts"]))
        assert fault.hit == 1
        assert len(account.state()["contacts"]) == account.account.counts()["contacts"][0]
        assert account.box.calls.count("POST /oauth/v1/token") == 2


def test_the_version_of_the_api_is_a_setting(tmp_path: Path) -> None:
    with serving("hubspot", tmp_path, Tables()) as account:
        account.environment["KOERS_HUBSPOT_API_VERSION"] = "2026-09"
        with pytest.raises(RefusedError, match="/account-info/2026-09/details"):
            account.pull()


@pytest.mark.fault("B24")
def test_a_source_that_lost_most_of_its_records_is_not_believed(tmp_path: Path) -> None:
    with serving("hubspot", tmp_path, small_tables(others=60)) as account:
        account.pull(streams=["deals"])
        account.account._objects["deals"].clear()
        account.account._pages.clear()
        swept = account.pull(streams=["deals"], later=dt.timedelta(days=8))
        assert "accept_shrink" in failures(swept)["deals"]
        assert len(account.state()["deals"]) == 60
        account.pull(streams=["deals"], later=dt.timedelta(days=8), believed=True)
        assert account.state()["deals"] == {}


def test_a_backfill_heals_a_gap_and_leaves_the_cursor(tmp_path: Path) -> None:
    with serving("hubspot", tmp_path) as account:
        account.pull(streams=["contacts"], now=dt.datetime.now(dt.UTC) - LATER)
        # What changed before the cursor, and was never shown: a gap.
        objects = account.account._objects["contacts"]
        key = sorted(objects)[0]
        then = dt.datetime.now(dt.UTC) - dt.timedelta(days=3)
        objects[key]["properties"] |= {
            "lifecyclestage": "customer",
            "lastmodifieddate": then.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        }
        account.account._pages.clear()
        assert loaded(account.pull(streams=["contacts"])) == {}
        window = (then - dt.timedelta(days=1), then + dt.timedelta(days=1))
        again = account.pull(streams=["contacts"], window=window)
        assert loaded(again) == {"contacts": 1}
        [load] = again["contacts"].loads
        assert (load.mode, load.cursor_after) == ("window", load.cursor_before)
        assert '"customer"' in account.state()["contacts"][str(key)]
        assert loaded(account.pull(streams=["contacts"], window=window)) == {}


@pytest.mark.fault("B20")
def test_values_of_any_kind_are_landed_and_break_nothing(tmp_path: Path) -> None:
    """Staging says what is wrong with them; nothing identifies the last one, so it is rejected."""
    with serving("hubspot", tmp_path, small_tables(others=60)) as account:
        objects = account.account._objects["deals"]
        keys = sorted(objects)
        objects[keys[0]]["properties"] |= {"hs_lastmodifieddate": "gisteren", "amount": {"a": [1]}}
        objects[keys[1]]["properties"] |= {"amount": True, "dealstage": 7, "closedate": ""}
        objects[keys[2]]["properties"] = {}
        objects[keys[3]]["id"] = None
        outcomes = account.pull(streams=["deals"])
        assert not failures(outcomes)
        [load] = outcomes["deals"].loads
        assert (load.counts.read, load.counts.loaded, load.counts.rejected) == (60, 59, 1)
        first = json.loads(account.state()["deals"][str(keys[0])])
    assert (first["updated_at"], first["amount"]) == ("gisteren", '{"a":[1]}')
