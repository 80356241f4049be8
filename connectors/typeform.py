"""Typeform (surveys): forms, and the answers to the NPS question of the forms you name.

From the API, or from export files. Answers come by `submitted_at`, both ends of the window
included, oldest first; every page after the first is asked by the token of the last answer, until
one is empty. An answer is shown up to half an hour after it was given, so each window reaches back
a day. A deleted answer vanishes without a word, and the weekly sweep finds it missing: keep a form
in the setting for as long as its answers are to count.

The NPS question is the one whose `ref` or `id` a setting names; else the only one of type `nps`, or
else the only `opinion_scale` from 0 to 10. It is never found by its title. Another scale (1 to 10,
1 to 5) is refused: it gives no NPS. A skipped question is absent from an answer, and null here. Who
was invited is not known to Typeform: pass the day in a hidden field, or count no response rate.

Sources: the vendor's texts on responses as quoted by rtypeform (CRAN), Pipedream and SeaTunnel;
`GET /me` by rtypeform. Not verified there: how 429 is told (read in the general way), whether
`since` and `until` hold beside `after` (where not, more is read than needed), whether answers are
processed in the order in which they were submitted, the properties `steps` and `start_at_one`, and
the headings of export files (assumed; the score stands under the question's title: map it in
`mapping.yaml`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from connectors.core.api.auth import Auth, Header
from connectors.core.api.client import Client
from connectors.core.api.clock import Clock
from connectors.core.api.declare import Api, Enrich, JsonRecords, Listing, Pull, Window
from connectors.core.api.limits import Limit
from connectors.core.api.messages import Json, MalformedError, Request, Response, at
from connectors.core.api.paging import Page
from connectors.core.api.values import Values, Variable, number
from connectors.core.contract import Connector, Field, FileFormat, Stream
from connectors.core.errors import RefusedError

TOKEN = "KOERS_TYPEFORM_TOKEN"  # noqa: S105 - the name of a variable
FORMS = "KOERS_TYPEFORM_FORMS"
QUESTIONS = "KOERS_TYPEFORM_NPS_QUESTIONS"
OWNER = "KOERS_TYPEFORM_OWNER_FIELD"
CAMPAIGN = "KOERS_TYPEFORM_CAMPAIGN_FIELD"
EMAIL = "KOERS_TYPEFORM_EMAIL_FIELD"
INVITED = "KOERS_TYPEFORM_INVITED_FIELD"
URL = "KOERS_TYPEFORM_URL"
RATE = "KOERS_TYPEFORM_REQUESTS_PER_SECOND"
SIZE = "KOERS_TYPEFORM_PAGE_SIZE"

VARIABLES = (
    Variable(TOKEN, "Personal access token", secret=True),
    Variable(FORMS, "Ids of the forms that ask for an NPS, separated by commas"),
    Variable(
        QUESTIONS,
        "Refs or ids of the NPS questions, where a form has more than one such scale",
        optional=True,
    ),
    Variable(OWNER, "Hidden field that names whose customer answers", default="owner"),
    Variable(CAMPAIGN, "Hidden field that names the campaign", default="campaign"),
    Variable(EMAIL, "Hidden field with the e-mail address of who answers", default="email"),
    Variable(INVITED, "Hidden field with the day of the invitation", default="invited_at"),
    Variable(
        URL, "Address of the API (EU data centre: another)", default="https://api.typeform.com"
    ),
    Variable(RATE, "Requests in a second", default="2"),
    Variable(SIZE, "Answers per request, at most 1000", default="1000"),
)
FORMS_SIZE = 200
NUMBERS = ("nps", "opinion_scale", "number")


@dataclass(frozen=True)
class _Answers:
    """A page of answers, the last of which says where the next page begins."""

    expect: Literal["json"] = "json"

    def of(self, response: Response) -> tuple[Json, list[Json]]:
        """See `Records`. Raises MalformedError."""
        content, items = JsonRecords("items").of(response)
        if items and not isinstance(at(items[-1], "token"), str):
            raise MalformedError("ends with an answer without a token")
        return content, items


class _UntilEmpty:
    """The next page begins after the last answer of this one; an empty page ends the list."""

    def next(self, request: Request, page: Page) -> Request | None:
        if not page.records:
            return None
        # A token sets the order by itself, and is refused beside another.
        params = {name: value for name, value in request.params.items() if name != "sort"}
        after = str(at(page.records[-1], "token"))
        return Request(request.path, params).with_params(after=after)


class _Numbered:
    """Pages by number; the body says how many there are."""

    def next(self, request: Request, page: Page) -> Request | None:
        number, last = int(request.params["page"]), at(page.content, "page_count")
        if not isinstance(last, int) or number >= last:
            return None
        return request.with_params(page=str(number + 1))


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def _seconds(moment: dt.datetime) -> str:
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _responses(values: Values, window: Window) -> Sequence[Listing]:
    size = int(number(values, SIZE))
    params = {"page_size": str(size), "sort": "submitted_at,asc"}
    if window.since is not None:
        params |= {"since": _seconds(window.since), "until": _seconds(window.until)}
    return [
        Listing(
            Request(f"/forms/{form}/responses", params),
            _Answers(),
            _UntilEmpty(),
            enrich=_scored(form, values),
            size=size,
        )
        for form in _words(values[FORMS])
    ]


def _count(values: Values) -> list[tuple[Request, str]]:
    return [
        (Request(f"/forms/{form}/responses", {"page_size": "1"}), "total_items")
        for form in _words(values[FORMS])
    ]


def _scored(form: str, values: Mapping[str, str]) -> Enrich:
    """Adds to each answer its form's name, the score, and the e-mail address of who gave it."""

    def enrich(client: Client, records: Sequence[Json]) -> Iterator[Json]:
        content = client.get(f"/forms/{form}")
        question = nps_question(form, content, _words(values[QUESTIONS]))
        for record in records:
            if not isinstance(record, dict):
                yield record  # is counted as rejected
                continue
            told = record.get("answers")
            answers = [a for a in (told if isinstance(told, list) else []) if isinstance(a, dict)]
            scored = [a for a in answers if at(a, "field.id") == question]
            mailed = [a for a in answers if a.get("type") == "email"]
            hidden = at(record, f"hidden.{values[EMAIL]}")
            found = {
                **record,
                "form": {"id": form, "title": at(content, "title")},
                "survey_type": "NPS",
            }
            # What an answer does not tell where it should is left out, and not told to be empty.
            if all("number" in a for a in scored):
                found["score"] = scored[0]["number"] if scored else None
            if hidden or all("email" in a for a in mailed):
                found["email"] = hidden or (mailed[0]["email"] if len(mailed) == 1 else None)
            yield found

    return enrich


