"""What came after an action is told once, to who owns it, in their language and with a picture."""

from __future__ import annotations

import datetime as dt
import json
import signal

import pytest

from pipelines.alert_actions import list_actions
from pipelines.governing import Language
from pipelines.publication import Clock, Publication, publish
from pipelines.said.recording import folder_of
from pipelines.settings import Channel, Home
from pipelines.watch.actions import add, drop, finish
from pipelines.watch.acts import silence
from pipelines.watch.drift import Silence
from pipelines.watch.ledger import open_ledger
from pipelines.watch.letter import Letter, from_json
from pipelines.watch.outcomes import tell_outcomes
from pipelines.watch.pictures import pictures
from pipelines.watch.postmortem import post_mortem
from pipelines.watch.watching import watch
from tests.governance.test_said import file_of
from tests.publication.tiny import fact, month, warehouse
from tests.watch.test_actions import ALERT, NOW, START, UNTIL, periods
from tests.zygote import forked

EVERYBODY = Channel(name="hook", url_env="KOERS_HOOK")
DECEMBER = month(12)


@pytest.fixture
def agreed(koers_home: Home) -> Home:
    """An action of Bo about an alert of Noor's."""
    night(koers_home, month(6))
    add(koers_home.ledger, ALERT, "Call", "bo", UNTIL, "noor", START, lambda: NOW)
    return koers_home


def night(home: Home, last: dt.date, lift: float = 30.0, *, real: bool = False) -> Publication:
    """A publication with the periods up to one, judged; a real one where it is looked up."""
    rows = [fact("revenue", "north", m, value, "off_course") for m, value in periods(last, lift)]
    if real:
        made = publish(warehouse(home.warehouse, rows), home, run_id="r", keep=2)
    else:
        made = file_of(home.published, last.toordinal(), rows)
    watch(made, home.ledger, clock=lambda: NOW)
    return made


def tell(
    home: Home,
    publication: Publication,
    *channels: Channel,
    today: dt.date = DECEMBER,
    languages: dict[str, str] | None = None,
    clock: Clock = lambda: NOW,
) -> int:
    return tell_outcomes(
        publication,
        home.ledger,
        channels or [EVERYBODY],
        today=today,
        languages=languages,
        clock=clock,
    )


def letters(home: Home) -> list[tuple[str, str, Letter]]:
    with open_ledger(home.ledger) as ledger:
        rows = ledger.execute("select owner, channel, letter from outbox order by message_id")
        return [(row[0], row[1], from_json(row[2])) for row in rows]


def test_it_is_told_once_when_it_can_be_said(agreed: Home) -> None:
    october = night(agreed, month(10))
    assert tell(agreed, october, today=UNTIL) == 0  # it may still be done
    assert tell(agreed, night(agreed, month(9))) == 0  # two months after it are too few
    assert [tell(agreed, october), tell(agreed, october)] == [1, 0]
    another = Channel(name="later", url_env="KOERS_LATER")
    assert tell(agreed, night(agreed, month(11)), EVERYBODY, another) == 0
    [(owner, _, letter)] = letters(agreed)
    assert owner == "bo"
    with open_ledger(agreed.ledger) as ledger:
        found = post_mortem(ledger, ALERT, folder_of(agreed), october, DECEMBER)
    assert [(step.kind, step.to) for step in found.timeline if step.kind == "message"] == [
        ("message", "bo")
    ]
    [entry] = letter.entries
    assert letter.title == "Koers: Omzet van Team Noord na “Call”"
    assert entry.badge == "Veranderd na de actie"
    assert entry.lines[0].startswith("Erna veranderd: van € 79,39")
    assert "niet dat het erdoor kwam" in " ".join(letter.advice or ())
    levels = [point.level for point in entry.points]
    assert levels.count(None) == 1  # July, in which it was done
    assert len(set(levels)) == 3
    [(light, dark)] = pictures(letter)
    assert light.png[:4] == b"\x89PNG"
    assert light.png != dark.png
    assert light.alt.startswith("Verloop van januari 2024 tot en met oktober 2025: gemiddeld 79,4")


