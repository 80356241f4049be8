"""Nobody who solves all that is shown learns a figure about too few people."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.small_groups import Blocks, Item, Month, read_shown, remember, shown
from tests.publication.attacker import determined, interval

LEAST = 5


@st.composite
def months(draw: st.DrawFn) -> list[Item]:
    """A tree of two or three levels with projects across it, and teams that moved in mid-month."""
    departments = draw(st.integers(1, 4))
    items = []
    for department in range(departments):
        for team in range(draw(st.integers(1, 4))):
            for below in draw(st.sampled_from([[()], [(), ("sub",)]])):
                for project in draw(st.sets(st.sampled_from("xyz"), min_size=1, max_size=2)):
                    units = {"org", f"d{department}", f"t{department}{team}", f"p{project}"}
                    units |= {f"s{department}{team}" for _ in below}
                    rows = draw(st.sampled_from([0, 1, 2, 4, 5, 6, 9, 30]))
                    items.append(Item("answers", frozenset(units), "", float(rows)))
    if draw(st.booleans()):
        moved = frozenset({"org", f"d{departments - 1}", "t00", "px"})
        items.append(Item("answers", moved, "", float(draw(st.integers(0, 8)))))
    return items


def figures(month: Month) -> tuple[dict[str, list[float]], list[float]]:
    cells = sorted(month.cells, key=sorted)
    rows = {unit: [float(unit in cell) for cell in cells] for unit in sorted(month.units)}
    return rows, [sum(item.rows for item in month.cells[cell]) for cell in cells]


def ranks(month: Month) -> Mapping[str, int]:
    return {unit: "odtsp".index(unit[0]) for unit in month.units}


def attack(month: Month, seen: frozenset[str]) -> None:
    rows, pieces = figures(month)
    known = {unit: row for unit, row in rows.items() if unit in seen}
    hidden = {unit: row for unit, row in rows.items() if unit not in seen}
    sizes = {unit: month.size(month.of_unit[unit]) for unit in hidden}
    small = {unit: row for unit, row in hidden.items() if 0 < sizes[unit] < month.least}
    assert determined(known, small) == []
    for row in small.values():
        assert interval(known, row, pieces) >= month.least - 1e-6
    for unit in seen:
        assert month.is_safe(month.of_unit[unit])


@pytest.mark.fault("H7", "H8")
@given(months())
def test_a_solver_learns_nothing_of_a_small_group(items: list[Item]) -> None:
    month = Month(items, LEAST)
    attack(month, shown(month, ranks(month)))


@pytest.mark.fault("H7", "H8")
@given(months(), st.data())
def test_nor_from_the_publication_before_and_the_one_after(
    items: list[Item], data: st.DataObject
) -> None:
    """Late answers come in; who takes both for the same month learns nothing of what either hid."""
    before = Month(items, LEAST)
    first = shown(before, ranks(before))
    late = [
        Item(item.measure, item.units, "", float(data.draw(st.integers(0, 6)))) for item in items
    ]
    after = Month([*items, *late], LEAST)
    second = shown(after, ranks(after), first)
    attack(after, second)
    # What nobody answered before, and few did late, is the difference of the two publications
    # itself: no choice of what is shown hides it.
    then = Blocks(after)
    for unit in first & after.units:
        then.add(unit)
    rows, _ = figures(after)
    known = {unit: row for unit, row in rows.items() if unit in first | second}
    small = {
        unit: row
        for unit, row in rows.items()
        if unit not in known
        and 0 < after.size(after.of_unit[unit]) < LEAST
        and any(outside for _, _, outside in then.parted(unit))
    }
    assert determined(known, small) == []


@pytest.mark.fault("H7", "H8")
@given(months())
def test_two_audiences_together_know_no_more_than_the_one_of_smaller_groups(
    items: list[Item],
) -> None:
    fine, coarse = Month(items, 3), Month(items, 9)
    seen = shown(fine, ranks(fine))
    assert shown(coarse, ranks(coarse), (), seen) <= seen
    attack(fine, seen)


@given(months(), st.randoms())
def test_the_order_of_the_rows_is_no_difference(items: list[Item], random: object) -> None:
    month = Month(items, LEAST)
    again = list(items)
    random.shuffle(again)  # type: ignore[attr-defined]
    assert shown(month, ranks(month)) == shown(Month(again, LEAST), ranks(month))


def rows(**sizes: float) -> list[Item]:
    return [
        Item("answers", frozenset({"org", unit}), "", float(size)) for unit, size in sizes.items()
    ]


@pytest.mark.fault("H7")
def test_the_smallest_team_beside_a_small_one_is_hidden_too() -> None:
    month = Month(rows(ta=3, tb=8, tc=40), LEAST)
    assert shown(month, ranks(month)) == {"org", "tc"}


def test_two_small_ones_protect_each_other_when_they_are_enough_together() -> None:
    month = Month(rows(ta=3, tb=4, tc=40), LEAST)
    assert shown(month, ranks(month)) == {"org", "tc"}


@pytest.mark.fault("H7")
def test_employees_are_counted_as_persons_not_as_rows() -> None:
    one = [Item("calls", frozenset({"org", "ta"}), "ann", 400.0)]
    five = [Item("calls", frozenset({"org", "tb"}), str(n), 1.0) for n in range(9)]
    month = Month([*one, *five], LEAST)
    assert shown(month, ranks(month)) == {"org"}


@pytest.mark.fault("H7", "H8")
def test_a_filtered_measure_may_not_leave_one_person_over() -> None:
    everyone = Item("answers", frozenset({"org"}), "", 10.0)
    most = Item("answers__filtered", frozenset({"org"}), "", 9.0)
    assert shown(Month([everyone], LEAST), {}) == {"org"}
    assert shown(Month([everyone, most], LEAST), {}) == frozenset()


def test_what_was_shown_is_remembered(tmp_path: Path) -> None:
    file = tmp_path / "state" / "shown_groups.json"
    remember(file, 5, {"survey/answers": {"2026-05-01": ["org", "ta"]}})
    remember(file, 5, {"survey/answers": {"2026-05-01": ["org", "tb"], "2026-06-01": ["org"]}})
    assert read_shown(file)["5"]["survey/answers"] == {
        "2026-05-01": ["org", "ta", "tb"],
        "2026-06-01": ["org"],
    }
    file.write_text("{", encoding="utf-8")
    with pytest.raises(json.JSONDecodeError):
        read_shown(file)


def test_another_complement_is_not_chosen_later() -> None:
    """In May team b hides a. When late answers make b the larger, hiding c instead would give a."""
    before = Month(rows(ta=3, tb=8, tc=9), LEAST)
    first = shown(before, ranks(before))
    assert first == {"org", "tc"}
    after = Month(rows(ta=3, tb=12, tc=9), LEAST)
    assert shown(after, ranks(after)) == {"org", "tb"}
    assert shown(after, ranks(after), first) == {"org", "tc"}


@pytest.mark.fault("H7", "H8")
def test_the_attacker_finds_what_hiding_only_the_small_one_would_leave() -> None:
    month = Month(rows(ta=3, tb=8, tc=40), LEAST)
    every, pieces = figures(month)
    careless = {unit: every[unit] for unit in ("org", "tb", "tc")}
    assert determined(careless, {"ta": every["ta"]}) == ["ta"]
    assert interval(careless, every["ta"], pieces) == pytest.approx(0, abs=1e-6)
