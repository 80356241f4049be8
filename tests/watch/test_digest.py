"""What a digest says, to whom, and when it says nothing."""

from __future__ import annotations

import datetime as dt
import json
import random
from collections import Counter
from pathlib import Path
from string import Formatter

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.course import standings
from pipelines.publication import publish
from pipelines.settings import Alerts, Home
from pipelines.status import status
from pipelines.summary import off_course
from pipelines.watch.actions import add, finish
from pipelines.watch.acts import acknowledge, silence, snooze
from pipelines.watch.chat import SLACK_BLOCKS, TEAMS_BYTES, slack, teams
from pipelines.watch.digest.reader import Reader
from pipelines.watch.digest.reading import read
from pipelines.watch.digest.timing import Span
from pipelines.watch.digest.words import DIGEST_WORDS
from pipelines.watch.digest.writing import SHARES, shares, write
from pipelines.watch.drift import Silence
from pipelines.watch.ledger import open_ledger
from pipelines.watch.letter import Link, from_json
from pipelines.watch.messages import NAMED
from pipelines.watch.sources import watch_sources
from pipelines.watch.text import text, text_within
from tests.publication.tiny import fact, month, warehouse
from tests.watch.digests import (
    DAY,
    NOW,
    OFF,
    ON,
    PERSON,
    WEEK,
    digest,
    facts_of,
    looking,
    night,
    sections,
    told,
    unusual,
)

NORTH = "revenue/north/tolerance/2025-06-01"
LATER = Span(NOW + 30 * DAY, NOW + 37 * DAY)
SOURCES = (
    "create table fct_source_freshness as select * from (values"
    " ('hubspot', 'deals', date '2025-06-20')) as t(connector, stream, covers_until)",
    "alter table dim_kpi add column sources varchar",
    "update dim_kpi set sources = 'crm, hubspot' where kpi = 'revenue'",
)


def reviewed(kpi: str, day: str) -> tuple[str, ...]:
    return (
        "alter table dim_kpi add column review_date date",
        f"update dim_kpi set review_date = '{day}' where kpi = '{kpi}'",
    )


def test_nothing_to_say_is_no_letter(koers_home: Home) -> None:
    night(koers_home, ON)
    assert digest(koers_home) is None


def test_what_is_off_course_its_course_and_that_it_waits(koers_home: Home) -> None:
    earlier = [fact("revenue", "north", month(n), 95.0, "on_course") for n in (4, 5)]
    night(koers_home, *earlier, OFF, ON)
    letter = told(koers_home, "noor")
    assert sections(letter) == {"Off course (1)": ["Revenue, Team Noord, June 2025"]}
    (entry,) = letter.entries
    assert (entry.badge, entry.value, entry.gap) == (
        "Off course, new",
        "€80.00",
        "€10.00 below the band",
    )
    assert [point.kpi_value for point in entry.points] == [95.0, 95.0, 80.0]
    assert dict(entry.facts)["Alert"] == "waits for somebody"
    assert letter.title == "Koers: Digest up to 2 July 2025: 1 off course"
    assert letter.opening[2:] == (
        "1 of 1 KPIs with a target are off course.",
        "1 alert waits for somebody.",
    )
    assert digest(koers_home, "bo") is None, "nothing is of that owner"


def test_what_is_not_new_is_said_without_it(koers_home: Home) -> None:
    night(koers_home, OFF)
    assert told(koers_home, "noor", LATER).entries[0].badge == "Off course"


def test_who_does_something_about_it(koers_home: Home) -> None:
    off = [fact("revenue", unit, month(6), 80.0, "off_course") for unit in ("north", "south")]
    night(koers_home, *off, fact("win_rate", "sales", month(6), 80.0, "off_course"))
    assert told(koers_home).opening[-1] == "3 alerts wait for somebody."
    acknowledge(koers_home.ledger, "revenue/north/tolerance", "noor", "calls them", lambda: NOW)
    snooze(koers_home.ledger, "revenue/south", NOW + 9 * DAY, "bo", clock=lambda: NOW)
    quiet = Silence(NOW, NOW + 9 * DAY, kpi="win_rate")
    silence(koers_home.ledger, quiet, "bo", "it moves", clock=lambda: NOW)
    letter = told(koers_home)
    assert facts_of(letter, "Revenue, Team Noord")["Alert"] == "taken up by noor: calls them"
    assert (
        facts_of(letter, "Revenue, Team Zuid")["Alert"] == "quiet until 10 July 2025 03:00, by bo"
    )
    assert facts_of(letter, "Win rate, Verkoop")["Alert"] == "quiet until 10 July 2025 03:00"
    assert letter.opening[-1] == "No alert waits for anybody."


