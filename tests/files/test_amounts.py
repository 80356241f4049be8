"""Numbers as people write them, under a declared decimal mark."""

from __future__ import annotations

from decimal import Decimal
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.core.contract import FieldType, FileFormat
from connectors.core.files.amounts import _everyday, _written, plain
from connectors.core.files.errors import printable
from connectors.core.files.table import NumberText
from tests.files.making import DUTCH, PLAIN, is_read, reason, value

REFUSED = "refused"
KINDS: tuple[FieldType, ...] = ("decimal", "integer", "percent")
NB = "\u00a0"

# What is written, what it is with a decimal comma, what with a decimal point.
TABLE = [
    ("1.234,56", "1234.56", REFUSED),
    ("1,234.56", REFUSED, "1234.56"),
    ("1.234", "1234", "1.234"),
    ("1,234", "1.234", "1234"),
    ("1234,5", "1234.5", REFUSED),
    ("1234.5", REFUSED, "1234.5"),
    ("1.23", REFUSED, "1.23"),
    ("1,23", "1.23", REFUSED),
    ("0.123", REFUSED, "0.123"),
    ("0,123", "0.123", REFUSED),
    ("12.34.567", REFUSED, REFUSED),
    ("1.234.567", "1234567", REFUSED),
    ("1.234.567,8", "1234567.8", REFUSED),
    ("1.2345", REFUSED, "1.2345"),
    ("1234.567", REFUSED, "1234.567"),
    ("€ 1.234,-", "1234", REFUSED),
    ("€ 5,--", "5", REFUSED),
    ("$1,234.50", REFUSED, "1234.5"),
    ("12,50 EUR", "12.5", REFUSED),
    ("EUR 12", "12", "12"),
    (f"€{NB}7", "7", "7"),
    ("-/- 5", "-5", "-5"),
    ("5 -/-", "-5", "-5"),
    ("-5", "-5", "-5"),
    ("5-", "-5", "-5"),
    ("\u22125", "-5", "-5"),
    ("+5", "5", "5"),
    ("€ -5", "-5", "-5"),
    ("- € 5", "-5", "-5"),
    ("(1.234,50)", "-1234.5", REFUSED),
    ("(5", REFUSED, REFUSED),
    ("(-5)", REFUSED, REFUSED),
    ("--5", REFUSED, REFUSED),
    (f"1{NB}234,5", "1234.5", REFUSED),
    ("1 234", "1234", "1234"),
    ("1 23", REFUSED, REFUSED),
    ("1'234", "1234", "1234"),
    ("007", "7", "7"),
    ("-0", "0", "0"),
    (",5", "0.5", REFUSED),
    ("5,", REFUSED, REFUSED),
    ("100,00", "100", REFUSED),
    ("€", REFUSED, REFUSED),
    ("-", REFUSED, REFUSED),
    ("n.v.t.", REFUSED, REFUSED),
    ("12a", REFUSED, REFUSED),
    ("\u0661\u0662", REFUSED, REFUSED),
    ("12%", REFUSED, REFUSED),
]


@pytest.mark.fault("C1")
@pytest.mark.parametrize(("text", "comma", "point"), TABLE)
def test_amounts_as_they_are_written(text: str, comma: str, point: str) -> None:
    for fmt, wanted in ((DUTCH, comma), (PLAIN, point)):
        if wanted == REFUSED:
            assert printable(text) in reason(text, "decimal", fmt)
        else:
            assert value(text, "decimal", fmt) == wanted
            assert value(f"  {text}{NB}", "decimal", fmt) == wanted


@pytest.mark.fault("C1")
def test_an_ambiguous_amount_is_told_with_both_readings() -> None:
    told = reason("-1.23", "decimal", DUTCH)
    assert "'-1.23'" in told
    assert "-123 with decimal mark ','" in told
    assert "-1.23 with decimal mark '.'" in told


@pytest.mark.parametrize("cell", ["", "   ", NB, None])
def test_empty_is_null_and_never_zero(cell: str | None) -> None:
    for kind in get_args(FieldType):
        assert value(cell, kind) is None


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("12,5%", "0.125"), ("12,5 %", "0.125"), ("-3%", "-0.03"), ("100%", "1"), ("1.000%", "10")],
)
def test_percentages_become_fractions(text: str, wanted: str) -> None:
    assert value(text, "percent") == wanted