def nps_question(form: str, content: Json, named: Sequence[str]) -> str:
    """The id of the question of a form whose answers are an NPS. named: refs and ids of such
    questions, of this form or of others.

    Raises RefusedError where there is none or more than one, or where its scale is another.
    """
    fields = list(_flat(at(content, "fields")))
    chosen = [f for f in fields if f.get("ref") in named or f.get("id") in named]
    if not chosen:
        chosen = [f for f in fields if f.get("type") == "nps"]
    if not chosen:
        chosen = [f for f in fields if f.get("type") == "opinion_scale" and _is_0_to_10(f)]
    if len(chosen) != 1:
        known = [f"{f.get('ref')} ({f.get('type')})" for f in fields if f.get("type") in NUMBERS]
        raise RefusedError(
            f"typeform: form {form} has {len(chosen)} questions that may be the NPS; set "
            f"{QUESTIONS} to the ref of one: {', '.join(known) or 'it has no scale at all'}"
        )
    [found] = chosen
    if found.get("type") not in NUMBERS or not _is_0_to_10(found):
        raise RefusedError(
            f"typeform: question {found.get('ref')} of form {form} ({found.get('type')}) is no "
            "scale from 0 to 10, so it gives no NPS"
        )
    return str(found.get("id"))


def _flat(fields: Json) -> Iterator[dict[str, Json]]:
    """The questions, those in groups too."""
    for field in fields if isinstance(fields, list) else ():
        if isinstance(field, dict):
            yield field
            yield from _flat(at(field, "properties.fields"))


def _is_0_to_10(field: Json) -> bool:
    """A scale has its number of steps; what says nothing is what its type says."""
    steps, from_one = at(field, "properties.steps"), at(field, "properties.start_at_one")
    return steps in (None, 11) and from_one is not True


def _forms(values: Values, window: Window) -> Sequence[Listing]:
    params = {"page": "1", "page_size": str(FORMS_SIZE)}
    return [Listing(Request("/forms", params), JsonRecords("items"), _Numbered(), size=FORMS_SIZE)]


def _auth(values: Values, clock: Clock) -> Auth:
    return Header("Authorization", f"Bearer {values[TOKEN]}")


def _hidden(variable: str) -> str:
    return f"hidden.{{{variable}}}"


CONNECTOR = Connector(
    name="typeform",
    label="Typeform",
    kind="survey",
    file_format=FileFormat(time_zone="UTC"),
    api=Api(
        variables=VARIABLES,
        base_url=lambda values: values[URL],
        auth=_auth,
        account=lambda values: (Request("/me"), "alias"),
        limits=lambda values: (Limit(number(values, RATE), 1.0),),
        setup="Account > Personal tokens: a token with the scopes accounts, forms and responses "
        "(read).",
    ),
    streams=(
        Stream(
            name="responses",
            description="One row is one completed answer to a form that asks for an NPS.",
            key=("response_id",),
            updated_at="responded_at",
            activity="responded_at",
            fields=(
                Field("response_id", headings=("#", "Response ID"), path="token", required=True),
                Field("respondent", headings=("Email", "E-mail"), path="email", personal=True),
                Field("survey_type", headings=("Survey type",), path="survey_type"),
                Field("survey_id", path="form.id"),
                Field("survey", headings=("Survey", "Form"), path="form.title"),
                Field("owner", headings=("owner",), path=_hidden(OWNER)),
                Field("campaign", headings=("campaign",), path=_hidden(CAMPAIGN)),
                Field("score", "score", headings=("Score", "NPS"), path="score"),
                Field("invited_at", "datetime", path=_hidden(INVITED)),
                Field(
                    "responded_at",
                    "datetime",
                    headings=("Submit Date (UTC)",),
                    path="submitted_at",
                    required=True,
                ),
            ),
            pull=Pull(
                _responses,
                _responses,
                overlap=dt.timedelta(days=1),
                count=_count,
                needs="responses:read and forms:read",
            ),
        ),
        Stream(
            name="forms",
            description="One row is one form, as it is now.",
            key=("form_id",),
            mode="full",
            fields=(
                Field("form_id", headings=("Form ID",), path="id", required=True),
                Field("title", headings=("Form title",), path="title"),
                Field("updated_at", path="last_updated_at"),
            ),
            pull=Pull(_forms, needs="forms:read"),
        ),
    ),
)
