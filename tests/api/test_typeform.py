"""What is Typeform's own: which question is the NPS, what is skipped, pages by token."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from connectors.core.errors import RefusedError
from connectors.typeform import nps_question
from pipelines.sandbox import typeform
from tests.api.pulling import Account, failures, serving

NPS = {"id": "n1", "ref": "likely", "type": "nps", "properties": {"steps": 11}}
SCALE = {
    "id": "s1",
    "ref": "again",
    "type": "opinion_scale",
    "properties": {"steps": 11, "start_at_one": False},
}
FIVE = {"id": "f1", "ref": "easy", "type": "opinion_scale", "properties": {"steps": 5}}
TEN = {
    "id": "t1",
    "ref": "ten",
    "type": "opinion_scale",
    "properties": {"steps": 11, "start_at_one": True},
}
WORDS = {"id": "w1", "ref": "why", "type": "long_text", "title": "How likely (NPS)?"}


def form(*fields: dict[str, Any]) -> dict[str, Any]:
    return {"id": "x", "fields": [*fields]}


def test_the_question_that_is_named_goes_before_any_other() -> None:
    assert nps_question("x", form(NPS, SCALE), ["again"]) == "s1"
    assert nps_question("x", form(NPS, SCALE), ["of another form", "s1"]) == "s1"


def test_else_the_only_one_of_its_type_is_found_in_groups_too() -> None:
    group = {"id": "g", "type": "group", "properties": {"fields": [FIVE, NPS]}}
    assert nps_question("x", form(WORDS, group, SCALE), []) == "n1"
    assert nps_question("x", form(WORDS, FIVE, TEN, SCALE), []) == "s1"


@pytest.mark.parametrize(
    ("fields", "named", "told"),
    [
        ((NPS, {**NPS, "id": "n2", "ref": "second"}), [], "2 questions.*likely.*second"),
        ((WORDS, FIVE), [], "0 questions.*easy"),
        ((WORDS,), [], "no scale at all"),
        ((NPS, SCALE), ["n1", "again"], "2 questions"),
        ((FIVE,), ["easy"], "no scale from 0 to 10"),
        ((TEN,), ["ten"], "no scale from 0 to 10"),
        ((WORDS,), ["why"], "no scale from 0 to 10"),
    ],
)
def test_what_is_no_nps_is_refused_and_never_guessed(
    fields: tuple[dict[str, Any], ...], named: list[str], told: str
) -> None:
    with pytest.raises(RefusedError, match=told):
        nps_question("x", form(*fields), named)


def records(account: Account) -> dict[str, dict[str, str | None]]:
    return {key: json.loads(text) for key, text in account.state()["responses"].items()}


def test_an_answer_lands_with_its_score_and_without_an_address(tmp_path: Path) -> None:
    with serving("typeform", tmp_path) as account:
        given = list(account.account.responses.values())
        hidden, skipped, odd = given[0], given[1], given[2]
        hidden["answers"] = hidden["answers"][1:]
        hidden["hidden"] = {
            "email": "Kim@Klant.example",
            "owner": "Sam",
            "invited_at": "2026-03-01",
        }
        skipped["answers"] = [a for a in skipped["answers"] if a["type"] == "email"]
        skipped["answers"][0]["email"] = "kim@klant.example"
        odd["answers"] = [{"field": {"id": "nPsQuest1"}, "type": "number", "number": 11}]
        assert not failures(account.pull())

        found = records(account)
        assert found[skipped["token"]]["score"] is None
        assert found[odd["token"]]["score"] == "11", "what is out of range is for staging to say"
        one = found[hidden["token"]]
        assert (one["owner"], one["invited_at"], one["survey"]) == (
            "Sam",
            "2026-03-01",
            "Klanttevredenheid",
        )
        assert one["respondent"] == found[skipped["token"]]["respondent"]
        written = [f.read_bytes() for f in account.folder.rglob("*") if f.is_file()]
        assert not [each for each in written if b"klant.example" in each.lower()]


def test_of_two_addresses_none_is_taken(tmp_path: Path) -> None:
    with serving("typeform", tmp_path) as account:
        first = next(iter(account.account.responses.values()))
        first["answers"] += [{"field": {"id": "z"}, "type": "email", "email": "b@c.example"}]
        account.pull()
        assert records(account)[first["token"]]["respondent"] is None


def test_pages_are_asked_by_token_until_one_is_empty(tmp_path: Path) -> None:
    with serving("typeform", tmp_path) as account:
        account.pull(streams=["responses"])
        lines = [each.split(b" ")[1].decode() for each in account.box.saw]
        asked = [line for line in lines if "/responses?" in line]
        assert "sort=submitted_at" in asked[0]
        assert not [line for line in asked[1:] if "sort=" in line or "after=" not in line]
        last = list(account.account.responses)[-1]
        assert f"after={last}" in asked[-1]


@pytest.mark.fault("B20")
def test_odd_values_break_nothing(tmp_path: Path) -> None:
    odd: list[Any] = [7, "x", {}, [7], [[]], [{"field": []}], [{"field": {"id": []}}], None]
    with serving("typeform", tmp_path) as account:
        for response, value in zip(account.account.responses.values(), odd, strict=False):
            response |= {"answers": value, "hidden": value}
        outcome = account.pull()
        assert not failures(outcome)
        assert len(records(account)) == account.account.counts()["responses"][0]


@pytest.mark.fault("B11")
def test_a_page_that_does_not_say_where_it_ends_is_not_believed(tmp_path: Path) -> None:
    with serving("typeform", tmp_path) as account:
        list(account.account.responses.values())[49]["token"] = None
        assert "without a token" in failures(account.pull())["responses"]
        assert not account.state()["responses"]


def test_a_form_that_is_gone_is_told_by_its_path(tmp_path: Path) -> None:
    with serving("typeform", tmp_path) as account:
        account.environment["KOERS_TYPEFORM_FORMS"] = f"{typeform.FORM}, gone1"
        assert "/forms/gone1/responses" in failures(account.pull())["responses"]


def test_a_form_without_a_scale_fails_loudly(tmp_path: Path) -> None:
    with serving("typeform", tmp_path) as account:
        account.account.forms[typeform.FORM]["fields"] = [WORDS]
        told = failures(account.pull())
        assert "KOERS_TYPEFORM_NPS_QUESTIONS" in told["responses"]
        assert "forms" not in told