def test_a_percentage_without_its_sign_is_refused_with_both_readings() -> None:
    told = reason("0,5", "percent")
    assert "0.5%" in told
    assert "50%" in told
    assert "no percent sign" in reason("€ 5", "percent")


@pytest.mark.fault("C15")
@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("3", "3"), ("1.234", "1234"), ("-12", "-12"), ("3,00", "3"), ("00012", "12"),
        ("9223372036854775807", "9223372036854775807"),
        ("-9223372036854775808", "-9223372036854775808"),
        ("9007199254740993", "9007199254740993"),
    ],
)  # fmt: skip
def test_whole_numbers_are_exact(text: str, wanted: str) -> None:
    assert value(text, "integer") == wanted


@pytest.mark.parametrize(
    "text",
    ["3,5", "9223372036854775808", "99999999999999999999", "€ 3", "3%", "x", "9" * 5_000, "1,2,3"],
)
def test_what_is_no_whole_number_is_refused(text: str) -> None:
    assert reason(text, "integer")


@pytest.mark.fault("C15")
@pytest.mark.parametrize("text", ["99999999999999999999", "1" + "0" * 16, "0," + "1" * 40])
def test_amounts_that_no_decimal_column_holds_are_refused(text: str) -> None:
    assert "digits" in reason(text, "decimal")


def test_a_number_that_is_known_as_a_number_has_a_dot_whatever_is_declared() -> None:
    assert value(NumberText("1.234"), "decimal", DUTCH) == "1.234"
    assert value(NumberText("1e3"), "decimal", DUTCH) == "1000"
    assert value(NumberText("12.50"), "text", DUTCH) == "12.50"
    assert value(NumberText("0.125", shown_as_percent=True), "percent") == "0.125"
    assert "12.5" in reason(NumberText("0.125", shown_as_percent=True), "decimal")
    for text in ("1e400", "1e9999", "-1e-9999"):
        assert "too" in reason(NumberText(text), "decimal")
        assert reason(NumberText(text), "integer")


DECIMALS = st.decimals(
    min_value=-(10**15), max_value=10**15, allow_nan=False, allow_infinity=False, places=4
)
LOCALES = {",": ".", ".": ","}


def written(number: Decimal, mark: str, grouped: bool) -> str:
    text = f"{number:,.4f}" if grouped else f"{number:.4f}"
    return text.translate({ord("."): mark, ord(","): LOCALES[mark]})


@pytest.mark.fault("C1")
@given(DECIMALS, st.sampled_from([",", "."]), st.booleans())
def test_every_amount_is_read_back_in_either_locale(
    number: Decimal, mark: str, grouped: bool
) -> None:
    fmt = FileFormat(decimal=mark)  # type: ignore[arg-type]
    text = written(number, mark, grouped)
    got = value(text, "decimal", fmt)
    assert got is not None
    assert Decimal(got) == number
    # The same amount has one spelling, whatever file it came from.
    assert got == value(NumberText(str(number)), "decimal", fmt)
    assert got == value(f"€ {text}", "decimal", fmt)
    fraction = value(f"{text}%", "percent", fmt)
    assert fraction is not None
    assert Decimal(fraction) * 100 == number


@given(st.from_regex(r"-?[0-9.,]{1,25}", fullmatch=True), st.sampled_from([",", "."]))
def test_the_quick_way_never_differs_from_the_full_one(text: str, mark: str) -> None:
    quick = _everyday(mark)(text)
    if quick is not None:
        assert quick == plain(_written(text, mark, "an amount")[0])


@pytest.mark.fault("C1", "C15")
@given(st.text(max_size=40), st.sampled_from([",", "."]))
def test_any_text_is_an_exact_number_or_a_reason(text: str, mark: str) -> None:
    fmt = FileFormat(decimal=mark)  # type: ignore[arg-type]
    for kind in KINDS:
        if is_read(text, kind, fmt):
            got = value(text, kind, fmt)
            assert got is None or Decimal(got).is_finite()
