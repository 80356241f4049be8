"""dlt: its REST API source into DuckDB, as its documentation shows it."""

import json
import os
import time

import dlt
from dlt.sources.rest_api import rest_api_source

os.chdir(os.environ["BENCH_WORK"])
os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
os.environ["DLT_DATA_DIR"] = os.environ["BENCH_WORK"]
began = time.monotonic()
source = rest_api_source(
    {
        "client": {
            "base_url": os.environ["BENCH_URL"],
            "auth": {"type": "bearer", "token": os.environ["BENCH_TOKEN"]},
            "paginator": {
                "type": "cursor",
                "cursor_path": "paging.next.after",
                "cursor_param": "after",
            },
        },
        "resources": [
            {
                "name": "contacts",
                "primary_key": "id",
                "write_disposition": "replace",
                "endpoint": {
                    "path": "crm/v3/objects/contacts",
                    "data_selector": "results",
                    "params": {
                        "limit": "100",
                        "archived": "false",
                        "properties": os.environ["BENCH_PROPERTIES"],
                    },
                },
            }
        ],
    }
)
pipeline = dlt.pipeline("bench", destination="duckdb", dataset_name="raw", pipelines_dir=".")
pipeline.run(source)
seconds = time.monotonic() - began
with pipeline.sql_client() as client:
    found = client.execute_sql("select count(*) from contacts")[0][0]
print(json.dumps({"seconds": seconds, "records": found}))
