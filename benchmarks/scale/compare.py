"""Whether the facts by hand and those of Koers are the same:
`python -m benchmarks.scale.compare BY_HAND WAREHOUSE`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import duckdb

from benchmarks.scale.by_hand import KPIS


def differences(by_hand: Path, warehouse: Path) -> tuple[int, list[str]]:
    """How many rows there are by hand, and the KPIs of which rows or sums differ."""
    select = (
        "select kpi, count(*), coalesce(sum(numerator), 0), coalesce(sum(denominator), 0), "
        "count(kpi_value) from {} where kpi in (select unnest($kpis)) group by kpi"
    )
    found = []
    with duckdb.connect() as db:
        db.execute(f"attach '{by_hand}' as by_hand (read_only)")
        db.execute(f"attach '{warehouse}' as koers (read_only)")
        for table in ("by_hand.facts", "koers.main.fct_kpi_values"):
            rows = db.execute(select.format(table), {"kpis": list(KPIS)}).fetchall()
            found.append({row[0]: row[1:] for row in rows})
    hand, koers = found
    wrong = [
        f"{kpi}: by hand {hand.get(kpi)}, Koers {koers.get(kpi)}"
        for kpi in KPIS
        if hand.get(kpi) != koers.get(kpi)
    ]
    return sum(row[0] for row in hand.values()), wrong


if __name__ == "__main__":
    rows, wrong = differences(Path(sys.argv[1]), Path(sys.argv[2]))
    print(json.dumps({"rows": rows, "differences": wrong}))
