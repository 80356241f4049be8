"""Names and texts that would do something where they are shown, stored or read."""

from __future__ import annotations

import contextlib
import csv
import datetime as dt
import io
import time
from pathlib import Path

import duckdb
import openpyxl
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from connectors.core.api.values import resolve
from connectors.core.contract import FileFormat
from connectors.core.files.cells import parse_cell
from connectors.core.files.errors import CellError
from connectors.core.privacy import mask
from connectors.core.recognise import matches
from connectors.core.text import one_line, visible
from pipelines.audiences import audiences
from pipelines.kpis import KpiError, check_definitions
from pipelines.marts import quoted
from pipelines.publication import PublicationError, open_publication, publish
from pipelines.security.spreadsheet import FORMULA_SIGNS, cell, text_of
from pipelines.security.yaml_text import YamlError, parse_for_dbt, parse_yaml
from pipelines.settings import Home, SettingsError
from pipelines.settings import settings as settings_of
from pipelines.watch.expecting import Expected, as_csv
from pipelines.watch.formats import label
from pipelines.watch.mail import mail
from pipelines.watch.messages import compose
from pipelines.watch.redaction import redact
from pipelines.watch.text import text
from tests.kpis.test_definitions import metric, project, revenue
from tests.publication.tiny import fact, month, warehouse
from tests.watch.letters import HOOK, event, named, outgoing
from tests.watch.rows import judged

FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "=cmd|' /C calc'!A0", "'=1", "＝1"]
SQL = [
    "'; drop table dim_kpi; --", '"; drop table dim_kpi; --', "x' or '1'='1", "a\nb", "$$",
    "{{ 1 }}", "select", "/*", "--", "%", "é", "\U0001f986", "a;b", "read_csv('/etc/passwd')", " ",
    "\\", "A", "a",
]  # fmt: skip
TEMPLATES = [
    "{{ 7*7 }}",
    "{% for x in range(9) %}x{% endfor %}",
    "{0}",
    "{kpi.__class__}",
    "${HOME}",
]
LOGGED = [
    "a\nERROR faked",
    "\x1b[2J\x1b[31mred",
    "a\r\nb",
    "\u2028x",
    "\u202etxt.exe",
    "\x00",
    "\x9b31m",
]

cells = st.one_of(st.sampled_from(FORMULAS), st.text(max_size=30))
names = st.one_of(st.sampled_from(SQL), st.text(st.characters(exclude_characters="\0", codec="utf-8"), min_size=1, max_size=30))  # fmt: skip  # noqa: E501


@pytest.mark.fault("G5")
@given(cells)
def test_no_cell_is_a_formula_and_every_text_comes_back(said: str) -> None:
    shown = cell(said)
    assert isinstance(shown, str)
    assert not shown.startswith(FORMULA_SIGNS)
    assert text_of(shown) == said


@pytest.mark.fault("G5")
@pytest.mark.parametrize("value", [-5, 1.5, -0.0, None, True, dt.date(2026, 1, 1)])
def test_numbers_and_dates_stay_what_they_are(value: object) -> None:
    assert cell(value) is value


@pytest.mark.fault("G5")
def test_a_workbook_of_cells_has_no_formula(tmp_path: Path) -> None:
    """openpyxl takes a text that begins with = for a formula: without `cell` this fails."""
    book = openpyxl.Workbook()
    for row, said in enumerate(said for said in FORMULAS if said.isprintable()):
        book.active.cell(row + 1, 1, cell(said))
    book.active.cell(1, 2, "=1+1")
    book.save(tmp_path / "book.xlsx")
    read = openpyxl.load_workbook(tmp_path / "book.xlsx").active
    assert {each.data_type for (each,) in read.iter_rows(max_col=1)} == {"s"}
    assert read.cell(1, 2).data_type == "f"


@pytest.mark.fault("G5")
@given(cells)
def test_what_people_said_is_no_formula_in_the_file_of_events(why: str) -> None:
    day = dt.date(2026, 1, 1)
    said = as_csv([Expected("a", "revenue", "org", day, day, label(why), "eva")])
    _, row = csv.reader(io.StringIO(said), delimiter=";")
    assert not [each for each in row if each.startswith(FORMULA_SIGNS)]


@pytest.mark.fault("G6")
@given(names)
def test_a_name_is_one_identifier(name: str) -> None:
    with duckdb.connect() as db:
        made = db.execute(f"select 1 as {quoted(name)}")
        assert [column[0] for column in made.description] == [name]


@pytest.mark.fault("G6")
@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(unit=names, kpi=names, folder=st.sampled_from(["o'neil", 'a"b', "semi;colon", "star*[x]"]))
def test_names_of_others_change_no_table(tmp_path: Path, unit: str, kpi: str, folder: str) -> None:
    """As the id of a KPI and of a unit, and in the path of the home."""
    home = Home(tmp_path / folder)
    rows = [fact(kpi, unit, month(1), 1.0, "on_course")]
    found = publish(warehouse(home.warehouse, rows), home, run_id="run", keep=1)
    with open_publication(found) as db:
        assert "dim_kpi" in found.tables
        assert db.execute("select kpi, org_unit_id from fct_kpi_status").fetchall() == [(kpi, unit)]
        assert set(found.tables) == {
            name for (name,) in db.execute("select table_name from duckdb_tables()").fetchall()
        }


