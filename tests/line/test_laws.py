"""Laws of the roll-up over random organisations and events, held by hypothesis.

An organisation is drawn at random: several departments, teams below teams, projects, people who
move or work in two teams, units that move. So are deals, in two currencies and on any side of
midnight, and the order and number of loads they come in. Whatever is drawn: each layer adds up to
the organisation, nothing counts twice, the facts are those of a plain reference in Python, loads in
another order or all at once give the same facts, a late deal changes its own periods only, and what
children contributed to a change is what they did where they hung on each day.

A build takes seconds, so few examples are drawn by default; HYPOTHESIS_EXAMPLES asks for more.
"""

from __future__ import annotations

import datetime as dt
import itertools
import os
import shutil
import tempfile
from collections import defaultdict
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from pipelines.settings import Home
from tests.line.building import dbt
from tests.line.line import NOW, ingest, write

EXAMPLES = int(os.environ.get("HYPOTHESIS_EXAMPLES", "2"))
START = dt.date(2025, 12, 15)
DAYS = 70
ZONE = ZoneInfo("Europe/Amsterdam")
ROOT = "org"
NOBODY = f"{ROOT}/unassigned-department/unassigned-team/unassigned-individual"
OF_THE_PERIOD = ("revenue", "new_orders", "win_rate", "average_order", "orders_per_person")
WANTED = "+fct_kpi_values"
EXPLAINED = "+fct_kpi_contributions"


@dataclass
class Place:
    """A person in a team from one day to another (None: always), for a part of the work."""

    person: str
    team: str
    percent: int | None
    first: dt.date | None
    last: dt.date | None

    def holds(self, day: dt.date) -> bool:
        return (self.first is None or self.first <= day) and (self.last is None or day <= self.last)


@dataclass
class Deal:
    number: int
    owner: str
    amount: Decimal
    currency: str
    closed_at: dt.datetime
    stage: str
    project: str | None
    load: int


@dataclass
class World:
    """parents: (unit, layer, parent, first day, last day) rows."""

    units: list[tuple[str, str, str, dt.date | None, dt.date | None]] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)
    projects: list[str] = field(default_factory=list)
    deals: list[Deal] = field(default_factory=list)

    def above(self, unit: str, day: dt.date) -> list[str]:
        """A unit and everything above it on a day; the organisation comes last."""
        found = [unit]
        while found[-1] != ROOT:
            found.append(
                next(
                    parent
                    for name, _, parent, first, last in self.units
                    if name == found[-1]
                    and (first is None or first <= day)
                    and (last is None or day <= last)
                )
            )
        return found

    def chains(self, person: str, day: dt.date) -> list[tuple[list[str], Decimal]]:
        """The ways from a person up, each with the part of the work that goes along it."""
        held = [p for p in self.places if p.person == person and p.holds(day)]
        found = [
            ([person, *self.above(p.team, day)], Decimal(p.percent or 100) / 100) for p in held
        ]
        left = 1 - sum((part for _, part in found), Decimal(0))
        if left and held:
            found.append(([person, *_below_root()], left))
        elif left:
            found.append(([NOBODY, *_below_root()], left))
        return found


def _below_root() -> list[str]:
    return [f"{ROOT}/unassigned-department/unassigned-team", f"{ROOT}/unassigned-department", ROOT]


