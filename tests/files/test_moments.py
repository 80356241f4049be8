"""Dates, date-times and booleans by declaration."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.core.contract import FieldType, FileFormat
from connectors.core.files import check_format
from connectors.core.files.table import NumberText
from tests.files.making import AMERICAN, DUTCH, PLAIN, is_read, reason, value

KINDS: tuple[FieldType, ...] = ("date", "datetime", "boolean")


@pytest.mark.fault("C17")
@pytest.mark.parametrize(
    ("fmt", "text", "wanted"),
    [
        (DUTCH, "03-04-2026", "2026-04-03"),
        (AMERICAN, "03/04/2026", "2026-03-04"),
        (AMERICAN, "3/4/2026", "2026-03-04"),
        (DUTCH, "2026-04-03", "2026-04-03"),
        (AMERICAN, "2026-04-03", "2026-04-03"),
        (DUTCH, "29-02-2024", "2024-02-29"),
        (FileFormat(date="dd-mm-jjjj"), "03-04-2026", "2026-04-03"),
        (FileFormat(date="d.m.yyyy"), "3.4.2026", "2026-04-03"),
        (FileFormat(date="yyyymmdd"), "20260403", "2026-04-03"),
        (DUTCH, "31-12-9999", "9999-12-31"),
    ],
)
def test_dates_as_declared_or_iso(fmt: FileFormat, text: str, wanted: str) -> None:
    assert value(text, "date", fmt) == wanted
    assert value(f" {text} ", "date", fmt) == wanted


@pytest.mark.fault("C17")
@pytest.mark.parametrize(
    "text",
    ["31-02-2026", "29-02-2025", "00-01-2026", "13-13-2026", "0000-00-00", "3-4-26", "03-04-'26",
     "03/04/2026", "2026-4-3", "04-2026", "45000", "3 april 2026", "\u0660\u0663-04-2026"],
)  # fmt: skip
def test_dates_that_are_impossible_short_or_otherwise_written_are_refused(text: str) -> None:
    assert "dd-mm-yyyy" in reason(text, "date")


@pytest.mark.fault("C17")
def test_an_ambiguous_date_is_told_with_both_readings() -> None:
    told = reason("03/04/2026", "date", DUTCH)
    assert "2026-04-03 (day first)" in told
    assert "2026-03-04 (month first)" in told


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("01-07-2026 12:30", "2026-07-01T10:30:00Z"),
        ("01-01-2026 12:30:15", "2026-01-01T11:30:15Z"),
        ("01-01-2026 1:05 PM", "2026-01-01T12:05:00Z"),
        ("01-01-2026 12:05 am", "2025-12-31T23:05:00Z"),
        ("01-01-2026, 09:00", "2026-01-01T08:00:00Z"),
        ("2026-07-01T12:30:00", "2026-07-01T10:30:00Z"),
        ("2026-07-01T12:30:00Z", "2026-07-01T12:30:00Z"),
        ("2026-07-01T12:30:00.999Z", "2026-07-01T12:30:00Z"),
        ("2026-07-01T12:30:00+05:30", "2026-07-01T07:00:00Z"),
        ("2026-07-01 12:30:00 -0800", "2026-07-01T20:30:00Z"),
        ("2026-07-01 12:30 UTC", "2026-07-01T12:30:00Z"),
        ("01-07-2026", "2026-06-30T22:00:00Z"),
    ],
)
def test_date_times_become_utc(text: str, wanted: str) -> None:
    assert value(text, "datetime") == wanted


@pytest.mark.parametrize(
    "text",
    ["01-01-2026 24:00", "01-01-2026 12:60", "01-01-2026 13:00 PM", "01-01-2026 12", "12:30",
     "2026-01-01T12:00+25:00", "1767225600", "01-01-2026 12:30 CET"],
)  # fmt: skip
def test_times_that_are_none_are_refused(text: str) -> None:
    assert text in reason(text, "datetime")


@pytest.mark.fault("D1")
def test_summer_time() -> None:
    assert "never was in Europe/Amsterdam" in reason("29-03-2026 02:30", "datetime")
    assert value("29-03-2026 01:59:59", "datetime") == "2026-03-29T00:59:59Z"
    assert value("29-03-2026 03:00", "datetime") == "2026-03-29T01:00:00Z"
    # The hour that happens twice is taken as its first time.
    assert value("25-10-2026 02:30", "datetime") == "2026-10-25T00:30:00Z"
    assert value("25-10-2026 03:00", "datetime") == "2026-10-25T02:00:00Z"
    assert value("29-03-2026 02:30", "datetime", FileFormat(date="dd-mm-yyyy", time_zone="UTC"))


def test_a_day_that_begins_at_one_is_a_day() -> None:
    beirut = FileFormat(time_zone="Asia/Beirut")
    assert value("2022-03-27", "datetime", beirut) == "2022-03-26T22:00:00Z"


@pytest.mark.fault("D2")
def test_the_date_of_a_moment_is_the_day_in_the_files_time_zone() -> None:
    assert value("2026-03-31T22:30:00Z", "date") == "2026-04-01"
    assert value("31-03-2026 23:59", "date") == "2026-03-31"


def test_moments_outside_the_calendar_are_refused() -> None:
    for text in ("0001-01-01T00:00:00+05:00", "9999-12-31T23:00:00-05:00"):
        assert "outside" in reason(text, "datetime")


def test_cells_of_another_type_are_not_bent_into_dates() -> None:
    assert "is a number" in reason(NumberText("45000"), "date")
    assert "true/false" in reason(True, "datetime")
    assert "date or time" in reason(dt.time(12, 30), "date")
    assert "date or time" in reason(dt.date(2026, 1, 1), "decimal")


@pytest.mark.parametrize(
    "declared", ["", "dd-mm-yy", "mm-yyyy", "dd-dd-yyyy", "yyyy-mm-dd hh", "%d"]
)
def test_a_date_format_names_day_month_and_year(declared: str) -> None:
    with pytest.raises(ValueError, match="such as dd-mm-yyyy"):
        check_format(FileFormat(date=declared))


@pytest.mark.parametrize("zone", ["Amsterdam", "", "../etc/passwd", "Europe/../x"])
def test_a_time_zone_is_one(zone: str) -> None:
    with pytest.raises(ValueError, match="IANA"):
        check_format(FileFormat(time_zone=zone))


@pytest.mark.parametrize(
    ("cell", "wanted"),
    [("ja", "true"), ("Nee", "false"), ("TRUE", "true"), ("onwaar", "false"), ("y", "true"),
     ("0", "false"), (NumberText("1"), "true"), (False, "false"), (True, "true")],
)  # fmt: skip
def test_booleans_in_two_languages(cell: str | bool, wanted: str) -> None:
    assert value(cell, "boolean") == wanted


def test_what_is_neither_is_refused() -> None:
    for cell in ("misschien", "2", "x", dt.date(2026, 1, 1)):
        assert "true or false" in reason(cell, "boolean")


DATES = st.dates(dt.date(1000, 1, 1), dt.date(9999, 12, 31))


@pytest.mark.fault("C17")
@given(DATES, st.sampled_from(["dd-mm-yyyy", "mm/dd/yyyy", "yyyy.mm.dd", "ddmmyyyy", "dd mm yyyy"]))
def test_every_date_is_read_back(day: dt.date, declared: str) -> None:
    parts = {"dd": f"{day:%d}", "mm": f"{day:%m}", "yyyy": f"{day.year:04d}"}
    text = declared
    for letters, shown in parts.items():
        text = text.replace(letters, shown)
    assert value(text, "date", FileFormat(date=declared)) == day.isoformat()


@given(
    st.integers(0, 4_102_444_800),
    st.sampled_from(["Europe/Amsterdam", "America/New_York", "Asia/Kolkata", "UTC"]),
)
def test_every_moment_is_read_back(second: int, zone: str) -> None:
    utc = dt.datetime.fromtimestamp(second, dt.UTC)
    wanted = f"{utc:%Y-%m-%dT%H:%M:%S}Z"
    local = utc.astimezone(ZoneInfo(zone))
    fmt = FileFormat(date="dd-mm-yyyy", time_zone=zone)
    assert value(local.isoformat(), "datetime", fmt) == wanted
    # Without its offset only the first of two equal clock readings can be meant.
    if local.fold == 0:
        assert value(f"{local:%d-%m-%Y %H:%M:%S}", "datetime", fmt) == wanted


@pytest.mark.fault("C17")
@given(st.text(max_size=30))
def test_any_text_is_a_date_or_a_reason(text: str) -> None:
    for kind in KINDS:
        assert is_read(text, kind, PLAIN) in (True, False)
