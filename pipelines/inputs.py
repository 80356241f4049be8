"""What a build is made from, as hashes: equal inputs give equal facts, so there is nothing to do.

Only names, sizes and times are looked at in the inbox and the landing: their files are never
changed after they got their name.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterable, Mapping

from pipelines.audiences import Audience, audiences
from pipelines.dbt import project_hash
from pipelines.settings import PROJECT_DIR, Home, Settings

SETTLED_SECONDS = 2.0
"""A file that changed more recently may still be written to."""

CODE = ("connectors", "pipelines")
BESIDE_THE_FACTS = {
    "alerts",
    "keep_publications",
    "keep_runs_days",
    "metrics_file",
    "most_kpis_per_owner",
    "nightly_at",
    "retention",
}


def build_inputs(home: Home, settings: Settings) -> dict[str, str]:
    """Hashes of all that publications follow from: committed loads, code, settings, audiences.
    Raises SettingsError when audiences.yaml cannot be used, before anything is built."""
    loads = (
        str(load.relative_to(home.landing)) for load in sorted(home.landing.glob("*/*/load=*"))
    )
    files = (file for folder in CODE for file in sorted((PROJECT_DIR / folder).rglob("*.py")))
    return {
        "landing": _hash(loads),
        "models": project_hash(),
        "code": _hash(file.read_text(encoding="utf-8") for file in files),
        # A setting counts unless it is known to concern no fact.
        "settings": _hash([settings.model_dump_json(exclude=BESIDE_THE_FACTS)]),
        # No fact follows from it, but who may see which: a change is published the next night.
        "audiences": _hash([json.dumps(dict(audiences(home)), default=Audience.model_dump_json)]),
    }


def needs_full_refresh(before: Mapping[str, str], now: Mapping[str, str]) -> bool:
    """Whether rows that were built before may be wrong: the models or the settings they were built
    with are others now. An incremental build would leave them as they were."""
    return any(before.get(part) != now[part] for part in ("models", "settings"))


def newest_loads(home: Home) -> dict[str, str]:
    """By connector/stream: the id of its newest committed load."""
    found: dict[str, str] = {}
    for load in sorted(home.landing.glob("*/*/load=*")):
        found[f"{load.parent.parent.name}/{load.parent.name}"] = load.name.removeprefix("load=")
    return found


def gone_back(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """The streams whose newest load is older than it was: a backup was put back, and the warehouse
    may hold rows of loads that are no more."""
    return sorted(stream for stream, newest in before.items() if now.get(stream, "") < newest)


def inbox_files(home: Home) -> dict[str, dict[str, str]]:
    """By connector: the files in its inbox folder, and what tells a version of it from another."""
    found: dict[str, dict[str, str]] = {}
    if not home.inbox.is_dir():
        return found
    for folder in sorted(home.inbox.iterdir()):
        if folder.name != "archive" and folder.is_dir():
            found[folder.name] = {
                path.name: f"{stat.st_size}:{stat.st_mtime_ns}"
                for path in sorted(folder.iterdir())
                if not path.name.startswith(".")
                for stat in [path.lstat()]
            }
    return found


def inbox_hash(files: Mapping[str, Mapping[str, str]]) -> str:
    """One hash over what `inbox_files` gave."""
    return _hash(
        f"{connector}/{name}={version}"
        for connector, of_connector in sorted(files.items())
        for name, version in sorted(of_connector.items())
    )


def is_settled(files: Mapping[str, Mapping[str, str]], now: float | None = None) -> bool:
    """Whether every file has been left alone for a while. `now` is in seconds since 1970."""
    newest = max(
        (int(version.split(":")[1]) for each in files.values() for version in each.values()),
        default=0,
    )
    return (time.time() if now is None else now) - newest / 1e9 > SETTLED_SECONDS


def has_landing(home: Home) -> bool:
    """Whether anything was ever landed."""
    return next(home.landing.glob("*/*/load=*"), None) is not None


def _hash(parts: Iterable[str]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part.encode())
        digest.update(b"\0")
    return digest.hexdigest()