@st.composite
def worlds(draw: st.DrawFn) -> World:
    world = World()
    departments = [f"d{n}" for n in range(draw(st.integers(1, 3)))]
    world.units += [(name, "department", ROOT, None, None) for name in departments]
    teams: list[str] = []
    for number in range(draw(st.integers(2, 5))):
        name = f"t{number}"
        # A team may hang under a team, and may move to another place once.
        parents = st.sampled_from([*departments, *teams])
        moved = draw(st.none() | st.integers(5, DAYS - 5))
        if moved is None:
            world.units.append((name, "team", draw(parents), None, None))
        else:
            day = START + dt.timedelta(days=moved)
            world.units.append((name, "team", draw(parents), None, day - dt.timedelta(days=1)))
            world.units.append((name, "team", draw(parents), day, None))
        teams.append(name)
    for number in range(draw(st.integers(1, 6))):
        world.places += draw(_places(f"p{number}", teams))
    world.projects = [f"x{n}" for n in range(draw(st.integers(0, 2)))]
    world.units += [
        (name, "project", draw(st.sampled_from(departments)), None, None) for name in world.projects
    ]
    people = sorted({place.person for place in world.places})
    for number in range(draw(st.integers(5, 40))):
        minutes = draw(st.integers(0, DAYS * 24 * 60))
        world.deals.append(
            Deal(
                number,
                draw(st.sampled_from([*people, "ghost"])),
                # Credit notes too.
                Decimal(draw(st.integers(-5_000_000, 10_000_000).filter(bool))) / 100,
                draw(st.sampled_from(["EUR", "USD"])),
                dt.datetime.combine(START, dt.time(), dt.UTC) + dt.timedelta(minutes=minutes),
                draw(st.sampled_from(["Closed won", "Closed won", "Closed lost"])),
                draw(st.sampled_from([None, *world.projects])),
                draw(st.integers(0, 1)),
            )
        )
    return world


@st.composite
def _places(draw: st.DrawFn, person: str, teams: list[str]) -> list[Place]:
    """In one team, in one and then another, or in two at once."""
    day = START + dt.timedelta(days=draw(st.integers(5, DAYS - 5)))
    eve = day - dt.timedelta(days=1)
    one, other = draw(st.permutations(teams))[:2]
    percent = draw(st.integers(1, 99))
    match draw(st.sampled_from(["stays", "moves", "splits", "leaves", "half"])):
        case "stays":
            return [Place(person, one, None, None, None)]
        case "moves":
            return [Place(person, one, None, None, eve), Place(person, other, None, day, None)]
        case "splits":
            return [
                Place(person, one, None, None, eve),
                Place(person, one, percent, day, None),
                Place(person, other, 100 - percent, day, None),
            ]
        case "leaves":
            return [Place(person, one, None, None, eve)]
        case _:
            return [Place(person, one, percent, None, None)]


def _cell(day: dt.date | None) -> str:
    return f"{day:%d-%m-%Y}" if day else ""


def _organisation(home: Home, world: World) -> None:
    folder = home.inbox / "organisation"
    units = [f"{ROOT};organisatie;;Organisatie;;"]
    for name, layer, parent, first, last in world.units:
        units.append(f"{name};{layer};{parent};{name};{_cell(first)};{_cell(last)}")
    write(
        folder,
        "org_units.csv",
        "Eenheid;Laag;Valt onder;Naam;Geldig vanaf;Geldig tot en met\n" + "\n".join(units),
    )
    people = sorted({place.person for place in world.places})
    write(folder, "people.csv", "person_id;name\n" + "\n".join(f"{p};{p}" for p in people))
    rows = [
        f"{p.person};{p.team};{p.percent or ''};{_cell(p.first)};{_cell(p.last)}"
        for p in world.places
    ]
    write(
        folder,
        "memberships.csv",
        "Medewerker;Team;Aandeel;Geldig vanaf;Geldig tot en met\n" + "\n".join(rows),
    )
    rules = "\n".join(f"*;{name};{name}" for name in world.projects) or "*;none;none"
    write(folder, "project_rules.csv", "Bron;Waarde;Project\n" + rules)
    write(
        folder,
        "exchange_rates.csv",
        "Valuta;Koers;Geldig vanaf\nUSD;0,9137;01-01-2000\nUSD;0,8731;10-01-2026",
    )


def _in_euro(deal: Deal, day: dt.date) -> Decimal:
    rate = Decimal(1)
    if deal.currency == "USD":
        rate = Decimal("0.8731") if day >= dt.date(2026, 1, 10) else Decimal("0.9137")
    return (deal.amount * rate).quantize(Decimal("0.01"), "ROUND_HALF_UP")


