"""From the values of an API to the texts that are landed."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.core.api.record import RecordReader, moment_of, text_of, whole_of
from connectors.core.contract import Field, Stream

FIRST, LAST = (dt.datetime.fromisoformat(day) for day in ("1971-01-01", "2100-01-01"))
STREAM = Stream(
    name="deals",
    description="One row is one deal.",
    key=("deal_id",),
    fields=(
        Field("deal_id", path="id"),
        Field("amount", "decimal", path="properties.amount"),
        Field("at", "datetime", path="properties.{AT}"),
        Field("deep", path="a.b.c"),
        Field("absent"),
    ),
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("x", "x"),
        ("", None),
        (None, None),
        (True, "true"),
        (False, "false"),
        (7, "7"),
        ([1, "a"], '[1,"a"]'),
        ({"a": None}, '{"a":null}'),
    ],
)
def test_the_text_of_a_value(value: Any, text: str | None) -> None:
    assert text_of(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("1840.0", "1840"),  # as `Response.json` gives a number with a fraction
        ("-3.00", "-3"),
        (7, "7"),
        (0, "0"),
        ("12.5", "12.5"),  # is for staging to refuse
        ("1e3", "1e3"),
        ("", None),
        (None, None),
    ],
)
def test_a_whole_number_with_a_fraction_of_zeros_is_whole(value: Any, text: str | None) -> None:
    assert whole_of(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("2026-02-03T10:11:12Z", "2026-02-03T10:11:12Z"),
        ("2026-02-03T10:11:12.000Z", "2026-02-03T10:11:12Z"),
        ("2026-02-03T10:11:12.345Z", "2026-02-03T10:11:12.345Z"),
        ("2026-02-03T10:11:12.000+0000", "2026-02-03T10:11:12Z"),
        ("2026-02-03T10:11:12+02:00", "2026-02-03T08:11:12Z"),
        ("2026-02-03", "2026-02-03"),
        ("1770113472345", "2026-02-03T10:11:12.345Z"),
        (1770113472345, "2026-02-03T10:11:12.345Z"),
        ("2026-02-03 10:11:12", "2026-02-03 10:11:12"),
        ("3 februari", "3 februari"),
        ("", None),
        (None, None),
        (True, "true"),
    ],
)
def test_a_moment_is_spelled_in_one_way_and_what_is_none_is_kept(
    value: Any, text: str | None
) -> None:
    assert moment_of(value) == text


@given(st.datetimes(FIRST, LAST), st.integers(-14, 14))
def test_one_moment_in_any_zone_is_one_text(moment: dt.datetime, hours: int) -> None:
    there = moment.replace(
        microsecond=moment.microsecond // 1000 * 1000, tzinfo=dt.timezone(dt.timedelta(hours=hours))
    )
    here = there.astimezone(dt.UTC)
    spelled = {
        moment_of(there.isoformat()),
        moment_of(here.isoformat(timespec="milliseconds").replace("+00:00", "Z")),
        moment_of(round(here.timestamp() * 1000) if here.year > 1974 else here.isoformat()),
    }
    assert len(spelled) == 1


def test_a_record_is_read_wherever_its_fields_stand() -> None:
    reader = RecordReader(STREAM, {"AT": "closedate"})

    def read(record: Any) -> list[str | None]:
        return [text for [text] in reader.read([record]).columns]

    properties = {"amount": "1.50", "closedate": "2026-02-03"}
    record = {"id": 5, "properties": properties, "a": {"b": {"c": "x"}}}
    assert read(record) == ["5", "1.50", "2026-02-03", "x", None]
    assert read({"id": "5", "properties": None, "a": []}) == ["5", None, None, None, None]


@pytest.mark.fault("B20")
def test_what_nothing_identifies_is_left_out_and_told() -> None:
    wrong = [{}, {"id": None}, {"id": ""}, [], "x", None]
    records = [{"id": 1}, *wrong[:4], {"id": 2}, *wrong[4:], {"id": 3, "properties": {"amount": 7}}]
    found = RecordReader(STREAM, {"AT": "closedate"}).read(records)
    assert found.columns[:2] == [["1", "2", "3"], [None, None, "7"]]
    assert list(found.kept) == [0, 5, 8]
    told = dict(found.problems)
    assert sorted(told) == [1, 2, 3, 4, 6, 7]
    assert all("identifies" in told[at] for at in (1, 2, 3))
    assert all("object" in told[at] for at in (4, 6, 7))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.fault("B20")
@given(JSON)
def test_no_value_breaks_a_record(value: Any) -> None:
    found = RecordReader(STREAM, {"AT": "at"}).read(
        [{"id": 1, "properties": {"amount": value, "at": value}, "a": value}]
    )
    texts = [text for [text] in found.columns]
    assert all(text is None or isinstance(text, str) for text in texts)
    json.dumps(texts)


def test_a_part_of_a_key_that_is_not_required_may_be_empty() -> None:
    """Visits that no campaign brought are a record too; a record without a page is none."""
    stream = Stream(
        name="visits",
        description="One row is one page and campaign.",
        key=("page", "campaign"),
        fields=(Field("page", path="page", required=True), Field("campaign", path="campaign")),
    )
    found = RecordReader(stream, {}).read([{"page": "/", "campaign": None}, {"campaign": "zon"}])
    assert found.columns == [["/"], [None]]
    [(place, problem)] = found.problems
    assert place == 1
    assert problem.startswith("page")
