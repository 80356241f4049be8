"""A fake Typeform: two forms, and the answers to one of them, by token.

Without a token answers come newest first, or as `sort` says; with one in the order in which they
were processed, and then `sort` is refused. The NPS question stands in a group, beside a scale of
five steps; a skipped question is absent.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pipelines.sandbox.faults import Fault
from pipelines.sandbox.server import Call, Reply
from pipelines.sandbox.tables import Row, Tables
from pipelines.sandbox.vendors import Vendor

TOKEN = "tfp_sandbox_5c0d81"  # noqa: S105 - opens the sandbox only
FORM = "sandbxNps"
_NPS = {"id": "nPsQuest1", "ref": "how-likely", "type": "nps"}
_EASE = {"id": "eAseQust2", "ref": "how-easy", "type": "opinion_scale"}
_ADDRESS = {"id": "mAilQust3", "ref": "your-address", "type": "email"}
Record = dict[str, Any]


class Typeform:
    """One account."""

    def __init__(self, tables: Tables, alias: str = "noorderlicht") -> None:
        self.alias = alias
        self._token = TOKEN
        self._last: Reply | None = None
        nps = {**_NPS, "properties": {"steps": 11, "start_at_one": False}}
        ease = {**_EASE, "properties": {"steps": 5, "start_at_one": True}}
        group = {"id": "gRoup0001", "ref": "about-us", "type": "group"}
        self.forms: dict[str, Record] = {
            FORM: {
                "id": FORM,
                "title": "Klanttevredenheid",
                "fields": [{**group, "properties": {"fields": [nps, ease]}}, dict(_ADDRESS)],
            },
            "sandbxDay": {"id": "sandbxDay", "title": "Open dag", "fields": [dict(_ADDRESS)]},
        }
        answered = [row for row in tables.responses if row["responded_at"] is not None]
        answered.sort(key=lambda row: (row["responded_at"], row["response_id"]))
        self.responses = {row["response_id"]: _response(row) for row in answered}

    # What a test may look at and do.

    def counts(self) -> Mapping[str, tuple[int, int]]:
        return {"responses": (len(self.responses), 0), "forms": (len(self.forms), 0)}

    def change(self, stream: str, records: int) -> None:
        """Nobody changes an answer: the newest are given now."""
        for token in list(self.responses)[-records:]:
            self.responses[token]["submitted_at"] = _seconds(dt.datetime.now(dt.UTC))

    def remove(self, stream: str, records: int) -> None:
        for token in list(self.responses)[:records]:
            del self.responses[token]

    # What it answers.

    def handle(self, call: Call, fault: Fault | None) -> Reply:
        if fault is not None and fault.kind == "expired_token":
            self._token = "expired"  # noqa: S105
        if call.headers.get("authorization") != f"Bearer {self._token}":
            self._token = TOKEN
            return _error(401, "AUTHENTICATION_FAILED", "Authentication credentials not found")
        if fault is not None and fault.kind == "repeat" and self._last is not None:
            return self._last
        reply = self._answer(call)
        if fault is not None and fault.kind == "foreign_link" and isinstance(reply.body, dict):
            for item in reply.body.get("items", ()):
                item["token"] = fault.link
        if fault is not None and fault.kind == "shift":
            self.remove("responses", 1)
            self.change("responses", 1)
        if call.path.endswith("/responses"):
            self._last = reply
        return reply

    def _answer(self, call: Call) -> Reply:
        if call.path == "/me":
            return Reply({"alias": self.alias, "language": "nl"})
        if call.path == "/forms":
            return self._forms(call)
        _, _, form, *rest = call.path.split("/")
        if form not in self.forms or rest not in ([], ["responses"]):
            return _error(404, "FORM_NOT_FOUND", "There is no such form")
        return self._page(form, call.params) if rest else Reply(self.forms[form])

    def _forms(self, call: Call) -> Reply:
        page, size = int(call.params.get("page", "1")), int(call.params.get("page_size", "10"))
        forms = [{"id": f["id"], "title": f["title"]} for f in self.forms.values()]
        items = forms[(page - 1) * size : page * size]
        total = {"total_items": len(forms), "page_count": -(-len(forms) // size)}
        return Reply({**total, "items": items})

    def _page(self, form: str, params: Mapping[str, str]) -> Reply:
        size = int(params.get("page_size", "25"))
        if not 0 < size <= 1_000:
            return _error(400, "INVALID_PARAMETER", "page_size")
        since, until = params.get("since", ""), params.get("until", "~")
        found = [
            each
            for each in (self.responses.values() if form == FORM else ())
            if since <= each["submitted_at"] <= until
        ]
        if "after" in params:
            tokens = list(self.responses)
            if "sort" in params or params["after"] not in self.responses:
                return _error(400, "INVALID_PARAMETER", "after")
            later = set(tokens[tokens.index(params["after"]) + 1 :])
            left = [each for each in found if each["token"] in later]
        else:
            newest_first = params.get("sort", "submitted_at,desc") != "submitted_at,asc"
            left = sorted(found, key=lambda each: str(each["submitted_at"]), reverse=newest_first)
        total = {"total_items": len(found), "page_count": -(-len(found) // size)}
        return Reply({**total, "items": [dict(each) for each in left[:size]]})


def _error(status: int, code: str, description: str) -> Reply:
    return Reply({"code": code, "description": description}, status)


def _seconds(moment: dt.datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _response(row: Row) -> Record:
    answers: list[Record] = [{"field": _ADDRESS, "type": "email", "email": row["respondent"]}]
    if row["score"] is not None:
        answers.append({"field": _NPS, "type": "number", "number": row["score"]})
        answers.append({"field": _EASE, "type": "number", "number": 1 + row["score"] // 3})
    hidden = {"owner": row["owner"], "campaign": row["campaign"] or ""}
    return {
        "token": row["response_id"],
        "landed_at": _seconds(row["responded_at"] - dt.timedelta(minutes=3)),
        "submitted_at": _seconds(row["responded_at"]),
        "hidden": hidden,
        "calculated": {"score": 0},
        "answers": answers,
    }


def many_responses(tables: Tables, number: int) -> Tables:
    """So many answers, like those there are."""
    answered = [row for row in tables.responses if row["responded_at"] is not None]
    responses = [
        {**answered[at % len(answered)], "response_id": f"R{1_000_000 + at}"}
        for at in range(number)
    ]
    return replace(tables, responses=responses)


VENDOR = Vendor(
    connector="typeform",
    longest=("responses", "/responses"),
    pinned="alias",
    quick={
        "KOERS_TYPEFORM_REQUESTS_PER_SECOND": "1000000",
        "KOERS_TYPEFORM_PAGE_SIZE": "50",
    },
    many=many_responses,
    account=Typeform,
    environment=lambda url: {
        "KOERS_TYPEFORM_URL": url,
        "KOERS_TYPEFORM_TOKEN": TOKEN,
        "KOERS_TYPEFORM_FORMS": FORM,
    },
    lacks={
        "expired_page": "A page token is the id of an answer; nothing says that it expires.",
        "measure_survey_invitations": "Whom nobody answered for is not known to Typeform.",
    },
)
