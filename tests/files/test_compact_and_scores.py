"""Shortened numbers, words for nothing, and answers on a scale: each only where it is declared."""

from __future__ import annotations

from dataclasses import replace

import pytest

from connectors.core.files.table import NumberText
from tests.files.making import DUTCH, PLAIN, reason, value

SHORT = replace(PLAIN, compact=True, blanks=("-", "N/A"))
KORT = replace(DUTCH, compact=True, blanks=("-", "n.v.t."))


@pytest.mark.parametrize(
    ("text", "english", "dutch"),
    [
        ("1.2K", "1200", None),
        ("1,2K", None, "1200"),
        ("3.4M", "3400000", None),
        ("12k", "12000", "12000"),
        ("1.234K", "1234", "1234000"),
        ("7 K", "7000", "7000"),
        ("-2K", "-2000", "-2000"),
        ("1.2345K", None, None),  # no whole number
        ("K", None, None),
        ("1.2KB", None, None),
        ("1.2K%", None, None),
        ("€ 2K", None, None),
        ("843", "843", "843"),
    ],
)
def test_a_shortened_number_is_read_under_the_declared_mark(
    text: str, english: str | None, dutch: str | None
) -> None:
    for fmt, expected in ((SHORT, english), (KORT, dutch)):
        if expected is None:
            assert f"'{text}'" in reason(text, "integer", fmt)
        else:
            assert value(text, "integer", fmt) == expected


def test_a_shortened_number_is_refused_where_nobody_declared_it() -> None:
    assert "not a whole number" in reason("1.2K", "integer", PLAIN)
    assert value("1.2K", "decimal", SHORT) == "1200"


@pytest.mark.parametrize("kind", ["integer", "decimal", "date", "datetime", "text", "score"])
def test_words_for_nothing_are_null_where_they_are_declared(kind: str) -> None:
    for word in ("-", " n/a ", "N/A"):
        assert value(word, kind, SHORT) is None  # type: ignore[arg-type]
    assert value("N/A", "text", PLAIN) == "N/A"
    assert "N/A" in reason("N/A", "integer", PLAIN)
    assert value("0", "integer", SHORT) == "0", "nothing is not zero"


@pytest.mark.parametrize(
    ("text", "score"),
    [
        ("9", "9"),
        ("9,0", "9"),
        ("9.0", "9"),
        (" 10 ", "10"),
        ("0 - helemaal niet", "0"),
        ("9 - zeer waarschijnlijk", "9"),
        ("9 – Very likely", "9"),
        ("10 (extremely likely)", "10"),
        ("8: likely", "8"),
        ("11", "11"),  # is for staging to judge
        (NumberText("9.0"), "9"),
        ("", None),
    ],
)
def test_a_score_may_have_words_after_it(text: str, score: str | None) -> None:
    assert value(text, "score", PLAIN) == score
    assert value(text, "score", DUTCH) == score


@pytest.mark.parametrize(
    "text", ["Promoter", "9,5", "9 - 10", "9/10", "9.000", "-1", "9 of 10", "1e1", "9%", "9 -"]
)
def test_words_alone_and_what_may_mean_two_things_are_no_score(text: str) -> None:
    assert "no score" in reason(text, "score", DUTCH)


def test_a_month_in_letters_is_read_where_it_is_declared() -> None:
    letters = replace(PLAIN, date="mmm d, yyyy", time_zone="UTC")
    for text in ("Nov 5, 2026", "Fri, Nov 5, 2026", "november 5, 2026", "nov. 5, 2026"):
        assert value(text, "date", letters) == "2026-11-05"
    assert value("Mei 31, 2026", "date", letters) == "2026-05-31"
    dutch = replace(PLAIN, date="d mmm yyyy", time_zone="Europe/Amsterdam")
    assert value("12 mrt 2026 09:30", "datetime", dutch) == "2026-03-12T08:30:00Z"
    for text in ("Foo 5, 2026", "Feb 30, 2026", "11/05/2026"):
        assert text in reason(text, "date", letters)