def _deals(home: Home, name: str, deals: list[Deal]) -> None:
    head = (
        "Record ID - Deal,Deal owner,Deal Stage,Amount,Currency,Campaign,Create Date,Close Date,"
        "Last Modified Date"
    )
    rows = [
        f"{d.number},{d.owner},{d.stage},{d.amount},{d.currency},{d.project or ''},"
        f"2025-12-01 10:00,{d.closed_at.isoformat()},{d.closed_at.isoformat()}"
        for d in deals
    ]
    if rows:
        write(home.inbox / "hubspot", name, head + "\n" + "\n".join(rows))


Sums = dict[tuple[str, dt.date], tuple[Decimal, Decimal, Decimal]]


def reference(world: World) -> Sums:
    """Revenue, orders and closed deals per unit and month, by adding up in plain Python."""
    sums: defaultdict[tuple[str, dt.date], list[Decimal]] = defaultdict(lambda: [Decimal(0)] * 3)
    for deal in world.deals:
        day = deal.closed_at.astimezone(ZONE).date()
        won = deal.stage == "Closed won"
        value = _in_euro(deal, day) if won else Decimal(0)
        ways = [(chain, part) for chain, part in world.chains(deal.owner, day)]
        ways.append(([deal.project or f"{ROOT}/unassigned-project"], Decimal(1)))
        for chain, part in ways:
            for unit in chain:
                into = sums[unit, day.replace(day=1)]
                sums[unit, day.replace(day=1)] = [
                    into[0] + value * part,
                    into[1] + won * part,
                    into[2] + part,
                ]
    return {key: (a, b, c) for key, (a, b, c) in sums.items()}


def built(home: Home) -> Sums:
    """The same from the facts."""
    with duckdb.connect(str(home.warehouse), read_only=True) as facts:
        rows = facts.execute(
            "select org_unit_id, period_start,"
            " max(case when kpi = 'revenue' then numerator end),"
            " max(case when kpi = 'new_orders' then numerator end),"
            " max(case when kpi = 'win_rate' then denominator end)"
            " from fct_kpi_values where grain = 'month' group by 1, 2"
        ).fetchall()
    nothing = Decimal(0)
    found = {(u, m): (a or nothing, b or nothing, c or nothing) for u, m, a, b, c in rows}
    return {key: values for key, values in found.items() if any(values)}


def everything(home: Home) -> list[tuple[object, ...]]:
    """All facts; the first five columns are KPI, unit, grain, first and last day."""
    with duckdb.connect(str(home.warehouse), read_only=True) as facts:
        return facts.execute("select * from fct_kpi_values order by all").fetchall()


Moves = dict[tuple[str, str, dt.date], Decimal]


def moves(world: World) -> Moves:
    """By how much revenue changed from one month to the next: per unit, child of it, and month."""
    did: defaultdict[tuple[str, str, dt.date], Decimal] = defaultdict(Decimal)
    months = set()
    for deal in world.deals:
        day = deal.closed_at.astimezone(ZONE).date()
        months.add(day.replace(day=1))
        if deal.stage == "Closed won":
            for chain, part in world.chains(deal.owner, day):
                for child, parent in itertools.pairwise(chain):
                    did[parent, child, day.replace(day=1)] += _in_euro(deal, day) * part
    changes: defaultdict[tuple[str, str, dt.date], Decimal] = defaultdict(Decimal)
    for (parent, child, month), value in did.items():
        changes[parent, child, month] += value
        changes[parent, child, (month + dt.timedelta(days=31)).replace(day=1)] -= value
    return {key: change for key, change in changes.items() if change}


def comparisons(home: Home) -> set[tuple[str, dt.date]]:
    """The units and months that have a month before: the month is closed, and not the first."""
    with duckdb.connect(str(home.warehouse), read_only=True) as facts:
        rows = facts.execute(
            "select org_unit_id, now.period_start from fct_kpi_values as now"
            " inner join fct_kpi_values as earlier using (kpi, org_unit_id, grain)"
            " where kpi = 'revenue' and grain = 'month' and now.is_closed"
            " and earlier.period_end + 1 = now.period_start"
        ).fetchall()
    return set(rows)


