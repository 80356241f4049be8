"""What comes in of people, and what is written about it."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import pytest

from connectors.core.discover import discover
from pipelines.privacy.marks import Marks
from pipelines.privacy.register import activities, as_csv, as_markdown
from pipelines.privacy.searching import search
from pipelines.settings import PROJECT_DIR, Home, Settings
from tests.privacy.making import CONTACT_NAME, PHONE

NOTHING = {"metrics": {}, "sources": {}, "semantic_models": {}, "nodes": {}}
FREE_TEXT = re.compile(r"note|comment_|remark|message|body|subject|toelichting|opmerking|memo")
ADDRESS = re.compile(r"[A-Za-z0-9._%+-]+@((?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,})")
RESERVED = re.compile(r"(^|\.)(example|test|invalid|localhost|example\.(com|org|net|nl))$", re.I)


@pytest.mark.fault("H6")
def test_a_column_that_is_not_declared_never_lands(home: Home) -> None:
    archived = [*(home.inbox / "archive").rglob("contacts.csv"), *home.inbox.rglob("*contacts.csv")]
    assert archived and all(PHONE in file.read_text() for file in archived)  # noqa: PT018
    for place in (home.landing, home.warehouse.parent, home.published):
        assert search(place, [CONTACT_NAME, PHONE]) == []


@pytest.mark.fault("H11")
def test_no_stream_takes_in_free_text() -> None:
    taken = [
        f"{connector.name}.{stream.name}.{field.name}"
        for connector in discover().values()
        for stream in connector.streams
        for field in stream.fields
        if field.type == "text" and FREE_TEXT.search(field.name)
    ]
    assert taken == []


@pytest.mark.fault("H12")
def test_people_of_tests_and_samples_are_made_up() -> None:
    """Addresses are of domains that nobody can have (RFC 2606; example.nl is SIDN's own)."""
    real = {}
    for folder in ("tests", "pipelines/sample", "pipelines/sandbox", "benchmarks", "docs"):
        for file in (PROJECT_DIR / folder).rglob("*"):
            if file.suffix in (".py", ".csv", ".json", ".yml", ".yaml", ".sql", ".md"):
                for domain in ADDRESS.findall(file.read_text(encoding="utf-8", errors="replace")):
                    if not RESERVED.search(domain):
                        real[str(file.relative_to(PROJECT_DIR))] = domain
    assert real == {}


@pytest.mark.fault("H6")
def test_the_register_names_every_field_about_people(koers_home: Home) -> None:
    found = {a.stream: a for a in activities(koers_home, Settings(), discover(), NOTHING)}

    for connector in discover().values():
        for stream in connector.streams:
            if personal := [each.name for each in stream.fields if each.personal]:
                line = found[f"{connector.name}.{stream.name}"]
                assert set(personal) <= set(line.fields.split(", "))
                assert "HMAC" in line.form
    assert found["hr.trainings"].of_whom == "employees"
    assert found["organisation.people"].fields == "person_id, name"
    assert "web.visits" not in found
    assert "legitimate interests" in found["hubspot.deals"].purpose
    assert "management (single employees)" in found["hubspot.deals"].recipients
    assert "365 days" in found["hubspot.deals"].kept

    rows = list(csv.reader(io.StringIO(as_csv(found.values()))))
    assert len(rows) == len(found) + 1
    assert as_markdown(found.values()).count("\n|") == len(found) + 2


def test_a_name_is_not_found_in_another() -> None:
    marks = Marks({"Jan Bos": "x", "an@b.example": "y"}, {"p002": "z"})
    assert marks.words("Jan Bosman, jan@b.example, p0021, dp002") == (
        "Jan Bosman, jan@b.example, p0021, dp002"
    )
    assert marks.words('{"t": "\\njan bos: an@b.example.", "u": "p002"}') == (
        '{"t": "\\nx: y.", "u": "z"}'
    )


def test_the_page_names_every_setting() -> None:
    page = (PROJECT_DIR / "docs" / "privacy.md").read_text(encoding="utf-8")
    from pipelines.settings import Retention

    assert [name for name in Retention.model_fields if f"`{name}`" not in page] == []
    assert Path(PROJECT_DIR / "docs" / "privacy-nl.md").exists()