@pytest.mark.fault("G6")
@pytest.mark.parametrize("name", [name for name in SQL + TEMPLATES if not name.islower()])
def test_the_name_of_a_kpi_is_a_plain_word(tmp_path: Path, name: str) -> None:
    with pytest.raises(KpiError):
        check_definitions(project(tmp_path, metric(name, "simple", {"measure": "amount"})))


FILTERS = [
    "{{ Dimension('o__product') }} = (select content from read_text('/etc/passwd'))",
    "{{ Dimension('o__product') }} in (select name from people)",
    "1 = 1; drop table dim_kpi",
    "{{ Dimension('o__product') }} = 'a' --",
    "getenv('HOME') = 'x'",
    "product = 'a'",
    "{{ env_var('KOERS_HUBSPOT_TOKEN') }} = 'a'",
    "{% for x in range(9) %}{% endfor %} 1 = 1",
    "exists (from glob('/etc/*'))",
    "{{ Dimension('o__product') }} = current_setting('home_directory')",
]


@pytest.mark.fault("G6", "G7")
@pytest.mark.parametrize("said", FILTERS)
def test_a_filter_of_a_kpi_compares_dimensions_and_does_nothing_else(
    tmp_path: Path, said: str
) -> None:
    wrong = {**revenue(), "filter": said}
    with pytest.raises(KpiError, match="filter"):
        check_definitions(project(tmp_path, wrong))
    right = {**revenue(), "filter": "{{ Dimension('o__product') }} in ('a', 'b')"}
    (tmp_path / "right").mkdir()
    check_definitions(project(tmp_path / "right", right))


@pytest.mark.fault("G6", "G7")
@pytest.mark.parametrize(
    "said",
    ["one / two; select 1", "one / two --", "(select 1) + one / two", "read_text(one) / two"],
)
def test_the_expression_of_a_kpi_is_arithmetic(tmp_path: Path, said: str) -> None:
    inputs = [{"name": "amount", "alias": "one"}, {"name": "orders", "alias": "two"}]
    wrong = metric("aa", "derived", {"expr": said, "metrics": inputs})
    with pytest.raises(KpiError, match=r"type_params\.expr"):
        check_definitions(project(tmp_path, wrong))


@pytest.mark.fault("G8")
@pytest.mark.parametrize("said", ["{{ env_var('HOME') }}", "{% set x = 1 %}", "{# x #}"])
def test_a_text_of_a_kpi_is_no_template(tmp_path: Path, said: str) -> None:
    wrong = (revenue(label={"nl": said, "en": "x"}), {**revenue(), "description": said})
    for number, each in enumerate(wrong):
        (tmp_path / str(number)).mkdir()
        with pytest.raises(KpiError, match="template"):
            check_definitions(project(tmp_path / str(number), each))


@pytest.mark.fault("G8")
@given(st.one_of(st.sampled_from(TEMPLATES), st.text(alphabet="{}%$#0a._[]!:'", max_size=30)))
@example("{0.__class__.__mro__}")
def test_what_people_write_is_never_a_template(said: str) -> None:
    """Filled in, it would be something else, or an error."""
    shown = label(said)
    assert shown in text(named(said))
    (message,) = compose(
        [event(judged("off_course", 80.0, unit_name=said))], [HOOK], publication_id="p"
    )
    assert shown in message.body


@pytest.mark.fault("G8")
def test_a_message_has_a_bounded_length() -> None:
    long = text(named("x" * 100_000))
    assert len(long) < 20_000


@pytest.mark.fault("G13")
@given(st.one_of(st.sampled_from(LOGGED), st.text(max_size=60)))
def test_no_text_of_others_makes_a_line_or_moves_a_cursor(said: str) -> None:
    values = resolve([], {})
    for shown in (one_line(said, 300), values.redact(said), redact(said, "jsons://x.example/y")):
        assert shown.splitlines() in ([shown], [])
        assert "\x1b" not in shown
        assert shown.isprintable() or not shown.isascii()
    assert visible(said).count("\n") == said.count("\n")
    assert "\x1b" not in visible(said)
    assert "\u202e" not in visible(said)


@pytest.mark.fault("G14")
@given(st.text(max_size=60))
@example("x\r\nBcc: eve@evil.example")
@example("x\nSubject: other")
def test_a_name_adds_no_header_to_a_mail(said: str) -> None:
    plain, made = (mail(named(name), [], outgoing()) for name in ("x", said))
    assert made.keys() == plain.keys()
    head = made.as_bytes().partition(b"\r\n\r\n")[0]
    assert not [line for line in head.split(b"\r\n") if line.lower().startswith(b"bcc:")]


