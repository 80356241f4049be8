"""The baseline: read every page, count, and throw it away."""

import json
import os
import time

import requests

began = time.monotonic()
session = requests.Session()
session.headers["Authorization"] = f"Bearer {os.environ['BENCH_TOKEN']}"
url = f"{os.environ['BENCH_URL']}/crm/v3/objects/contacts"
params = {"limit": "100", "archived": "false", "properties": os.environ["BENCH_PROPERTIES"]}
found = 0
while True:
    page = session.get(url, params=params, timeout=60).json()
    found += len(page["results"])
    if "paging" not in page:
        break
    params["after"] = page["paging"]["next"]["after"]
print(json.dumps({"seconds": time.monotonic() - began, "records": found}))
