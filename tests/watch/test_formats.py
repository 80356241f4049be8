"""Numbers, dates and names as they stand in a message."""

from __future__ import annotations

import datetime as dt

import pytest

from pipelines.watch.formats import date, label, number, period, value


@pytest.mark.parametrize(
    ("amount", "unit", "dutch", "english"),
    [
        (1234.56, "currency", "€ 1.235", "€1,235"),
        (234.5, "currency", "€ 234,50", "€234.50"),
        (-1234567.0, "currency", "-€ 1.234.567", "-€1,234,567"),
        (-0.001, "currency", "€ 0,00", "€0.00"),
        (0.2345, "percent", "23,4%", "23.4%"),
        (-0.0001, "percent", "0,0%", "0.0%"),
        (12345, "count", "12.345", "12,345"),
        (12.5, "count", "12,5", "12.5"),
        (62495.3, "count", "62.495", "62,495"),
        (-31.26, "score", "-31,3", "-31.3"),
    ],
)
def test_values(amount: float, unit: str, dutch: str, english: str) -> None:
    assert value(amount, unit, "nl") == dutch
    assert value(amount, unit, "en") == english


def test_thousands_and_decimals() -> None:
    assert number(1234.56, 2, "nl") == "1.234,56"
    assert number(1234.56, 2, "en") == "1,234.56"


def test_other_currencies() -> None:
    assert value(1500, "currency", "nl", currency="USD") == "$ 1.500"
    assert value(1500, "currency", "en", currency="CHF") == "CHF 1,500"


@pytest.mark.parametrize(
    ("day", "grain", "dutch", "english"),
    [
        ("2025-05-12", "day", "12 mei 2025", "12 May 2025"),
        ("2024-12-30", "week", "week 1 van 2025", "week 1 of 2025"),
        ("2025-03-01", "month", "maart 2025", "March 2025"),
        ("2025-10-01", "quarter", "4e kwartaal 2025", "Q4 2025"),
        ("2025-01-01", "year", "2025", "2025"),
    ],
)
def test_periods(day: str, grain: str, dutch: str, english: str) -> None:
    start = dt.date.fromisoformat(day)
    assert period(start, grain, "nl") == dutch
    assert period(start, grain, "en") == english


def test_a_date() -> None:
    assert date(dt.date(2025, 2, 1), "nl") == "1 februari 2025"


def test_a_name_calls_nobody_and_makes_no_second_line() -> None:
    shown = label("Team\n@everyone <!channel> https://evil.example \u202egnp")
    assert "\n" not in shown
    assert "@everyone" not in shown
    assert "<!channel>" not in shown
    assert "://" not in shown
    assert "\u202e" not in shown
    assert len(label("x" * 1000)) == 80
