"""Every kind of file ends in the landing: looked at, written down, chosen where it is ambiguous."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import openpyxl
import pytest

from tests.files.making import workbook
from tests.inspection.making import CONNECTORS, choose, left_out, looked_at, mapping, through
from tests.landing.making import counts, ingest, put

CRM = "Deal ID;Verkoper;Status;Bedrag;Sluitdatum\r\n"


def amounts(records: list[dict[str, str]], field: str = "amount") -> list[str]:
    return sorted(record[field] for record in records)


def test_semicolons_and_decimal_commas(tmp_path: Path) -> None:
    text = CRM + "1;Jan;Open;1.234,50;31-01-2026\r\n2;Piet;Open;7,5;01-02-2026\r\n"
    records = through(tmp_path, "crm", "deals", "deals.csv", text.encode())
    assert amounts(records) == ["1234.5", "7.5"]
    assert amounts(records, "closed_date") == ["2026-01-31", "2026-02-01"]


def test_cp1252(tmp_path: Path) -> None:
    text = CRM + "1;René;Open;€ 1,50;31-01-2026\r\n"
    [record] = through(tmp_path, "crm", "deals", "deals.csv", text.encode("cp1252"))
    assert (record["owner"], record["amount"]) == ("René", "1.5")


def test_utf_16_with_tabs_as_excel_saves_it(tmp_path: Path) -> None:
    text = CRM.replace(";", "\t") + "1\tZoë\tOpen\t1,5\t31-01-2026\r\n"
    data = b"\xff\xfe" + text.encode("utf-16-le")
    [record] = through(tmp_path, "crm", "deals", "deals.txt", data)
    assert (record["owner"], record["amount"]) == ("Zoë", "1.5")


def test_title_lines_and_a_total_line(tmp_path: Path) -> None:
    text = "Omzet per verkoper\r\nPeriode: 2026\r\n\r\n" + CRM
    text += "1;Jan;Open;1,5;31-01-2026\r\n2;Piet;Open;2,5;28-02-2026\r\nTotaal;;;4,0;\r\n"
    records = through(tmp_path, "crm", "deals", "deals.csv", text.encode())
    assert amounts(records) == ["1.5", "2.5"]
    assert left_out(tmp_path, "crm", "deals") == 1


def test_a_total_with_fewer_cells_and_more_words(tmp_path: Path) -> None:
    text = CRM + "1;Total Energies;Open;1,5;31-01-2026\r\nTotal 2026;1,5\r\n"
    [record] = through(tmp_path, "crm", "deals", "deals.csv", text.encode())
    assert record["owner"] == "Total Energies"
    assert left_out(tmp_path, "crm", "deals") == 1


def test_merged_month_headings_in_text(tmp_path: Path) -> None:
    text = ";januari 2026;;februari 2026;\nPagina;Bezoeken;Bezoekers;Bezoeken;Bezoekers\n"
    text += "/a;10;5;20;8\n/b;7;3;;\n"
    records = through(tmp_path, "web", "visits", "web.csv", text.encode())
    assert sorted((r["page"], r["visit_date"], r["visits"], r["visitors"]) for r in records) == [
        ("/a", "2026-01-01", "10", "5"),
        ("/a", "2026-02-01", "20", "8"),
        ("/b", "2026-01-01", "7", "3"),
    ]


def test_merged_month_headings_in_a_workbook(tmp_path: Path) -> None:
    def merge(book: openpyxl.Workbook) -> None:
        book.active.merge_cells("A1:A2")
        book.active.merge_cells("B1:C1")
        book.active.merge_cells("D1:E1")

    rows = [
        ["Pagina", dt.date(2026, 1, 1), None, dt.date(2026, 2, 1), None],
        [None, "Bezoeken", "Bezoekers", "Bezoeken", "Bezoekers"],
        ["/a", 10, 5, 20, 8],
    ]
    file = workbook(tmp_path / "made.xlsx", rows, merge)
    records = through(tmp_path, "web", "visits", "web.xlsx", file.read_bytes())
    assert amounts(records, "visits") == ["10", "20"]
    assert amounts(records, "visit_date") == ["2026-01-01", "2026-02-01"]


def test_months_across_without_a_year(tmp_path: Path) -> None:
    text = "Bezoeken in 2025\nPagina,januari,februari\n/a,10,20\n"
    records = through(tmp_path, "web", "visits", "web.csv", text.encode(), "year: 2025")
    assert amounts(records, "visit_date") == ["2025-01-01", "2025-02-01"]


def test_months_that_could_be_days(tmp_path: Path) -> None:
    text = "Pagina,jan-26,feb-26\n/a,10,20\n"
    records = through(tmp_path, "web", "visits", "web.csv", text.encode(), "columns: ")
    assert amounts(records, "visit_date") == ["2026-01-01", "2026-02-01"]


def test_a_month_that_is_added_later_is_no_unknown_column(tmp_path: Path) -> None:
    text = "Pagina,jan-26,feb-26\n/a,10,20\n"
    through(tmp_path, "web", "visits", "web_1.csv", text.encode(), "columns: ")
    put(tmp_path, CONNECTORS["web"], "web_2.csv", "Pagina,jan-26,feb-26,maart 2026\n/a,10,20,30\n")
    [file] = ingest(tmp_path, CONNECTORS["web"]).files
    assert file.status == "refused"
    assert "'maart 2026' is a month that unpivot does not name" in (file.reason or "")


def test_dates_that_are_numbers_in_a_workbook(tmp_path: Path) -> None:
    rows = [["Deal ID", "Status", "Bedrag", "Sluitdatum"], [1, "Open", 1.5, 46053]]
    file = workbook(tmp_path / "made.xlsx", rows)
    [record] = through(tmp_path, "crm", "deals", "deals.xlsx", file.read_bytes())
    assert record["closed_date"] == "2026-01-31"


def test_dates_that_are_numbers_in_text(tmp_path: Path) -> None:
    text = CRM + "1;Jan;Open;1,5;46053\r\n"
    [record] = through(tmp_path, "crm", "deals", "d.csv", text.encode(), 'date_numbers: "1900"')
    assert record["closed_date"] == "2026-01-31"


def test_digits_as_dates(tmp_path: Path) -> None:
    text = CRM + "1;Jan;Open;1,5;20260131\r\n2;Jan;Open;1,5;20261112\r\n"
    records = through(tmp_path, "crm", "deals", "d.csv", text.encode())
    assert amounts(records, "closed_date") == ["2026-01-31", "2026-11-12"]


def test_months_by_name(tmp_path: Path) -> None:
    text = CRM + "1;Jan;Open;1,5;31 mrt 2026\r\n2;Jan;Open;1,5;1 oktober 2026\r\n"
    records = through(tmp_path, "crm", "deals", "d.csv", text.encode())
    assert amounts(records, "closed_date") == ["2026-03-31", "2026-10-01"]


@pytest.mark.parametrize(("mark", "amount"), [('decimal: ","', "1234"), ('decimal: "."', "1.234")])
def test_only_numbers_that_could_be_thousands(tmp_path: Path, mark: str, amount: str) -> None:
    text = "Deal ID,Status,Bedrag\n1,Open,1.234\n"
    [record] = through(tmp_path, "crm", "deals", "d.csv", text.encode(), mark)
    assert record["amount"] == amount


def test_a_whole_number_has_one_reading(tmp_path: Path) -> None:
    text = "Pagina;Datum;Bezoeken\n/a;2026-01-31;1.234\n"
    [record] = through(tmp_path, "web", "visits", "w.csv", text.encode())
    assert record["visits"] == "1234"


@pytest.mark.parametrize(
    ("date", "day"), [('date: "dd-mm-yyyy"', "2026-04-03"), ('date: "mm-dd-yyyy"', "2026-03-04")]
)
def test_days_that_could_be_months(tmp_path: Path, date: str, day: str) -> None:
    text = CRM + "1;Jan;Open;1,5;03-04-2026\r\n"
    [record] = through(tmp_path, "crm", "deals", "d.csv", text.encode(), date)
    assert record["closed_date"] == day


def test_line_ends_inside_quotes(tmp_path: Path) -> None:
    text = 'Deal ID,Account,Status,Bedrag\n1,"Jansen\nen ""zonen"", BV",Open,1.5\n'
    [record] = through(tmp_path, "crm", "deals", "d.csv", text.encode())
    assert record["account"] == 'Jansen\nen "zonen", BV'


def test_headings_that_are_like_a_known_one(tmp_path: Path) -> None:
    text = "Opportunity_ID,Deal-stage,Bedrag (EUR)\n1,Open,1.5\n"
    [record] = through(tmp_path, "crm", "deals", "d.csv", text.encode())
    assert (record["deal_id"], record["stage"], record["amount"]) == ("1", "Open", "1.5")
    assert '"Bedrag (EUR)": amount  # ' in mapping(tmp_path, "crm")


def test_headings_never_seen(tmp_path: Path) -> None:
    """What is required and like nothing is a line to fill in; the run refuses until it is."""
    looked_at(tmp_path, "crm", "d.csv", b"Kenmerk,Toestand\nA1,Open\n")
    tool = CONNECTORS["crm"]
    [file] = ingest(tmp_path, tool).files
    assert "deal_id is missing" in (file.reason or "")
    choose(tmp_path, "crm", '"...": deal_id', '"...": stage')
    place = tmp_path / "inbox" / "crm" / "mapping.yaml"
    text = place.read_text().replace('"...": deal_id', "Kenmerk: deal_id")
    place.write_text(text.replace('"...": stage', "Toestand: stage"))
    assert counts(ingest(tmp_path, tool)) == (1, 1, 0, 0)


def test_a_percentage_as_text_without_its_sign() -> None:
    from connectors.core.contract import FileFormat
    from connectors.core.files import parse_cell

    assert parse_cell("12,5%", "percent", FileFormat(decimal=",")) == "0.125"
    assert parse_cell("12,5", "percent", FileFormat(decimal=",", percent="points")) == "0.125"
    assert parse_cell("0,125", "percent", FileFormat(decimal=",", percent="fraction")) == "0.125"


def test_an_open_last_line_is_asked(tmp_path: Path) -> None:
    text = CRM + "1;Jan;Open;1,5;31-01-2026"
    chosen = "last_line_may_be_open: true"
    assert through(tmp_path, "crm", "deals", "d.csv", text.encode(), chosen)


def test_numbers_of_both_kinds_are_told(tmp_path: Path) -> None:
    text = CRM + "1;Jan;Open;1,5;31-01-2026\r\n2;Jan;Open;2.75;31-01-2026\r\n"
    report = looked_at(tmp_path, "crm", "d.csv", text.encode())
    assert [choice.what for choice in report.finding.choices] == ["decimal"]
    assert "numbers of both kinds" in report.finding.conflicts[0]