def test_links_go_with_what_waits_only(koers_home: Home) -> None:
    night(koers_home, OFF, fact("revenue", "south", month(6), 80.0, "off_course"))
    acknowledge(koers_home.ledger, NORTH, "noor", clock=lambda: NOW)
    with looking(koers_home) as (matter, courses):
        letter = write(
            matter,
            Reader("directie", is_whole=True),
            courses,
            dt.UTC,
            links=lambda alert, owner, language: [Link(language, f"https://x/{alert}/{owner}")],
        )
    assert letter is not None
    found = {entry.unit: [link.url for link in entry.links] for entry in letter.entries}
    assert found == {
        "Team Noord": [],
        "Team Zuid": ["https://x/revenue/south/tolerance/2025-06-01/directie"],
    }


def test_unusual_is_told_apart_from_better_than_usual(koers_home: Home) -> None:
    night(
        koers_home,
        unusual("revenue", "north", month(6), 70.0),
        unusual("revenue", "south", month(6), 130.0),
        unusual("nps", "org", month(4), 130.0) | {"grain": "quarter"},
    )
    assert sections(told(koers_home)) == {
        "Unusual (2)": ["NPS, Voorbeeld B.V., Q2 2025", "Revenue, Team Noord, June 2025"],
        "Better than usual (1)": ["Revenue, Team Zuid, June 2025"],
    }, "nps is steered on within a band: neither side is the good one"


def test_back_on_course_is_told_in_its_time_only(koers_home: Home) -> None:
    night(koers_home, OFF, unusual("revenue", "south", month(6), 70.0))
    july = [
        fact("revenue", "north", month(7), 99.0, "on_course"),
        unusual("revenue", "south", month(7), 101.0),
    ]
    night(koers_home, OFF, *july, now=NOW + 31 * DAY)
    letter = told(koers_home, span=LATER)
    assert sections(letter) == {
        "Back again (2)": ["Revenue, Team Noord, July 2025", "Revenue, Team Zuid, July 2025"]
    }
    assert [entry.badge for entry in letter.entries] == ["Back on course", "As usual again"]
    assert facts_of(letter, "Revenue, Team Noord")["Had been off course since"] == "June 2025"
    assert letter.title.endswith("all on course, 2 back again")
    assert digest(koers_home, span=Span(LATER.until, LATER.until + 7 * DAY)) is None
    both = Span(NOW - DAY, LATER.until)
    assert list(sections(told(koers_home, span=both))) == [
        "Unusual or off course, and back again within this time (2)"
    ]


@pytest.mark.fault("E7")
def test_an_alert_without_data_still_waits_for_somebody(koers_home: Home) -> None:
    night(koers_home, OFF, unusual("nps", "org", month(4), 130.0) | {"grain": "quarter"})
    none = [
        fact("revenue", "north", month(7), None, "no_data"),
        fact("nps", "org", month(7), None, "no_data", grain="quarter"),
    ]
    night(koers_home, OFF, *none, now=NOW + 31 * DAY)
    letter = told(koers_home, span=LATER)
    assert list(sections(letter)) == ["Alert goes on, but there are no data now (2)"]
    assert letter.entries[1].name == "Revenue, Team Noord, July 2025"
    assert letter.entries[1].lines[:2] == (
        "Off course since: June 2025",
        "Alert: waits for somebody (no data now)",
    )
    assert letter.opening[-1] == "2 alerts wait for somebody."
    assert letter.title.endswith("up to 7 August 2025: 2 without data")


