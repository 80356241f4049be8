"""A large CSV export: landed by Koers, beside DuckDB's own copy of the file into Parquet.

    make bench ONLY=csv

The copy keeps the columns as DuckDB guesses them, in zstd as the landing does. Koers checks every
byte and cell, keeps each record as JSON, tells what is double, and commits durably.
"""

from __future__ import annotations

import datetime as dt
import json
import shutil
import sys
import tempfile
from pathlib import Path

from benchmarks.harness import Point, Result, Stopwatch, Taken, alternate, child, python, scales

SIZES = {"small": (1_000, 10_000, 100_000), "full": (100_000, 1_000_000, 10_000_000)}
KOERS, COPY = "Koers", "DuckDB copy"

_ROWS = """
    copy (
        select
            'D' || lpad(cast(n as varchar), 9, '0') as "Opportunity ID",
            'Verkoper ' || (hash(n) % 400) as "Sales agent",
            'Klant ' || (hash(n + 1) % 50000) as "Account",
            'Product ' || (hash(n + 2) % 40) as "Product",
            'beurs-' || (hash(n + 3) % 25) as "Campaign",
            case hash(n + 4) % 3 when 0 then 'won' when 1 then 'lost' else 'open' end as "Stage",
            cast((hash(n + 5) % 5000000) / 100 as decimal(12, 2)) as "Amount",
            'EUR' as "Currency",
            cast(date '2023-01-01' + cast(hash(n + 6) % 1000 as integer) as date) as "Created date",
            cast(date '2023-06-01' + cast(hash(n + 7) % 1000 as integer) as date) as "Close date"
        from range({rows}) as numbers(n)
    ) to '{file}' (format csv, header true)
"""


def make(file: Path, rows: int) -> None:
    import duckdb

    with duckdb.connect() as db:
        db.execute(_ROWS.format(rows=rows, file=file))


def koers(file: Path, work: Path) -> dict[str, object]:
    from connectors.core.export import ingest_inbox
    from connectors.crm import CONNECTOR

    inbox = work / "inbox" / CONNECTOR.name
    inbox.mkdir(parents=True)
    (inbox / file.name).hardlink_to(file)
    watch = Stopwatch()
    result = ingest_inbox(
        CONNECTOR, work / "inbox", work / "landing", now=dt.datetime.now(dt.UTC), settle_seconds=0
    )
    took = watch.told()
    if len(result.loads) != 1 or result.refused:
        raise SystemExit(str(result.files))
    return {**took, "rows": result.loads[0].counts.loaded, "bytes": result.loads[0].bytes}


def copy(file: Path, work: Path) -> dict[str, object]:
    import duckdb

    target = work / "copy.parquet"
    watch = Stopwatch()
    with duckdb.connect() as db:
        found = db.execute(
            f"copy (from read_csv('{file}')) to '{target}' (format parquet, compression zstd)"
        ).fetchone()
    took = watch.told()
    rows = found[0] if found else 0
    return {**took, "rows": rows, "bytes": target.stat().st_size}


def measure(size: str, rounds: int, folder: Path) -> list[Result]:
    """Rows × 1, × 10 and × 100."""
    points = []
    for scale, rows in zip(scales(), SIZES[size], strict=False):
        file = folder / f"deals-{rows}.csv"
        child(python("benchmarks.csv_landing", "make", file, rows))

        def run(what: str, file: Path = file) -> Taken:
            with tempfile.TemporaryDirectory(dir=folder) as work:
                return child(python("benchmarks.csv_landing", what, file, work))

        ways, left_out = alternate(
            {COPY: lambda: run("copy"), KOERS: lambda: run("koers")},
            1 if rows > 1_000_000 else rounds,
        )
        of = f"{rows:,} rows, {file.stat().st_size / 1e6:,.0f} MB"
        points.append(Point(scale, of, ways, left_out))
        file.unlink()
    return [Result("csv", "A CSV export landed", tuple(points), ((KOERS, COPY, 1.5),))]


if __name__ == "__main__":
    what, file, last = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
    if what == "make":
        make(file, int(last))
    else:
        print(json.dumps({"koers": koers, "copy": copy}[what](file, Path(last))))
        shutil.rmtree(last, ignore_errors=True)
