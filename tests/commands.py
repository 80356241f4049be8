"""The command line in a process of its own, as people and cron call it."""

from __future__ import annotations

import os
import subprocess
import sys

from pipelines.settings import Home


def koers(home: Home, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """`koers ...` on a home, with a made-up pseudonym key."""
    foreign = ("KOERS_", "DAGSTER_", "DBT_")
    return subprocess.run(
        [sys.executable, "-m", "pipelines.cli", *arguments],
        env={
            **{name: text for name, text in os.environ.items() if not name.startswith(foreign)},
            "KOERS_HOME": str(home.root),
            "KOERS_PSEUDONYM_KEY": "made-up-key-of-the-tests-" + "0" * 16,
            **environment,
        },
        capture_output=True,
        text=True,
        check=False,
    )
