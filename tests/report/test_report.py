"""The report: what people read there is what their audience may see, and as it was published."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urlsplit

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.publication import publish
from pipelines.report.making import KEPT, ReportError, Reports, make_reports
from pipelines.report.places import file_name, page_of
from pipelines.settings import Alerts, Home, Settings
from pipelines.watch.actions import add
from pipelines.watch.acts import acknowledge
from pipelines.watch.links import command_line, linking
from pipelines.watch.report_links import report_links
from tests.commands import koers
from tests.publication.tiny import month
from tests.report.example import HOSTILE, NOW, pages, publish_example

SALES = "revenue/sales/tolerance/2025-06-01"
HIDDEN_ALERT = "nps/north/tolerance/2025-06-01"


@pytest.fixture(autouse=True, scope="module")
def no_vega(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Putting Vega together takes seconds, and only a browser needs it."""
    file = tmp_path_factory.mktemp("vega") / "vega.js"
    file.write_text("window.vegaEmbed = null;", encoding="utf-8")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("pipelines.report.making._vega", lambda folder: file)
        yield


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """To read, not to change."""
    home = Home(tmp_path_factory.mktemp("published"))
    publish_example(home)
    return home


@pytest.fixture(scope="module")
def made(published: Home) -> Reports:
    return make_reports(published)


@pytest.fixture
def home(koers_home: Home, published: Home) -> Home:
    """A copy to change, without a report."""
    shutil.copytree(
        published.root, koers_home.root, symlinks=True, ignore=shutil.ignore_patterns("report")
    )
    return koers_home


def again(home: Home) -> None:
    """Another publication of the same for management."""
    publish(home.warehouse, home, run_id="r", keep=2)


def test_the_first_page_says_how_it_goes_and_whose_turn_it_is(made: Reports) -> None:
    dutch = Page.of(pages(made.made["management"].folder)["nl/index.html"])
    assert "1 van de 3 doelen zijn op koers; 2 niet." in dutch.text
    assert "Over juni 2025" in dutch.text
    assert "2 signalen die niemand heeft opgepakt" in dutch.text
    turn = dutch.after("Wie is aan zet?")
    assert "Omzet" in turn
    assert "eva" in turn
    assert "€ 80,00" in turn
    assert "doel € 100,00 (vanaf € 90,00)" in turn
    assert "Uit koers geraakt" in dutch.after("Wat is er veranderd?")
    english = Page.of(pages(made.made["management"].folder)["en/index.html"])
    assert "1 of the 3 targets are on course; 2 not." in english.text
    assert "€80.00" in english.after("Whose turn is it?")


def test_people_are_counted_on_the_first_page_never_named(made: Reports) -> None:
    for place, text in pages(made.made["management"].folder).items():
        if place.endswith("/index.html"):
            assert "Piet Jansen" not in text, place


def test_a_kpi_page_holds_the_figures_as_published(made: Reports) -> None:
    page = pages(made.made["management"].folder)[f"en/{page_of('revenue', 'sales')}"]
    rows = Page.of(page).rows
    trend = [row for row in rows if "data-period" in row]
    assert [(row["data-period"], float(row["data-value"] or "nan")) for row in trend] == [
        (month(n).isoformat(), value)
        for n, value in enumerate((101.0, 98.0, 104.0, 103.0, 99.0, 80.0), 1)
    ]
    assert [row["data-mark"] for row in trend] == [""] * 5 + ["off"]


def test_a_waterfall_goes_from_what_was_to_what_is(made: Reports) -> None:
    page = pages(made.made["management"].folder)[f"en/{page_of('revenue', 'sales')}"]
    steps = [row for row in Page.of(page).rows if "data-kind" in row]
    ends = [float(row["data-to"] or "nan") for row in steps]
    assert (ends[0], ends[-1]) == (99.0, 80.0)
    for before, step in zip(ends, steps[1:-1], strict=False):
        assert float(step["data-from"] or "nan") == pytest.approx(before)
    assert ends[-2] == pytest.approx(ends[-1])
    assert "Team Zuid" in page
    assert "61%" in page  # 11.5 of 19


