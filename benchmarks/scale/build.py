"""What dbt does for a night, as a child that is measured: `python -m benchmarks.scale.build HOME
facts|rest|everything`. It tells the seconds of dbt, and of its models and tests by folder. What is
left of everything after the facts is `rest`."""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from pipelines.dbt import prepare_manifest, run_dbt
from pipelines.settings import Home, Settings

FACTS = "+fct_kpi_values"
WHAT = {
    "facts": [["run", "--select", FACTS]],
    "rest": [["build", "--exclude", FACTS], ["test", "--select", FACTS]],
    "everything": [["build"]],
}


def shares(results: list[dict[str, Any]], manifest: dict[str, Any]) -> dict[str, float]:
    """Seconds by folder of models, and of tests; dbt works on two at a time."""
    found: Counter[str] = Counter()
    for each in results:
        node = manifest["nodes"].get(each["unique_id"], {})
        tests = node.get("resource_type") == "test"
        folder = "tests" if tests else (node.get("fqn") or ["", "hooks"])[1]
        found[folder] += each["execution_time"]
    return {name: round(seconds, 1) for name, seconds in found.most_common()}


def slowest(results: list[dict[str, Any]], number: int = 12) -> dict[str, float]:
    """The nodes that took longest, in seconds."""
    taken = {r["unique_id"].split(".")[2]: r["execution_time"] for r in results}
    most = sorted(taken, key=lambda name: -taken[name])[:number]
    return {name: round(taken[name], 1) for name in most}


def main(root: Path, what: str) -> dict[str, Any]:
    home = Home(root)
    settings = Settings()
    prepare_manifest(home, settings)
    seconds, done = 0.0, []
    for arguments in WHAT[what]:
        began = time.perf_counter()
        run_dbt(arguments, home, settings)
        seconds += time.perf_counter() - began
        done += json.loads((home.dbt_target / "run_results.json").read_text("utf-8"))["results"]
    manifest = json.loads(home.manifest.read_text(encoding="utf-8"))
    return {
        "seconds": seconds,
        "by_folder": shares(done, manifest),
        "slowest": slowest(done),
        "warehouse_mb": round(home.warehouse.stat().st_size / 1e6),
    }


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), sys.argv[2])))
