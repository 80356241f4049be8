"""Noorderlicht Techniek B.V., a fictional Dutch firm: units, people, who works where and when."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from pipelines.sample.days import add_months
from pipelines.sample.names import FIRST, LAST

NAME = "Noorderlicht Techniek B.V."
ROOT = "noorderlicht"

# org_unit_id: (layer, parent, name, owner)
UNITS = {
    ROOT: ("organisation", "", NAME, "directie"),
    "verkoop": ("department", ROOT, "Verkoop", "verkoop"),
    "marketing": ("department", ROOT, "Marketing", "marketing"),
    "service": ("department", ROOT, "Service", "service"),
    "team-noord": ("team", "verkoop", "Team Noord", "verkoop"),
    "team-zuid": ("team", "verkoop", "Team Zuid", "verkoop"),
    "team-zakelijk": ("team", "verkoop", "Team Zakelijk", "verkoop"),
    "team-email": ("team", "marketing", "Team E-mail", "email"),
    "team-social": ("team", "marketing", "Team Social", "social"),
    "team-content": ("team", "marketing", "Team Content", "marketing"),
    "team-support": ("team", "service", "Team Support", "service"),
    "team-installatie": ("team", "service", "Team Installatie", "service"),
    "project-beurs": ("project", "verkoop", "Vakbeurs Utrecht", "verkoop"),
    "project-export": ("project", "team-zakelijk", "Export België", "verkoop"),
    "project-webshop": ("project", "marketing", "Webshop", "marketing"),
    "project-reactivatie": ("project", "team-email", "Reactivatie", "email"),
    "project-zon": ("project", "team-social", "Zonnepanelen", "social"),
    "project-onderhoud": ("project", "service", "Onderhoudscontract", "service"),
}
SIZES = {
    "team-noord": 6,
    "team-zuid": 6,
    "team-zakelijk": 6,
    "team-email": 3,
    "team-social": 4,
    "team-content": 4,
    "team-support": 6,
    "team-installatie": 5,
}
SALES = ("team-noord", "team-zuid", "team-zakelijk")
CARE = ("team-support", "team-installatie")
CAMPAIGNS = {
    "beurs-utrecht": "project-beurs",
    "export-be": "project-export",
    "webshop-lancering": "project-webshop",
    "reactivatie-mail": "project-reactivatie",
    "zon-op-dak": "project-zon",
    "onderhoud-plus": "project-onderhoud",
}
SENDERS = {"Nieuwsbrief": "team-email", "Klantmail": "team-email", "Servicebericht": "team-support"}
LISTS = {"Nieuwsbrief": 12000, "Klantmail": 5200, "Servicebericht": 3100}
PROFILES = {
    ("LinkedIn", "Noorderlicht"): "team-social",
    ("Facebook", "Noorderlicht"): "team-social",
    ("Instagram", "Noorderlicht Vakwerk"): "team-content",
}
COST_CENTRES = {f"K{number}00": team for number, team in enumerate(SIZES, 1)}


Places = tuple[tuple[str, Decimal], ...]
"""Teams, each with a part of the work (0.6); empty where it is nobody's."""


@dataclass(frozen=True)
class Stay:
    """A person in a team from the one day to the other, both included; `percent` of the work there,
    None where that is all of it."""

    person: str
    team: str
    first: dt.date | None
    last: dt.date | None
    percent: int | None = None

    def holds(self, day: dt.date) -> bool:
        return (self.first is None or self.first <= day) and (self.last is None or day <= self.last)


