"""Every KPI, unit and grain of a home against MetricFlow: `make parity`.

    python -m tests.parity [kpi ...]

Prints what differs; exit code 1 when anything does.
"""

from __future__ import annotations

import sys
import time

from pipelines.settings import home
from tests.parity.comparing import compare

SHOWN = 40


def main(kpis: list[str]) -> int:
    at = home()
    if not at.warehouse.exists():
        sys.stderr.write(f"There is no warehouse in {at.root} yet: koers run makes one.\n")
        return 1
    started = time.monotonic()
    found = compare(
        at.warehouse,
        at.dbt_target,
        kpis=kpis,
        progress=lambda line: print(line, file=sys.stderr, flush=True),
    )
    for difference in found.differences[:SHOWN]:
        print(difference)
    if (more := len(found.differences) - SHOWN) > 0:
        print(f"... and {more} more")
    if found.not_asked:
        print(f"Not asked, since they hold units of their own layer: {', '.join(found.not_asked)}")
    print(
        f"{found.compared} figures compared with MetricFlow in "
        f"{time.monotonic() - started:.0f} s; {len(found.differences)} differ."
    )
    return 1 if found.differences else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
