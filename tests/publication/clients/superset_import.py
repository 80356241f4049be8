"""Imports the dashboard into a Superset that is set up, and asks every chart for its data.

    SUPERSET_CONFIG_PATH=... python superset_import.py FOLDER FILE SECONDS

by the Python of Superset, with a user admin/admin, and in its settings `WTF_CSRF_ENABLED = False`
and `TALISMAN_ENABLED = False`. Asks again and again for SECONDS, so that publications can be made
meanwhile, and ends with 1 if anything failed.
"""

from __future__ import annotations

import io
import json
import sys
import time
import zipfile
from pathlib import Path
from typing import Any

from superset.app import create_app

SAMPLE_PATH = "/srv/koers/published/management/koers.duckdb"
FILTERED = ("trend", "by_department")
"""The charts that the dashboard's filter is for; here it says Revenue, as it does by default."""


def zipped(folder: Path, file: str) -> io.BytesIO:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for each in folder.rglob("*.yaml"):
            text = each.read_text(encoding="utf-8").replace(SAMPLE_PATH, file)
            archive.writestr(f"koers/{each.relative_to(folder)}", text)
    made.seek(0)
    return made


def question(chart: dict[str, Any], dataset: int, *, is_filtered: bool) -> dict[str, Any]:
    """What the chart asks of its dataset, as its page in Superset would."""
    of = chart["params"]
    filters = [
        {"col": each["subject"], "op": each["operator"], "val": each["comparator"]}
        for each in of["adhoc_filters"]
    ]
    if is_filtered:
        filters.append({"col": "KPI", "op": "IN", "val": ["Revenue"]})
    query: dict[str, Any] = {"filters": filters, "row_limit": of.get("row_limit", 100)}
    if of.get("query_mode") == "raw":
        order = [json.loads(each) for each in of["order_by_cols"]]
        query |= {"columns": of["all_columns"], "metrics": None, "orderby": order}
    else:
        axis = [of["x_axis"]] if "x_axis" in of else []
        groups = ("groupby", "groupbyRows", "groupbyColumns")
        query["columns"] = axis + [name for group in groups for name in of.get(group, [])]
        query["metrics"] = of.get("metrics") or [of["metric"]]
    return {
        "datasource": {"id": dataset, "type": "table"},
        "queries": [query],
        "result_format": "json",
        "result_type": "full",
        "force": True,
    }


def main(folder: Path, file: str, seconds: float) -> int:
    import yaml  # Superset brings it

    client = create_app().test_client()
    who = {"username": "admin", "password": "admin", "provider": "db", "refresh": False}
    token = client.post("/api/v1/security/login", json=who).json["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    form = {"formData": (zipped(folder, file), "koers.zip"), "overwrite": "true", "passwords": "{}"}
    done = client.post(
        "/api/v1/dashboard/import/", headers=headers, data=form, content_type="multipart/form-data"
    )
    print("import", done.status_code, done.get_data(as_text=True)[:500].strip())
    if done.status_code != 200:
        return 1
    found = client.get("/api/v1/dataset/?q=(page_size:100)", headers=headers).json["result"]
    ids = {str(each["uuid"]): each["id"] for each in found}
    asked = failed = 0
    end = time.time() + seconds
    is_first = True
    while is_first or time.time() < end:
        for path in sorted((folder / "charts").glob("*.yaml")):
            chart = yaml.safe_load(path.read_text(encoding="utf-8"))
            asking = question(chart, ids[chart["dataset_uuid"]], is_filtered=path.stem in FILTERED)
            answer = client.post("/api/v1/chart/data", headers=headers, json=asking)
            asked += 1
            result = answer.json["result"][0] if answer.status_code == 200 else {}
            if not result or result.get("error"):
                failed += 1
                print("failed", path.stem, answer.status_code, str(answer.json)[:500])
            elif is_first:
                print(path.stem, result["rowcount"], "rows, such as", result["data"][:1])
        is_first = False
    print(f"{asked} asked, {failed} failed")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2], float(sys.argv[3])))