TRAPS = ["NO", "no", "on", "Off", "yes", "12:30", "1:30:00", "010", "0x1F", "0b11", "1_000"]


@pytest.mark.fault("G9")
@pytest.mark.parametrize("word", TRAPS)
def test_a_plain_word_means_what_it_says(word: str) -> None:
    assert parse_yaml(f"a: {word}") == {"a": word}
    with pytest.raises(YamlError, match=r"in quotes.*\(line 1\)"):
        parse_for_dbt(f"a: {word}")
    assert parse_for_dbt(f"a: '{word}'") == {"a": word}


BOMB = "\n".join(
    ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
)
BAD = {
    "python": "a: !!python/object/apply:os.system ['touch /tmp/koers-owned']",
    "object": "!!python/object/new:os.system ['true']",
    "bomb": BOMB,
    "deep": "[" * 5_000,
    "double": "a: 1\nb: 2\na: 3",
    "merge": "b: &b {x: 1}\na:\n  <<: *b",
    "half": "a: {b",
}


@pytest.mark.fault("G9")
@pytest.mark.parametrize("parse", [parse_yaml, parse_for_dbt])
@pytest.mark.parametrize("said", BAD.values(), ids=list(BAD))
def test_yaml_that_does_more_than_say_something_is_refused(parse: object, said: str) -> None:
    began = time.monotonic()
    with pytest.raises(YamlError):
        parse(said)  # type: ignore[operator]
    assert time.monotonic() - began < 10
    assert not Path("/tmp/koers-owned").exists()  # noqa: S108


@pytest.mark.fault("G9")
@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("currency: EUR\ncurrency: USD", "twice"),
        ("curency: EUR", "curency"),
        ("keep_publications: many", "keep_publications"),
        ("organisation_name: NO", None),
        ("nightly_at: 12:30", None),
        ("end_date: 2017-12-31", None),
        ("fiscal_year_starts: 04", None),
    ],
)
def test_settings_are_read_as_they_are_written(
    koers_home: Home, said: str, told: str | None
) -> None:
    koers_home.root.mkdir()
    koers_home.settings_file.write_text(said)
    if told is not None:
        with pytest.raises(SettingsError, match=told):
            settings_of(koers_home)
        return
    name, _, word = said.partition(": ")
    assert str(getattr(settings_of(koers_home), name)) == word.removeprefix("0")


@pytest.mark.fault("G6", "G10")
@pytest.mark.parametrize("name", ["../x", "/etc", "a/b", "..", ".", "a\\b", "A", "a b", "x'y", "a" * 99])  # fmt: skip  # noqa: E501
def test_an_audience_is_no_path(koers_home: Home, name: str) -> None:
    koers_home.root.mkdir()
    said = name.replace("\\", "\\\\")
    koers_home.audiences_file.write_text(f'audiences: {{management: {{}}, "{said}": {{}}}}\n')
    with pytest.raises(SettingsError):
        audiences(koers_home)


@pytest.mark.fault("G10")
def test_a_snapshot_is_no_path(koers_home: Home) -> None:
    from pipelines.publishing import roll_back_all

    publish(warehouse(koers_home.warehouse, []), koers_home, run_id="run", keep=2)
    for name in ("../../etc", "/etc/passwd", "..", "20250101T000000000000Z/../.."):
        with pytest.raises(PublicationError):
            roll_back_all(koers_home, name)


SLOW = ["a" * 60_000, "1" * 60_000, "1," * 30_000, " " * 60_000, "@" * 30_000, "a@" * 20_000,
        "-" * 60_000, "(" * 60_000, "1.000." * 9_000, "\u0301" * 60_000, "\u202e" * 60_000,
        "Bearer " * 9_000, "é" * 60_000]  # fmt: skip


@pytest.mark.fault("G17")
@pytest.mark.parametrize("said", SLOW, ids=[repr(each[:4]) for each in SLOW])
def test_no_text_takes_long(said: str) -> None:
    """There are no regular expressions of users, and none of ours goes back on its steps. Counted
    in seconds of the processor: the machine may be busy."""
    fmt = FileFormat(delimiter=";", decimal=",", date="dd-mm-yyyy", time_zone="UTC")
    began = time.process_time()
    label(said)
    mask(said)
    visible(said)
    resolve([], {}).redact(said)
    redact(said, "jsons://x.example/y")
    for kind in ("text", "decimal", "integer", "percent", "score", "date", "datetime"):
        with contextlib.suppress(CellError):
            parse_cell(said, kind, fmt)  # type: ignore[arg-type]
    assert time.process_time() - began < 5


@pytest.mark.fault("G17")
def test_no_pattern_of_a_mapping_takes_long() -> None:
    began = time.process_time()
    assert not matches("a" * 5_000, ["*a" * 60 + "b"])
    assert time.process_time() - began < 5