def test_what_an_audience_may_not_see_is_not_in_its_report(home: Home) -> None:
    """North's NPS of June is about too few people: not its figure, nor that it alerted, nor that
    somebody does something about it. And nobody's name."""
    for alert in (HIDDEN_ALERT, SALES):
        add(home.ledger, alert, "Piet belt", "Piet Jansen", dt.date(2025, 7, 20), "bo",
            dt.date(2025, 7, 2), lambda: NOW)  # fmt: skip
    made = make_reports(home).made
    management = pages(made["management"].folder)
    organisation = pages(made["organisation"].folder)
    nps = f"nl/{page_of('nps', 'north')}"
    assert "26,4" in management[nps]
    assert "Piet belt" in management[nps]
    assert "Nog niet" not in organisation[nps]
    assert "Te klein om te tonen" in organisation[nps]
    assert "Hierover is geen signaal geweest." in organisation[nps]
    assert "Er is geen actie afgesproken." in organisation[nps]
    assert f"nl/{page_of('revenue', 'p1')}" in management
    for place, text in organisation.items():
        assert "Piet" not in text, place
        assert "26,4" not in text, place
        assert "26.4" not in text, place
    # That of sales is theirs to see, without who and what.
    sales = organisation[f"nl/{page_of('revenue', 'sales')}"]
    assert "Er is een actie afgesproken." in sales
    assert "nog niet opgepakt" in sales


@pytest.mark.fault("G12")
def test_every_link_leads_to_a_page_and_none_to_another_host(made: Reports) -> None:
    for report in made.made.values():
        root = report.folder.resolve()
        for place, text in pages(report.folder).items():
            for link in Page.of(text).links:
                parts = urlsplit(link)
                assert parts.scheme in ("", "data"), (place, link)
                assert not parts.netloc, (place, link)
                if parts.path and not parts.scheme:
                    target = (root / place).parent / parts.path
                    assert target.is_file(), (place, link)
                    assert target.resolve().is_relative_to(root), (place, link)


@pytest.mark.fault("G12")
def test_names_of_others_are_text(koers_home: Home) -> None:
    publish_example(koers_home, unit_name=HOSTILE, kpi_label=f"Omzet {HOSTILE}")
    found = pages(make_reports(koers_home).made["management"].folder)
    own = {"shared/report.js"}
    for place, text in found.items():
        page = Page.of(text)
        assert {"/".join(src.split("/")[-2:]) for src in page.scripts} <= own, place
        assert page.inline == [], place
        assert "img" not in page.tags, place
        assert not [name for name in page.attributes if name.startswith("on")], place
    assert any("alert(1)" in Page.of(text).text for text in found.values())


def test_nothing_new_costs_nothing(home: Home) -> None:
    assert all(report.is_new for report in make_reports(home).made.values())
    assert not any(report.is_new for report in make_reports(home).made.values())
    acknowledge(home.ledger, SALES, "eva", "I call them")
    renewed = make_reports(home).made["management"]
    assert renewed.is_new
    page = pages(renewed.folder)[f"en/{page_of('revenue', 'sales')}"]
    assert "someone is on it" in page
    assert "by eva" in page
    assert "I call them" in page


def test_a_new_publication_is_a_new_report_and_the_last_are_kept(home: Home) -> None:
    seen = set()
    for _ in range(KEPT + 2):
        again(home)
        report = make_reports(home, only="management").made["management"]
        assert report.is_new
        seen.add(report.folder.resolve())
    store = home.report / ".made" / "management"
    left = [path for path in store.iterdir() if path.is_dir()]
    assert len(seen) == KEPT + 2
    assert len(left) == KEPT
    assert report.folder.resolve() in left


