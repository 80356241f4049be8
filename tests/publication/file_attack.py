"""The attack on a finished publication: all figures of all periods of one measure, at once.

The truth (which pieces there are, and of whom) comes from the warehouse, the figures that are shown
from the audience's file. A piece is the rows of one day with the same team and project, so that
days, weeks, months and years, parents and children, and projects are all sums of pieces.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import duckdb
import numpy as np

from tests.publication.attacker import determined


def attack(
    warehouse: Path, file: Path, kpi: str, measure: str, least: int, by_person: bool
) -> tuple[int, list[str]]:
    """How many figures of too few people the file holds back for a KPI, and which of them follow
    from those it shows."""
    with duckdb.connect(str(warehouse), read_only=True) as db:
        rows = db.execute(
            "select d.measure_date, coalesce(list_sort(c.path[:-2]), []) as units, d.project_id, "
            "case when ? then d.org_unit_id else '' end as person, sum(d.row_count)::double "
            "from int_measure_days as d left join int_org_chains as c "
            "on d.org_unit_id = c.org_unit_id and d.team_id = c.parent_id "
            "and d.attributed_on between c.valid_from and c.valid_to "
            "where d.measure = ? and d.row_count > 0 group by all",
            [by_person, measure],
        ).fetchall()
        periods = db.execute(
            "select org_unit_id, grain, period_start, period_end from fct_kpi_values "
            "where kpi = ? and org_unit_id not in "
            "(select org_unit_id from dim_org_unit where layer = 'individual')",
            [kpi],
        ).fetchall()
    with duckdb.connect(str(file), read_only=True) as db:
        seen = set(
            db.execute(
                "select org_unit_id, grain, period_start from fct_kpi_values "
                "where kpi = ? and not is_suppressed",
                [kpi],
            ).fetchall()
        )
    pieces: dict[tuple[dt.date, frozenset[str]], list[tuple[str, float]]] = {}
    for day, units, project, person, count in rows:
        key = (day, frozenset((*units, project)))
        pieces.setdefault(key, []).append((person, count))
    keys = sorted(pieces, key=lambda key: (key[0], sorted(key[1])))
    places: dict[str, list[int]] = {}
    for place, (_, units) in enumerate(keys):
        for unit in units:
            places.setdefault(unit, []).append(place)
    shown, small = {}, {}
    for unit, grain, start, end in periods:
        inside = [place for place in places.get(unit, []) if start <= keys[place][0] <= end]
        if not inside:
            continue
        row = np.zeros(len(keys))
        row[inside] = 1
        people = [each for place in inside for each in pieces[keys[place]]]
        size = len({who for who, _ in people}) if by_person else sum(count for _, count in people)
        if (unit, grain, start) in seen:
            assert size >= least, f"{kpi} of {unit}, {grain} from {start}, is about {size} people"
            shown[f"{unit} {grain} {start}"] = row
        elif size < least:
            small[f"{unit} {grain} {start}"] = row
    return len(small), determined(shown, small)