@dataclass(frozen=True)
class Company:
    """`names` and `logins` are by person id. `moved_on`: the day from which team Installatie is
    under Verkoop, and department Service is called Klantenservice."""

    start: dt.date
    names: dict[str, str]
    logins: dict[str, str]
    stays: list[Stay]
    moved_on: dt.date

    def places(self, person: str, day: dt.date) -> Places:
        """The teams a person works in on a day, with the part of the work; the largest first, none
        before the first and after the last day."""
        found = [
            (s.team, Decimal(s.percent or 100) / 100)
            for s in self.stays
            if s.person == person and s.holds(day)
        ]
        return tuple(sorted(found, key=lambda place: -place[1]))

    def team_of(self, person: str, day: dt.date) -> str | None:
        """The team a person mostly works in on a day."""
        return next((team for team, _ in self.places(person, day)), None)

    def members(self, teams: tuple[str, ...], day: dt.date) -> list[str]:
        """Who mostly works in these teams on a day."""
        return [
            s.person
            for s in self.stays
            if s.team in teams and s.holds(day) and (s.percent or 100) > 50
        ]

    def above(self, unit: str | None, day: dt.date) -> list[str]:
        """A unit and those above it on a day; of no unit, the organisation."""
        if unit is None:
            return [ROOT]
        found = [unit]
        while parent := self.parent(found[-1], day):
            found.append(parent)
        return found

    def parent(self, unit: str, day: dt.date) -> str:
        """The unit above another on a day; empty for the organisation."""
        if unit == "team-installatie" and day >= self.moved_on:
            return "verkoop"
        return UNITS[unit][1]


def company(start: dt.date, size: int) -> Company:
    """The firm, `size` times as many people; moves are counted from the start."""
    names: dict[str, str] = {}
    stays: list[Stay] = []
    for team, people in SIZES.items():
        for _ in range(people * size):
            number = len(names)
            person = f"p{number + 1:03d}"
            again = number // (len(FIRST) * len(LAST))
            last = LAST[(number * 7) % len(LAST)]
            names[person] = f"{FIRST[number % len(FIRST)]} {last}" + (f" {again}" if again else "")
            stays.append(Stay(person, team, None, None))
    _move(stays, "team-noord", 0, "team-zuid", add_months(start, 3).replace(day=17))
    _move(stays, "team-zakelijk", 2, "team-noord", add_months(start, 7))
    _move(stays, "team-support", 1, "team-installatie", add_months(start, 5).replace(day=10))
    _move(stays, "team-zuid", 3, None, add_months(start, 9))
    _share(stays, "team-noord", 1, "team-zuid", add_months(start, 10), add_months(start, 13))
    joins = next(n for n, s in enumerate(stays) if s.team == "team-content")
    stays[joins] = Stay(stays[joins].person, "team-content", add_months(start, 2), None)
    logins = {p: f"{n[0].lower()}{p[1:]}@noorderlicht.example" for p, n in names.items()}
    return Company(start, names, logins, stays, add_months(start, 11))


def _move(stays: list[Stay], team: str, which: int, to: str | None, day: dt.date) -> None:
    """Have a member of a team move to another on a day, or leave."""
    at = [n for n, s in enumerate(stays) if s.team == team and s.last is None][which]
    person = stays[at].person
    stays[at] = Stay(person, team, stays[at].first, day - dt.timedelta(days=1))
    if to:
        stays.append(Stay(person, to, day, None))


def _share(
    stays: list[Stay], team: str, which: int, other: str, first: dt.date, until: dt.date
) -> None:
    """Have a member of a team work 40 percent of the time in another, from a day until another."""
    at = [n for n, s in enumerate(stays) if s.team == team and s.last is None][which]
    person, eve = stays[at].person, until - dt.timedelta(days=1)
    stays[at : at + 1] = [
        Stay(person, team, stays[at].first, first - dt.timedelta(days=1)),
        Stay(person, team, first, eve, 60),
        Stay(person, other, first, eve, 40),
        Stay(person, team, until, None),
    ]


def rate(currency: str, month: dt.date) -> Decimal:
    """What one unit of a currency was worth in euro in a month. Made up, as all of this."""
    if currency == "EUR":
        return Decimal(1)
    base = {"GBP": Decimal("1.1600"), "USD": Decimal("0.9200")}[currency]
    return base + Decimal((month.month * 37 + month.year * 11) % 60 - 30) / 1000
