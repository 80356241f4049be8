"""The mapping that is written: what a person wrote there stays, and the same is not added twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors.core.mapping import read_mapping
from pipelines.ingest import ingest as ingest_source
from pipelines.inspecting import InspectError, inspect, write
from pipelines.settings import Home, Settings
from tests.commands import koers
from tests.inspection.making import CONNECTORS, choose, looked_at, mapping
from tests.landing.making import NOW, counts, ingest, put

TEXT = b"Opportunity_ID;Status;Bedrag;Sluitdatum\n1;Open;1,5;03-04-2026\n"
OWN = """\
# of our own
format: {encoding: cp1252}
streams:   # two of them
  deals:
    headings: {Kenmerk: deal_id}   # the old export
    values:
      stage: {Gewonnen: won}
    # the end
ignore: ["notes.csv"]
"""


def write_own(home: Path, text: str) -> None:
    put(home, CONNECTORS["crm"], "mapping.yaml", text)


def test_what_a_person_wrote_stays(tmp_path: Path) -> None:
    write_own(tmp_path, OWN)
    looked_at(tmp_path, "crm", "deals.csv", TEXT)
    text = mapping(tmp_path, "crm")
    for line in ("# of our own", "# two of them", "# the end", 'ignore: ["notes.csv"]'):
        assert line in text
    read = read_mapping(tmp_path / "inbox" / "crm" / "mapping.yaml", CONNECTORS["crm"])
    deals = read.stream("deals")
    assert deals.headings["Kenmerk"] == "deal_id"
    assert deals.values == {"stage": {"Gewonnen": "won"}}
    assert deals.format.decimal == ","
    assert deals.undecided() == ["date"]
    assert read.ignore == ["notes.csv"]


def test_again_adds_nothing(tmp_path: Path) -> None:
    looked_at(tmp_path, "crm", "deals.csv", TEXT)
    once = mapping(tmp_path, "crm")
    looked_at(tmp_path, "crm", "deals.csv", TEXT)
    assert mapping(tmp_path, "crm") == once
    choose(tmp_path, "crm", 'date: "dd-mm-yyyy"')
    chosen = mapping(tmp_path, "crm")
    looked_at(tmp_path, "crm", "deals.csv", TEXT)
    assert mapping(tmp_path, "crm") == chosen
    assert counts(ingest(tmp_path, CONNECTORS["crm"])) == (1, 1, 0, 0)


def test_another_name_is_added_to_the_files(tmp_path: Path) -> None:
    write_own(tmp_path, 'streams:\n  deals:\n    files: ["a*.csv"]\n    format: {decimal: ","}\n')
    looked_at(tmp_path, "crm", "deals.csv", TEXT)
    text = mapping(tmp_path, "crm")
    assert 'files: ["a*.csv", "deals.csv"]' in text
    assert read_mapping(tmp_path / "inbox/crm/mapping.yaml", CONNECTORS["crm"]).streams["deals"]


def test_what_cannot_be_extended_is_left_as_it_is(tmp_path: Path) -> None:
    own = "streams: {deals: {headings: {Kenmerk: deal_id}}}\n"
    write_own(tmp_path, own)
    with pytest.raises(InspectError, match="between"):
        looked_at(tmp_path, "crm", "deals.csv", TEXT)
    assert mapping(tmp_path, "crm") == own


def test_a_file_elsewhere_is_of_the_connector_that_a_person_names(tmp_path: Path) -> None:
    file = tmp_path / "web.csv"
    file.write_text("Pagina;Datum;Bezoeken\n/a;2026-01-31;5\n")
    report = inspect(file, tmp_path / "inbox", CONNECTORS)
    assert (report.fits[0].connector, report.fits[0].missing) == ("web", ())
    with pytest.raises(InspectError, match="--connector"):
        write(report)
    assert not (tmp_path / "inbox").exists()


def test_a_mapping_is_part_of_how_a_file_was_read(tmp_path: Path) -> None:
    """The same bytes with other title rows are read again."""
    looked_at(tmp_path, "crm", "d.csv", b"Deal ID,Status\n1,Open\n2,Open\n")
    assert counts(ingest(tmp_path, CONNECTORS["crm"])) == (2, 2, 0, 0)
    put(tmp_path, CONNECTORS["crm"], "d.csv", "Deal ID,Status\n1,Open\n2,Open\n")
    file = tmp_path / "inbox" / "crm" / "mapping.yaml"
    file.write_text(file.read_text() + '    total_rows: ["2"]\n')
    result = ingest(tmp_path, CONNECTORS["crm"])
    assert result.streams["deals"].counts == {
        "read": 2, "loaded": 1, "rejected": 0, "duplicate": 0, "left_out": 1,
    }  # fmt: skip


def test_the_command(koers_home: Home) -> None:
    file = put(koers_home.root, CONNECTORS["crm"], "deals.csv", TEXT)
    shown = koers(koers_home, "inbox", "inspect", str(file))
    assert shown.returncode == 0, shown.stderr
    assert "To choose: date (row 2, Sluitdatum: '03-04-2026')" in shown.stdout
    assert not (file.parent / "mapping.yaml").exists()
    done = koers(koers_home, "inbox", "inspect", str(file), "--write")
    assert "Choose there: date" in done.stdout
    assert (file.parent / "mapping.yaml").exists()
    wrong = koers(koers_home, "inbox", "inspect", str(file.with_name("nothing.csv")))
    assert wrong.returncode == 1
    assert "Traceback" not in wrong.stderr


def test_a_heading_that_may_be_no_field_can_be_let_go(tmp_path: Path) -> None:
    text = b"Deal ID,Status,Ownership\n1,Open,a\n2,Open,b\n"
    report = looked_at(tmp_path, "crm", "d.csv", text)
    assert [(c.what, c.is_optional) for c in report.finding.choices] == [("owner", True)]
    said = mapping(tmp_path, "crm")
    assert "# If none is, take owner out of to_choose." in said
    file = tmp_path / "inbox" / "crm" / "mapping.yaml"
    file.write_text(said.replace("to_choose: [owner]", "to_choose: []"))
    assert counts(ingest(tmp_path, CONNECTORS["crm"])) == (2, 2, 0, 0)


def test_percentages_are_no_numbers_of_lines(tmp_path: Path) -> None:
    text = b"Datum;Rekening;Bedrag;Marge %\n31-01-2026;8000;1,00;5,5%\n31-01-2026;8000;2,00;6%\n"
    report = looked_at(tmp_path, "ledger", "d.csv", text)
    assert report.finding.columns[-1].field is None


def test_a_run_tells_what_was_left_out(koers_home: Home) -> None:
    """The pass that `koers run` makes of each source, with a total in its file."""
    text = b"Omzet\nDeal ID,Status\n1,Open\nTotaal,\n"
    looked_at(koers_home.root, "crm", "d.csv", text)
    done = ingest_source(CONNECTORS["crm"], koers_home, Settings(), now=NOW)
    [load] = done.loads
    assert (load.read, load.loaded, load.left_out) == (2, 1, 1)
