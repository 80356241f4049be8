"""What the last runs did, as JSON under `state/`: for the summary, `koers status` and the question
whether there is anything to do. Losing these files costs a build, never a figure.

    state/ingest/<connector>.json   the last pass over the inbox of a connector
    state/last_build.json           from what the last good build was made
    state/last_run.json             how the last `koers run` ended
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from connectors.core.durable import make_folder, replace_text
from pipelines.settings import Home


def ingest_record(home: Home, connector: str) -> Path:
    return home.state / "ingest" / f"{connector}.json"


def last_build(home: Home) -> Path:
    return home.state / "last_build.json"


def last_run(home: Home) -> Path:
    return home.state / "last_run.json"


def write(file: Path, content: dict[str, Any]) -> None:
    """Write a record; a reader sees the old one or the new one, never a half."""
    make_folder(file.parent)
    replace_text(file, json.dumps(content, indent=1, ensure_ascii=False) + "\n")


def read(file: Path) -> dict[str, Any]:
    """A record; empty if there is none, or none that can be read."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
