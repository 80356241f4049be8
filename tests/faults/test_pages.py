"""Pages that are none: what a pull makes of them, and that nothing of them is landed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from connectors.core.api.client import ATTEMPTS
from connectors.core.api.messages import Response
from connectors.core.api.pages import EMPTY_PAGES
from tests.faults.crm import SETTLE, Crm, Killed, landed, newest_cursor, read, reply

Answer = Callable[[str, Mapping[str, str], int], Response | None]


@pytest.fixture
def crm() -> Crm:
    made = Crm()
    for number in range(8):
        made.put(f"d{number}")
    made.now += dt.timedelta(hours=2)
    return made


def on(page: int, *answers: Response) -> Answer:
    """These answers to the requests from a page on, one after another; then none."""
    left = list(answers)

    def answer(path: str, params: Mapping[str, str], at: int) -> Response | None:
        return left.pop(0) if at >= page and left else None

    return answer


WRONG = {
    "an error with status 200": reply({"errors": [{"message": "internal error"}]}),
    "an error beside no data": reply({"results": None, "errors": ["quota"]}),
    "another shape": reply({"results": {"d1": {}}}),
    "cut JSON": reply(b'{"results": [{"id": "d1", "amount"'),
    "JSON with a name twice": reply(b'{"results": [], "results": [{"id": "d1"}]}'),
    "a page of HTML": reply(b"<html>Log in, c4n4ry</html>", kind="text/html"),
    "HTML that calls itself JSON": reply(b"<html>Log in, c4n4ry</html>"),
    "nothing at all": reply(b""),
}


@pytest.mark.fault("B10", "B12", "B13", "B26")
@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_no_page_is_asked_for_again_and_never_landed(
    crm: Crm, tmp_path: Path, wrong: str
) -> None:
    crm.answer = on(2, WRONG[wrong])
    outcome = read(crm, tmp_path)
    assert (outcome.failed, outcome.retries) == (None, 1)
    assert landed(tmp_path) == crm.state()

    crm.answer = on(1, *[WRONG[wrong]] * ATTEMPTS)
    crm.put("d9")
    crm.now += dt.timedelta(hours=1)
    outcome = read(crm, tmp_path)
    assert outcome.failed is not None
    assert "c4n4ry" not in outcome.failed
    assert not outcome.loads
    assert "d9" not in landed(tmp_path)


@pytest.mark.fault("B3")
@pytest.mark.parametrize("failures", [1, ATTEMPTS - 1, ATTEMPTS])
def test_the_cursor_of_a_pull_that_failed_stays(crm: Crm, tmp_path: Path, failures: int) -> None:
    read(crm, tmp_path)
    before = newest_cursor(tmp_path)
    crm.now += dt.timedelta(hours=3)
    crm.put("d9")
    crm.now += dt.timedelta(hours=3)
    crm.answer = on(1, *[reply({}, 503)] * failures)
    outcome = read(crm, tmp_path, checkpoint=1)
    if failures < ATTEMPTS:
        assert outcome.failed is None
        assert newest_cursor(tmp_path) > before  # type: ignore[operator]
    else:
        assert outcome.failed is not None
        assert newest_cursor(tmp_path) == before
        read(crm, tmp_path)
    assert landed(tmp_path) == crm.state()


@pytest.mark.fault("B18")
@pytest.mark.parametrize("page", [2, 3, 4])
def test_a_kill_between_unordered_pages_moves_no_cursor(
    crm: Crm, tmp_path: Path, page: int
) -> None:
    """The newest record may come first: what was seen of a window says nothing of the rest."""
    read(crm, tmp_path)
    before = newest_cursor(tmp_path)
    for number in range(8):
        crm.now += dt.timedelta(hours=1)
        crm.put(f"d{(5 * number) % 8}")
    crm.now += dt.timedelta(hours=9)

    def kill() -> None:
        raise Killed

    crm.between[page] = kill
    with pytest.raises(Killed):
        read(crm, tmp_path, checkpoint=1)
    assert newest_cursor(tmp_path) == before
    assert 0 < sum(amount == 2 for amount in landed(tmp_path).values()) < 8 or page == 4
    read(crm, tmp_path)
    assert landed(tmp_path) == crm.state()
    assert newest_cursor(tmp_path) > before  # type: ignore[operator]


@pytest.mark.fault("B18")
def test_a_window_that_ends_without_news_is_ended(crm: Crm, tmp_path: Path) -> None:
    """Its first part was committed with the place where it goes on; the rest brings nothing."""
    read(crm, tmp_path)
    crm.now += dt.timedelta(hours=3)
    crm.put("d9")
    crm.now += dt.timedelta(hours=3)
    first, last = read(crm, tmp_path, checkpoint=1).loads
    assert (first.position is None, last.position) == (False, None)
    assert newest_cursor(tmp_path) == crm.now - SETTLE


@pytest.mark.fault("B14")
def test_empty_pages_in_the_middle_are_gone_past(crm: Crm, tmp_path: Path) -> None:
    # A token of its own for each, or it would be a list that leads back; all between d2 and d3.
    empty = [reply({"results": [], "next": f"d2-{n:02}"}) for n in range(EMPTY_PAGES)]
    crm.answer = on(2, *empty)
    assert read(crm, tmp_path).failed is None
    assert crm.pages == EMPTY_PAGES + 3
    assert landed(tmp_path) == crm.state()


@pytest.mark.fault("B14")
def test_a_list_of_empty_pages_without_end_is_given_up(crm: Crm, tmp_path: Path) -> None:
    crm.answer = lambda _, __, at: reply({"results": [], "next": f"d{at}"})
    outcome = read(crm, tmp_path)
    assert f"{EMPTY_PAGES} empty pages in a row" in str(outcome.failed)
    assert crm.pages == EMPTY_PAGES + 1
    assert not outcome.loads


@pytest.mark.fault("B14")
def test_no_content_is_no_page_where_a_list_is_expected(crm: Crm, tmp_path: Path) -> None:
    crm.answer = on(1, *[Response(204, {}, b"")] * ATTEMPTS)
    outcome = read(crm, tmp_path)
    assert "is no JSON" in str(outcome.failed)
    assert not outcome.loads


@pytest.mark.fault("B15")
def test_a_next_page_that_is_the_same_is_a_failure(crm: Crm, tmp_path: Path) -> None:
    """The request after the page is that of the page itself, or of one before."""
    first = {"results": [{"id": "d1", "updated_at": crm.now.isoformat()}], "next": "a"}
    again = {"results": [{"id": "d2", "updated_at": crm.now.isoformat()}], "next": "a"}
    crm.answer = lambda _, params, __: reply(again if "after" in params else first)
    outcome = read(crm, tmp_path)
    assert "leads back to a page before" in str(outcome.failed)
    assert crm.pages == 2
    assert not outcome.loads


@pytest.mark.fault("B15")
def test_the_same_records_under_ever_new_tokens_are_a_failure(crm: Crm, tmp_path: Path) -> None:
    records = [{"id": "d1", "updated_at": crm.now.isoformat()}]
    crm.answer = lambda _, __, at: reply({"results": records, "next": f"token-{at}"})
    outcome = read(crm, tmp_path)
    assert "the same page again and again" in str(outcome.failed)
    assert crm.pages == 2
    assert not outcome.loads


@pytest.mark.fault("B16")
@pytest.mark.parametrize("overlap", [1, 2])
def test_records_on_two_pages_count_once_and_the_counts_say_so(
    crm: Crm, tmp_path: Path, overlap: int
) -> None:
    crm.overlap = overlap
    outcome = read(crm, tmp_path)
    assert outcome.failed is None
    [load] = outcome.loads
    assert crm.given > 8
    assert (load.counts.read, load.counts.loaded) == (crm.given, 8)
    assert load.counts.duplicate == crm.given - 8
    assert landed(tmp_path) == crm.state()
