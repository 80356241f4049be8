"""What the firm's HR system knows: trainings that people followed and goals they set."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from pipelines.sample import chance as luck
from pipelines.sample.company import Company
from pipelines.sample.days import add_months, days, month_end

Record = dict[str, Any]

COURSES = ("Veilig werken", "Verkoop", "Excel", "Leiderschap")
GOALS = ("Certificaat", "Taalcursus", "Mentor zijn", "Vakdiploma")


def number_of(person: str) -> str:
    """A person's number in the HR system."""
    return f"E{person[1:]}"


def trainings(firm: Company, end: dt.date, seed: int) -> list[Record]:
    """Trainings in the order of their days; two or three per person and year."""
    found = []
    for day in days(firm.start, end):
        if day.weekday() > 4:
            continue
        chance = luck.of_day(seed, "trainings", day)
        for person in firm.names:
            if chance.random() < 0.011 and firm.team_of(person, day):
                hours = chance.choice(("4", "7.5", "8", "16"))
                found.append(
                    {
                        "training_id": f"T{day:%y%m%d}{person}",
                        "employee": number_of(person),
                        "training_date": day,
                        "course": chance.choice(COURSES),
                        "hours": Decimal(hours),
                    }
                )
    return found


def goals(firm: Company, seed: int) -> list[Record]:
    """Two development goals per person and year; `reached_date` may lie after the end, and is None
    of one in ten, which is given up."""
    found = []
    for place, person in enumerate(firm.names):
        chance = luck.of_day(seed, f"goals/{person}", firm.start)
        for number in range(4):
            due = month_end(add_months(firm.start, 2 + place % 6 + 6 * number))
            late = chance.randrange(-25, 1) if chance.random() < 0.75 else chance.randrange(1, 40)
            found.append(
                {
                    "goal_id": f"D{person}{number}",
                    "employee": number_of(person),
                    "goal": chance.choice(GOALS),
                    "due_date": due,
                    "reached_date": None
                    if chance.random() < 0.1
                    else due + dt.timedelta(days=late),
                }
            )
    return found
