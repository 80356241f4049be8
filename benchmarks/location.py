"""Loading the code location with many KPIs, beside dagster-dbt alone on the same manifest.

    make bench ONLY=location

The whole process counts, imports and all, until every asset, check and job is resolved.
"""

import copy
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg

from benchmarks.harness import Point, Result, alternate, child, python

SIZES = {"small": (100,), "full": (100, 300, 900)}
KOERS, ALONE = "Koers", "dagster-dbt alone"


def enlarged(manifest: dict[str, Any], kpis: int) -> dict[str, Any]:
    """The manifest with copies of KPIs under other names, until there are as many."""
    metrics = manifest["metrics"]
    own = [m for m in metrics.values() if ((m.get("config") or {}).get("meta") or {}).get("kpi")]
    for number in range(len(own), kpis):
        one = copy.deepcopy(own[number % len(own)])
        one["name"] = f"{one['name']}_{number}"
        one["unique_id"] = f"metric.koers.{one['name']}"
        metrics[one["unique_id"]] = one
    return manifest


def make(root: Path, kpis: int) -> None:
    from pipelines.dbt import prepare_manifest
    from pipelines.settings import Home, Settings

    file = prepare_manifest(Home(root), Settings())
    original = file.with_name("original.json")
    if not original.exists():
        original.write_bytes(file.read_bytes())
    manifest = enlarged(json.loads(original.read_text(encoding="utf-8")), kpis)
    file.write_text(json.dumps(manifest), encoding="utf-8")


def koers() -> dict[str, int]:
    from pipelines.definitions import defs

    found = defs.get_repository_def()
    return {"assets": len(found.asset_graph.get_all_asset_keys())}


def alone() -> dict[str, int]:
    from dagster_dbt import dbt_assets

    from pipelines.settings import home

    @dbt_assets(manifest=home().manifest)
    def models(context: dg.AssetExecutionContext) -> Iterator[Any]:
        """Nothing is run here."""
        yield

    found = dg.Definitions(assets=[models]).get_repository_def()
    return {"assets": len(found.asset_graph.get_all_asset_keys())}


def measure(size: str, rounds: int, folder: Path) -> list[Result]:
    """As many KPIs as Koers has or more."""
    points = []
    home = {"KOERS_HOME": str(folder / "location")}
    for kpis in SIZES[size]:
        child(python("benchmarks.location", "make", folder / "location", kpis), home)
        ways, left_out = alternate(
            {
                ALONE: lambda: child(python("benchmarks.location", "alone"), home),
                KOERS: lambda: child(python("benchmarks.location", "koers"), home),
            },
            max(rounds, 3),
        )
        points.append(Point(f"{kpis} KPIs", "the manifest of Koers", ways, left_out))
    return [Result("location", "Load of the code location", tuple(points), ((KOERS, ALONE, 1.3),))]


if __name__ == "__main__":
    if sys.argv[1] == "make":
        make(Path(sys.argv[2]), int(sys.argv[3]))
    else:
        print(json.dumps({"koers": koers, "alone": alone}[sys.argv[1]]()))