def test_what_recovers_is_told_when_it_begins_to(koers_home: Home) -> None:
    night(koers_home, OFF)
    edge = fact("revenue", "north", month(7), 90.5, "on_course")
    night(koers_home, OFF, edge, now=NOW + 31 * DAY)
    (entry,) = told(koers_home, span=LATER).entries
    assert (entry.badge, entry.value) == ("Recovering", "€90.50")
    assert digest(koers_home, span=Span(LATER.until, LATER.until + 7 * DAY)) is None


def test_what_another_alert_explains_is_named_with_it_and_counted(koers_home: Home) -> None:
    off = [
        fact("revenue", unit, month(6), 80.0, "off_course") for unit in ("org", "sales", "north")
    ]
    night(koers_home, *off)
    letter = told(koers_home)
    assert sections(letter) == {"Off course (3)": ["Revenue, Voorbeeld B.V., June 2025"]}
    assert facts_of(letter, "Revenue")["So too"] == "Team Noord, Verkoop"
    alone = told(koers_home, "noor")
    assert sections(alone) == {"Off course (1)": ["Revenue, Team Noord, June 2025"]}
    assert facts_of(alone, "Revenue")["Alert"] == "told with that of Voorbeeld B.V."


@pytest.mark.fault("E13")
def test_people_are_counted_for_the_whole_and_never_named(koers_home: Home) -> None:
    night(koers_home, OFF, PERSON)
    whole = told(koers_home)
    assert whole.opening[2] == (
        "2 of 2 KPIs with a target are off course (teams 1, people (not by name) 1)."
    )
    noor = told(koers_home, "noor")
    assert noor.opening[2] == "1 of 1 KPIs with a target are off course."
    for letter in (whole, noor):
        assert "Piet" not in letter.to_json() + text(letter)


def test_a_source_that_is_late_and_one_that_was(koers_home: Home) -> None:
    alerts = Alerts()
    made = night(koers_home, ON, sql=SOURCES)
    late = NOW.date()
    watch_sources(
        made, koers_home.ledger, alerts, today=late, pulled=["hubspot"], clock=lambda: NOW
    )
    letter = told(koers_home)
    (entry,) = letter.entries
    assert (entry.name, entry.badge) == ("hubspot", "Late")
    assert entry.lines == ("Its data go up to 20 June 2025.", "1 KPI waits for it: Revenue.")
    assert letter.title.endswith("all on course, 1 source late")
    assert digest(koers_home, "klantenservice") is None, "none of their KPIs needs it"
    assert digest(koers_home, "data") is not None
    eva = "update dim_org_unit set owner = 'eva' where org_unit_id = 'south'"
    night(koers_home, ON, sql=[*SOURCES, eva])
    assert digest(koers_home, "eva") is not None, "a KPI of their unit does, on course or not"
    fresh = [*SOURCES, "update fct_source_freshness set covers_until = date '2025-06-30'"]
    made = night(koers_home, ON, sql=fresh, now=NOW + DAY)
    watch_sources(made, koers_home.ledger, alerts, today=late, clock=lambda: NOW + DAY)
    (entry,) = told(koers_home).entries
    assert (entry.badge, len(entry.lines)) == ("Up to date again", 1)
    assert digest(koers_home, span=LATER) is None


@pytest.mark.parametrize(
    ("day", "said"),
    [
        ("2025-06-30", "Revenue, overdue since 30 June 2025"),
        ("2025-07-09", "Revenue, due on 9 July 2025"),
        ("2025-07-10", None),
    ],
)
def test_a_review_is_told_before_it_is_due_and_until_it_is_done(
    koers_home: Home, day: str, said: str | None
) -> None:
    """Before the next digest, a week later, would come too late."""
    night(koers_home, ON, sql=reviewed("revenue", day))
    letter = digest(koers_home)
    assert [entry.name for entry in letter.entries] == [said] if letter else said is None
    assert digest(koers_home, "noor") is None, "who owns a unit does not own the KPI"


def test_what_has_no_figures_needs_no_review(koers_home: Home) -> None:
    night(koers_home, ON, sql=reviewed("nps", "2025-06-30"))
    assert digest(koers_home) is None