def test_what_a_stop_left_is_swept_and_the_old_report_stands(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = make_reports(home, only="management").made["management"].folder.resolve()
    again(home)

    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("pipelines.report.making._point_to", stopped)
        with pytest.raises(KeyboardInterrupt):
            make_reports(home, only="management")
    assert (home.report / "management").resolve() == before
    (home.report / ".made" / "management" / ".building-x").mkdir()
    assert make_reports(home, only="management").made["management"].is_new
    store = home.report / ".made" / "management"
    assert not [path for path in store.iterdir() if path.name.startswith(".building")]


def test_what_cannot_be_made_is_told(koers_home: Home) -> None:
    refused = make_reports(koers_home).refused
    assert refused["management"] == "Nothing is published for management yet: koers run."
    with pytest.raises(ReportError, match="There is no audience sales: management, organisation"):
        make_reports(koers_home, only="sales")
    publish_example(koers_home)
    # As of a Koers that had another name for it.
    with duckdb.connect(str(koers_home.warehouse)) as db:
        db.execute("alter table dim_kpi rename column home_layer to layer")
    publish(koers_home.warehouse, koers_home, run_id="r", keep=2)
    assert "Run `koers publish`" in make_reports(koers_home).refused["management"]


def test_the_command_says_where_it_is(home: Home) -> None:
    done = koers(home, "report", "--audience", "organisation", "--language", "en")
    first = home.report / "organisation" / "en" / "index.html"
    assert done.returncode == 0, done.stderr
    assert str(first) in done.stdout
    assert first.is_file()
    assert not (home.report / "management").exists()


def test_a_message_links_to_the_page_of_its_kpi(home: Home) -> None:
    url = "https://koers.example.org/report/organisation"
    chosen = Settings(alerts=Alerts(report_url=url + "/"))
    page = report_links(home, chosen)
    (link,) = page(SALES, "nl")
    assert link.url == f"{url}/nl/kpi/revenue/sales.html"
    assert link.text == "In het rapport"
    assert not link.is_act
    # No page of people in that report, so no link to one.
    assert page("revenue/p1/tolerance/2025-06-01", "nl") == []
    assert report_links(home, Settings())(SALES, "nl") == []
    # Where nothing can be done by a link, what to type is still said.
    assert [each.url for each in linking(home, chosen, NOW)(SALES, "eva", "nl")] == [link.url]
    assert "koers alerts ack" in command_line(SALES, "nl")


@pytest.mark.fault("G10")
@given(st.lists(st.text(max_size=60), unique=True, max_size=8))
def test_every_name_has_a_file_of_its_own_that_any_disk_takes(names: list[str]) -> None:
    files = [file_name(name) for name in names]
    assert len({file.casefold() for file in files}) == len(names)
    for file in files:
        assert 0 < len(file) <= 80
        assert file.isascii()
        assert not set(file) & set('/\\:*?"<>|. ')
        assert file == file.lower()


@dataclass
class Page(HTMLParser):
    """What is on a page, as a browser takes it."""

    text: str = ""
    tags: set[str] = field(default_factory=set)
    attributes: set[str] = field(default_factory=set)
    links: list[str] = field(default_factory=list)
    scripts: list[str] = field(default_factory=list)
    inline: list[str] = field(default_factory=list)
    rows: list[dict[str, str | None]] = field(default_factory=list)
    _in_script: bool = False

    def __post_init__(self) -> None:
        super().__init__()

    @classmethod
    def of(cls, text: str) -> Page:
        page = cls()
        page.feed(text)
        page.text = " ".join(page.text.replace("\u2060", "").split())
        return page

    def after(self, heading: str) -> str:
        return self.text.split(heading, 1)[1][:400]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = dict(attrs)
        self.tags.add(tag)
        self.attributes |= said.keys()
        for name in ("href", "src"):
            if said.get(name):
                self.links.append(str(said[name]))
        if tag == "script":
            self._in_script = True
            if said.get("src"):
                self.scripts.append(str(said["src"]))
        if tag == "tr":
            self.rows.append(said)

    def handle_endtag(self, tag: str) -> None:
        if tag == "script":
            self._in_script = False

    def handle_data(self, data: str) -> None:
        if self._in_script and data.strip():
            self.inline.append(data)
        self.text += f" {data}"
