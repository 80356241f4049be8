"""What is Buffer's own: errors with status 200, three budgets, metrics that are not told, posts
that vanish from the window that is read again."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest

from connectors.core.errors import CredentialsError, LimitedError, RefusedError
from pipelines.sandbox import buffer
from pipelines.sandbox.tables import Tables, iso
from tests.api.pulling import LATER, Account, FakeClock, failures, loaded, serving, small_tables

NOW = dt.datetime.now(dt.UTC)


def recent(days_ago: int) -> Tables:
    """Posts of the last days, one a day."""
    posts = small_tables(others=days_ago).posts
    return Tables(
        posts=[
            {**row, "published_at": NOW - dt.timedelta(days=days_ago - at, hours=2)}
            for at, row in enumerate(posts[-days_ago:])
        ]
    )


def posts_of(account: Account) -> dict[str, dict[str, str | None]]:
    return {key: json.loads(text) for key, text in account.state()["posts"].items()}


@pytest.mark.fault("B13")
@pytest.mark.parametrize(
    ("code", "kind"),
    [("UNAUTHORIZED", CredentialsError), ("FORBIDDEN", CredentialsError), (None, RefusedError)],
)
def test_an_error_beside_data_is_a_failure_though_the_status_is_200(
    tmp_path: Path, code: str | None, kind: type[Exception]
) -> None:
    with serving("buffer", tmp_path) as account:
        account.account.errors = [{"message": "not today", "extensions": {"code": code}}]
        with pytest.raises(kind, match="not today"):
            account.pull()
        assert len(account.box.calls) == 1


@pytest.mark.fault("B13")
def test_an_error_in_mid_list_lands_nothing_of_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving("buffer", tmp_path) as account:
        answer, asked = account.account._page, []

        def broken(given: dict[str, object]) -> object:
            asked.append(given["after"])
            if len(asked) == 2:
                account.account.errors = [{"message": "x", "extensions": {"code": "NOT_FOUND"}}]
            return answer(given)

        monkeypatch.setattr(account.account, "_page", broken)
        outcome = account.pull(streams=["posts"])
        assert "NOT_FOUND" in failures(outcome)["posts"]
        assert not account.state()["posts"]


def test_a_spent_day_keeps_what_was_read_and_the_next_run_goes_on(tmp_path: Path) -> None:
    with serving("buffer", tmp_path) as account:
        account.account.budget["24h"] = 4  # two looks at the account, two pages
        first = account.pull(streams=["posts"])
        assert "24 hours are used up" in failures(first)["posts"]
        assert len(account.state()["posts"]) == 2 * 50
        calls = len(account.box.calls)
        with pytest.raises(LimitedError):
            account.pull(streams=["posts"])
        assert len(account.box.calls) - calls == 1, "a budget that is spent is not asked again"

        account.account.budget["24h"] = 1_000
        assert not failures(account.pull(streams=["posts"]))
        assert len(account.state()["posts"]) == account.account.counts()["posts"][0]
        assert loaded(account.pull(streams=["posts"])) == {}


def test_the_last_request_of_the_quarter_makes_everybody_wait(tmp_path: Path) -> None:
    """The headers tell it, so that no request is refused."""
    with serving("buffer", tmp_path) as account:
        account.account.budget["15m"] = 3
        clock = FakeClock()
        real = clock.sleep

        def sleep(seconds: float) -> None:
            account.account.budget["15m"] = 100
            real(seconds)

        clock.sleep = sleep  # type: ignore[method-assign]
        outcome = account.pull(streams=["posts"], clock=clock)
        assert not failures(outcome)
        assert [round(each) for each in clock.slept] == [897]
        assert outcome["posts"].retries == 0


def test_a_refusal_by_the_quarter_is_waited_for(tmp_path: Path) -> None:
    with serving("buffer", tmp_path) as account:
        account.account.budget["15m"] = 0
        clock = FakeClock()
        assert not failures(account.pull(streams=["posts"], clock=clock))
        assert 420.0 in clock.slept


def test_a_post_deleted_within_the_window_is_gone_and_an_older_one_stays(tmp_path: Path) -> None:
    with serving("buffer", tmp_path, recent(120)) as account:
        account.pull(now=NOW - LATER)
        in_order = account.account._in_order()
        older, within = in_order[5]["id"], in_order[100]["id"]
        del account.account.posts[older], account.account.posts[within]
        outcome = account.pull()

        assert not failures(outcome)
        assert loaded(outcome) == {"posts": 1}
        assert older in account.state()["posts"]
        assert within not in account.state()["posts"]
        assert loaded(account.pull()) == {}


@pytest.mark.fault("B24")
def test_a_window_that_lost_most_of_its_posts_is_not_believed(tmp_path: Path) -> None:
    with serving("buffer", tmp_path, recent(120)) as account:
        account.pull(now=NOW - LATER)
        for post in account.account._in_order()[60:]:
            del account.account.posts[post["id"]]
        assert "accept_shrink" in failures(account.pull())["posts"]
        assert len(account.state()["posts"]) == 120


def test_metrics_keep_moving_for_ninety_days(tmp_path: Path) -> None:
    with serving("buffer", tmp_path, recent(120)) as account:
        account.pull(now=NOW - LATER)
        for at in (5, 100):
            account.account._in_order()[at]["metrics"][0]["value"] = 77_777.0
        assert loaded(account.pull()) == {"posts": 1}
        assert [p["impressions"] for p in posts_of(account).values()].count("77777") == 1


def test_what_is_not_told_is_null_and_what_is_told_is_whole(tmp_path: Path) -> None:
    with serving("buffer", tmp_path, recent(3)) as account:
        first, second, third = account.account._in_order()
        first["metrics"] = None
        second["metrics"] = [{"type": "impressions", "value": 0.0}]
        third["channelId"] = "66f0c0ffee00000000c99999"
        account.pull()
        posts = posts_of(account)
        assert posts[first["id"]]["impressions"] is None
        assert posts[second["id"]]["impressions"] == "0"
        assert posts[second["id"]]["clicks"] is None
        assert posts[third["id"]]["profile"] == third["channelId"]
        assert str(posts[third["id"]]["reach"]).isdigit()


def test_a_campaign_is_a_tag_that_the_settings_name(tmp_path: Path) -> None:
    with serving("buffer", tmp_path, recent(3)) as account:
        post = account.account._in_order()[0]
        post["tags"] = [{"name": "blog"}, {"name": "zon-op-dak"}]
        account.pull("first tag")
        named = json.loads(account.state("first tag")["posts"][post["id"]])
        account.environment["KOERS_BUFFER_CAMPAIGN_TAGS"] = "zon-op-dak, webshop"
        account.pull()
        assert (named["campaign"], posts_of(account)[post["id"]]["campaign"]) == (
            "blog",
            "zon-op-dak",
        )


def test_odd_values_break_nothing(tmp_path: Path) -> None:
    odd: list[object] = [7, "x", [], {}, [[]], [{}], [7], [{"type": [], "name": {}}], None, True]
    with serving("buffer", tmp_path, recent(len(odd))) as account:
        for post, value in zip(account.account._in_order(), odd, strict=True):
            post |= {"metrics": value, "tags": value, "channelId": value, "sentAt": value}
        outcome = account.pull()
        assert not failures(outcome)
        assert loaded(outcome)["posts"] == len(odd)


def test_a_number_that_is_none_is_told_by_the_name_of_its_variable(tmp_path: Path) -> None:
    with serving("buffer", tmp_path, recent(1)) as account:
        for wrong in ("many", "0", "-5", "nan", "inf"):
            account.environment["KOERS_BUFFER_REQUESTS_PER_15_MINUTES"] = wrong
            with pytest.raises(CredentialsError, match="KOERS_BUFFER_REQUESTS_PER_15_MINUTES"):
                account.pull()


def test_of_several_organisations_one_must_be_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving("buffer", tmp_path, recent(3)) as account:
        good = account.account._good

        def two(data: dict[str, object]) -> object:
            if "account" in data:
                names = [{"id": buffer.ORGANIZATION, "name": "A"}, {"id": "b2", "name": "B"}]
                data = {"account": {"id": account.account.account_id, "organizations": names}}
            return good(data)

        monkeypatch.setattr(account.account, "_good", two)
        told = failures(account.pull())
        assert "KOERS_BUFFER_ORGANIZATION" in told["posts"]
        assert "b2 (B)" in told["posts"]
        account.environment["KOERS_BUFFER_ORGANIZATION"] = buffer.ORGANIZATION
        assert not failures(account.pull())


def test_the_window_is_asked_by_the_moment_a_post_was_due(tmp_path: Path) -> None:
    with serving("buffer", tmp_path, recent(3)) as account:
        account.pull(now=NOW - LATER)
        account.box.saw.clear()
        account.pull(streams=["posts"])
        asked = [json.loads(each.split(b"\r\n\r\n", 1)[1]) for each in account.box.saw]
        given = next(a["variables"] for a in asked if a["query"].startswith("query Posts"))
        assert given["filter"]["status"] == ["sent"]
        start = NOW - LATER - dt.timedelta(days=90, minutes=5)
        assert given["filter"]["dueAt"]["start"] == iso(start)