def test_actions_that_are_due_and_what_came_after(koers_home: Home) -> None:
    chance = random.Random(5)  # noqa: S311
    months = [month(1 + at % 12, 2024 + at // 12) for at in range(18)]
    rows = [fact("revenue", "north", m, 80 + chance.gauss(0, 2), "off_course") for m in months]
    night(koers_home, *rows)

    def agree(what: str, until: dt.date, start: dt.date | None = None) -> str:
        ledger = koers_home.ledger
        return add(ledger, NORTH, what, "Noor", until, "bo", start, lambda: NOW).action_id

    agree("Visit", dt.date(2025, 7, 9))
    agree("Write", dt.date(2025, 7, 10))
    agree("Mail", dt.date(2025, 6, 20), dt.date(2025, 6, 1))
    call = agree("Call", dt.date(2025, 3, 31), dt.date(2025, 2, 1))
    finish(koers_home.ledger, call, "noor", "a rota", dt.date(2025, 3, 10), lambda: NOW)
    letter = told(koers_home, "noor")
    assert sections(letter)["Actions (3)"] == [
        "Mail, Noor, overdue since 20 June 2025",
        "Visit, Noor, due on 9 July 2025",
        "Call, Noor, done on 10 March 2025",
    ]
    mail, visit, done = letter.entries[1:]
    assert mail.lines[1].startswith("Too early to say: 0 closed periods after it (3 are needed)")
    assert visit.lines == ("About Revenue of Team Noord.",)
    assert done.lines[1].startswith("Cannot be told from chance: from €79")
    assert "(95% interval -€" in done.lines[1]
    assert done.lines[2] == "a rota."
    dutch = told(koers_home, "noor", language="nl").entries[3]
    assert dutch.lines[1].startswith("Niet van toeval te onderscheiden: van € 79")
    assert digest(koers_home, "bo") is None


STATUSES = st.sampled_from(["off_course", "on_course", "no_target"])
UNITS = ("org", "sales", "north", "south", "p1", "sales/unassigned-team")


@settings(max_examples=6)
@given(st.lists(STATUSES, min_size=12, max_size=12))
def test_counts_are_those_of_the_summary_and_add_up_over_owners(
    tmp_path_factory: pytest.TempPathFactory, statuses: list[str]
) -> None:
    pairs = [(kpi, unit) for kpi in ("revenue", "win_rate") for unit in UNITS]
    facts = [
        fact(kpi, unit, month(6), {"off_course": 80.0}.get(each, 95.0), each)
        for (kpi, unit), each in zip(pairs, statuses, strict=True)
    ]
    folder: Path = tmp_path_factory.mktemp("counts")
    with (
        duckdb.connect(str(warehouse(folder / "w.duckdb", facts))) as db,
        open_ledger(folder / "ledger.sqlite") as ledger,
    ):
        found = standings(db)
        matter = read(db, ledger, WEEK, "p", dt.UTC)

        def made(owner: str, is_whole: bool = False) -> tuple[int, str]:
            reader = Reader(owner, is_whole, language="en")
            letter = write(matter, reader, lambda those: [[] for _ in those], dt.UTC)
            if letter is None:
                return 0, ""
            (section,) = letter.sections
            assert section.heading == f"Off course ({len(section.entries)})"
            return len(section.entries), "\n".join(letter.opening)

        off, said = made("directie", is_whole=True)
        each = [made(owner)[0] for owner in matter.owners]
    named = Counter(one.layer != "individual" for one in found if one.status == "off_course")
    assert off == named[True] == sum(each)
    line = next(iter(off_course(found, "EUR")))
    if off:
        counted = line.removeprefix("Course").strip()
        assert f"{counted} (" in said


def test_counts_are_those_of_koers_status(koers_home: Home) -> None:
    south = fact("win_rate", "south", month(6), 80.0, "off_course")
    night(koers_home, OFF, ON, PERSON, south)
    publish(koers_home.warehouse, koers_home, run_id="r", keep=2)
    counted = status(koers_home)["off_course"]
    assert counted == {"team": 2, "individual": 1}
    with looking(koers_home) as (matter, _):
        found: Counter[str] = Counter()
        for each in matter.counts:
            found[each.layer] += each.off
    assert +found == counted


def test_a_storm_names_twenty_and_counts_the_others(koers_home: Home) -> None:
    units = [f"u{n}" for n in range(60)]
    rows = [
        fact("revenue", unit, month(6), 10.0 + n % 80, "off_course") for n, unit in enumerate(units)
    ]
    rows += [fact("win_rate", unit, month(6), 85.0, "off_course") for unit in units[:10]]
    rows.append(unusual("nps", "org", month(4), 130.0) | {"grain": "quarter"})
    sql = [
        f"insert into dim_org_unit values ('{unit}', 'team', 'Team {unit}', 'org', null, false)"
        for unit in units
    ]
    night(koers_home, *rows, sql=sql)
    letter = told(koers_home)
    off, drift = letter.sections
    assert len(letter.entries) == NAMED
    assert off.heading == "Off course (70)"
    assert len(off.entries) + sum(n for _, n in off.rest) == 70
    assert len(drift.entries) == 1, "a storm of one kind leaves room for the others"
    assert off.entries[0].value == "€10.00", "the worst first"
    blocks = slack(letter)["blocks"]
    assert len(blocks) <= SLACK_BLOCKS
    assert len(json.dumps(teams(letter))) <= TEAMS_BYTES
    assert len(text_within(letter, 1000)) <= 1000


@given(st.fixed_dictionaries({name: st.integers(0, 40) for name in SHARES}))
def test_what_is_named_fits_and_wastes_nothing(counts: dict[str, int]) -> None:
    named = shares(counts)
    assert sum(named.values()) == min(NAMED, sum(counts.values()))
    for name, n in named.items():
        assert min(counts[name], SHARES[name]) <= n <= counts[name]


def test_names_of_others_stay_text(koers_home: Home) -> None:
    """Whatever people call a unit, an owner or an action: one line, and nobody is called."""
    bad = "x\n@everyone <!channel> https://x.example\u202e" + "y" * 200
    rename = f"update dim_org_unit set name = '{bad}', owner = '{bad}' where org_unit_id = 'north'"
    night(koers_home, OFF, sql=[rename, *reviewed("revenue", "2025-06-30")])
    add(koers_home.ledger, NORTH, bad, bad, dt.date(2025, 7, 2), bad, NOW.date(), lambda: NOW)
    acknowledge(koers_home.ledger, NORTH, bad, bad, lambda: NOW)
    for letter in (told(koers_home), told(koers_home, bad)):
        lines = [letter.title, *letter.opening]
        for entry in letter.entries:
            lines += [entry.name, *entry.lines, *(said for _, said in entry.facts)]
        assert len(letter.entries) >= 2
        for line in lines:
            assert not {"\n", "\u202e"}.intersection(line)
            for meant in ("@everyone", "<!channel", "https://", "y" * 90):
                assert meant not in line


def test_a_channel_of_some_layers_gets_those(koers_home: Home) -> None:
    org = fact("win_rate", "org", month(6), 80.0, "off_course")
    night(koers_home, OFF, org)
    letter = told(koers_home, layers=("organisation",))
    assert [entry.unit for entry in letter.entries] == ["Voorbeeld B.V."]
    assert letter.opening[2].startswith("1 of 1 ")


def test_both_languages_say_the_same() -> None:
    def gaps(said: str) -> list[str]:
        return sorted(name for _, name, _, _ in Formatter().parse(said) if name)

    dutch, english = DIGEST_WORDS["nl"], DIGEST_WORDS["en"]
    assert {name: gaps(said) for name, said in dutch.items()} == {
        name: gaps(said) for name, said in english.items()
    }


def test_dutch_and_through_the_outbox(koers_home: Home) -> None:
    night(koers_home, OFF)
    letter = told(koers_home, language="nl")
    assert letter.title == "Koers: Overzicht tot en met 2 juli 2025: 1 uit koers"
    assert "Melding: wacht op iemand" in text(letter)
    assert from_json(letter.to_json()) == letter