def test_in_the_language_of_who_owns_it(agreed: Home) -> None:
    tell(agreed, night(agreed, month(10), lift=0.0), languages={"bo": "en"})
    [(_, _, letter)] = letters(agreed)
    assert letter.entries[0].badge == "Cannot be told from chance"
    assert letter.entries[0].lines[0].startswith("Cannot be told from chance: from €79.39")


@pytest.mark.parametrize(
    ("channels", "told"),
    [
        (
            (Channel(name="bo", url_env="A", owners=["bo"]), EVERYBODY),
            [("bo", "bo"), ("bo", "hook")],
        ),
        ((Channel(name="noor", url_env="A", owners=["noor"]),), [("noor", "noor")]),
        ((Channel(name="top", url_env="A", escalation=True),), []),
        ((Channel(name="teams", url_env="A", layers=["organisation"]),), []),
    ],
)  # fmt: skip
def test_who_is_told(
    agreed: Home, channels: tuple[Channel, ...], told: list[tuple[str, str]]
) -> None:
    """Who does it; where no channel takes theirs, who owns the alert."""
    assert tell(agreed, night(agreed, month(10)), *channels) == len(told)
    assert [(owner, channel) for owner, channel, _ in letters(agreed)] == told


def test_a_silence_puts_off_and_a_dropped_one_has_nothing_to_tell(agreed: Home) -> None:
    october = night(agreed, month(10))
    hush = Silence(NOW, NOW + dt.timedelta(days=3), kpi="revenue")
    silence(agreed.ledger, hush, "noor", "moving", lambda: NOW)
    assert tell(agreed, october) == 0
    second = add(agreed.ledger, ALERT, "Mail", "bo", UNTIL, "noor", START, lambda: NOW)
    drop(agreed.ledger, second.action_id, "bo", "No time", lambda: NOW)
    assert tell(agreed, october, clock=lambda: NOW + dt.timedelta(days=4)) == 1
    assert "Call" in letters(agreed)[0][2].title


def test_what_can_never_be_said_is_told_too(koers_home: Home) -> None:
    june = night(koers_home, month(6))
    ledger, first = koers_home.ledger, dt.date(2024, 6, 1)
    add(ledger, ALERT, "Call", "bo", dt.date(2024, 6, 9), "noor", first, lambda: NOW)
    finish(ledger, ALERT, "bo", done_on=dt.date(2024, 6, 5), clock=lambda: NOW)
    assert tell(koers_home, june) == 1
    [(_, _, letter)] = letters(koers_home)
    assert letter.entries[0].lines[0].startswith("Niet te zeggen: er zijn 5 afgesloten perioden")
    assert pictures(letter) == [()]


@pytest.mark.fault("A1", "E2")
@pytest.mark.parametrize(("place", "queued"), [("before_commit", 0), ("committed", 1)])
def test_a_crash_tells_it_once(agreed: Home, place: str, queued: int) -> None:
    october = night(agreed, month(10), real=True)
    died = forked("tests.watch.child", "outcomes", str(agreed.root),
                  KOERS_FAILPOINT=f"outcomes.{place}")  # fmt: skip
    assert died.returncode == -signal.SIGKILL
    assert len(letters(agreed)) == queued
    tell(agreed, october)
    assert len(letters(agreed)) == 1


def test_the_list_is_in_the_language_of_its_reader(
    agreed: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    night(agreed, month(10), real=True)
    list_actions()
    dutch = capsys.readouterr().out
    assert "Call (bo, 2 juli 2025 tot en met 20 juli 2025)" in dutch
    assert "erna veranderd: van € 79,39" in dutch
    list_actions(language=Language.en)
    assert "changed after it: from €79.39" in capsys.readouterr().out
    list_actions(as_json=True)
    [found] = json.loads(capsys.readouterr().out)
    assert found["answer"] == "changed"
