"""A Singer tap for any REST API, its records counted and thrown away: no target is measured."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

config = {
    "api_url": os.environ["BENCH_URL"],
    "auth_method": "no_auth",
    "headers": {"Authorization": f"Bearer {os.environ['BENCH_TOKEN']}"},
    "pagination_request_style": "jsonpath_paginator",
    "pagination_response_style": "default",
    "pagination_next_page_param": "after",
    "next_page_token_path": "$.paging.next.after",
    "streams": [
        {
            "name": "contacts",
            "path": "/crm/v3/objects/contacts",
            "primary_keys": ["id"],
            "records_path": "$.results[*]",
            "params": {
                "limit": 100,
                "archived": "false",
                "properties": os.environ["BENCH_PROPERTIES"],
            },
            "num_inference_records": 50,
        }
    ],
}
file = Path(os.environ["BENCH_WORK"]) / "config.json"
file.write_text(json.dumps(config))
tap = Path(sys.executable).with_name("tap-rest-api-msdk")
began = time.monotonic()
child = subprocess.Popen([str(tap), "--config", str(file)], stdout=subprocess.PIPE)
found = sum(b'"RECORD"' in line for line in child.stdout or ())
if child.wait():
    raise SystemExit("the tap failed")
print(json.dumps({"seconds": time.monotonic() - began, "records": found}))