def contributed(home: Home) -> Moves:
    """The same from the contributions."""
    with duckdb.connect(str(home.warehouse), read_only=True) as facts:
        rows = facts.execute(
            "select org_unit_id, contributor, period_start, contribution"
            " from fct_kpi_contributions where kpi = 'revenue' and grain = 'month'"
            " and comparison = 'previous_period' and contributor_type = 'child_unit'"
        ).fetchall()
    return {(unit, child, month): contribution for unit, child, month, contribution in rows}


def explanations(home: Home) -> list[tuple[object, ...]]:
    with duckdb.connect(str(home.warehouse), read_only=True) as facts:
        return facts.execute("select * from fct_kpi_contributions order by all").fetchall()


def build(home: Home) -> None:
    dbt(["run", "--select", WANTED], home)


TESTS = [
    "assert_children_add_up_to_their_parent",
    "assert_projects_add_up_to_the_organisation",
    "assert_no_measure_is_lost",
    "assert_attribution_gives_all_and_no_more",
    "assert_contributions_add_up",
    "assert_sums_have_no_overlap",
]


@pytest.mark.fault("D2", "D5", "D6", "D7", "D8")
@pytest.mark.nightly
@pytest.mark.timeout(3600)
@settings(
    max_examples=EXAMPLES,
    derandomize="HYPOTHESIS_EXAMPLES" not in os.environ,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.generate],  # each step of shrinking would be another build
    database=None,
)
@given(world=worlds())
def test_what_is_rolled_up_is_what_happened(world: World) -> None:
    folder = Path(tempfile.mkdtemp(prefix="koers-laws-"))
    try:
        _holds(world, folder)
    finally:
        shutil.rmtree(folder)


def _holds(world: World, folder: Path) -> None:
    once, grown = Home(folder / "once"), Home(folder / "grown")
    for home in (once, grown):
        _organisation(home, world)
    expected = reference(world)

    _deals(once, "all.csv", world.deals)
    ingest(once)
    dbt(["build", "--select", EXPLAINED, "+dim_org_unit", *TESTS], once)
    assert built(once) == expected
    compared = comparisons(once)
    assert contributed(once) == {
        (unit, child, month): change
        for (unit, child, month), change in moves(world).items()
        if (unit, month) in compared
    }

    # The later half first, then the rest, the first half again, and everything once more.
    halves = [[d for d in world.deals if d.load == load] for load in (1, 0)]
    for number, deals in enumerate([halves[0], halves[1] + halves[0], world.deals]):
        _deals(grown, f"{number}.csv", deals)
        ingest(grown, NOW + dt.timedelta(days=number))
        build(grown)
    assert everything(grown) == everything(once)
    dbt(["run", "--select", EXPLAINED], grown)
    assert explanations(grown) == explanations(once)
    won = [deal for deal in world.deals if deal.stage == "Closed won"]
    if won:
        _changes_its_own_periods_only(grown, world, won[0])


def _changes_its_own_periods_only(home: Home, world: World, like: Deal) -> None:
    """A deal that comes in late, of the same owner and day as another."""
    before = {row[:5]: row for row in everything(home)}
    _deals(home, "late.csv", [replace(like, number=len(world.deals), amount=Decimal("12.34"))])
    ingest(home, NOW + dt.timedelta(days=9))
    build(home)
    after = {row[:5]: row for row in everything(home)}
    day = like.closed_at.astimezone(ZONE).date()
    units = {unit for chain, _ in world.chains(like.owner, day) for unit in chain}
    units.add(like.project or f"{ROOT}/unassigned-project")
    changed = {
        key[:4]
        for key in before.keys() | after.keys()
        if before.get(key) != after.get(key) and key[0] in OF_THE_PERIOD
    }
    expected = {
        key[:4]
        for key in before
        if key[0] in ("revenue", "new_orders") and key[1] in units and key[3] <= day <= key[4]
    }
    assert {key for key in changed if key[0] in ("revenue", "new_orders")} == expected
    wider = {key[:4] for key in after if key[1] in units and key[3] <= day <= key[4]}
    assert changed <= wider
