"""Where Dagster keeps its runs: `dagster/` in the home, with the settings Koers needs there."""

from __future__ import annotations

import importlib.util
import json
import os
from pathlib import Path

import yaml

from connectors.core.durable import replace_text
from pipelines.security.ui import HOSTS_VARIABLE
from pipelines.security.yaml_text import YamlError, read_yaml
from pipelines.settings import Alerts, Home, Settings

CONFIG = """\
# Written by Koers before each run; changes made here are lost.
telemetry: {enabled: false}
nux: {enabled: false}
# One pool, `warehouse`: one step at a time writes the warehouse file.
concurrency:
  pools: {granularity: op, default_limit: 1}
  runs:
    max_concurrent_runs: 4
    tag_concurrency_limits: [{key: koers/nightly, limit: 1}]
run_monitoring: {enabled: true, free_slots_after_run_end_seconds: 60}
freshness: {enabled: true}
retention:
  schedule: {purge_after_days: 90}
  sensor: {purge_after_days: {skipped: 2, failure: 30, started: 2, success: 30}}
"""

ADDED = ("run_launcher", "run_coordinator", "compute_logs", "python_logs", "code_servers")
"""What a home may say of Dagster itself. Pools and storage are Koers' own: one writes the warehouse
file at a time, whatever runs where."""

POSTGRES_VARIABLE = "KOERS_DAGSTER_POSTGRES_URL"
_DRIVER = "postgresql+psycopg2"
POSTGRES = f"""\
# The address holds a password, so it stands in the environment only.
storage: {{postgres: {{postgres_url: {{env: {POSTGRES_VARIABLE}}}}}}}
"""

_STALE_AFTER = {"stale_after_days", "files_stale_after_days", "stale_after"}


class StorageError(RuntimeError):
    """Dagster's storage is not as the settings say; the text says what to do."""


def prepare(home: Home) -> None:
    """Make the folder and write its `dagster.yaml`. Raises StorageError where PostgreSQL is asked
    for without its library, or was used before and is not named now."""
    home.dagster.mkdir(parents=True, exist_ok=True)
    file = home.dagster / "dagster.yaml"
    before = file.read_text(encoding="utf-8") if file.exists() else ""
    url = postgres_url()
    if url is None and POSTGRES_VARIABLE in before:
        raise StorageError(
            f"The runs of this home are in PostgreSQL, and {POSTGRES_VARIABLE} is not set. Set it; "
            f"or remove {file} to begin a new history of runs in SQLite."
        )
    if url is not None and importlib.util.find_spec("dagster_postgres") is None:
        raise StorageError(
            f"{POSTGRES_VARIABLE} is set, and the library for it is not installed: "
            "pip install 'dagster-postgres==0.29.27'."
        )
    if url is not None:
        _try(url)
    wanted = CONFIG + (_kept_open(home) if url is None else POSTGRES) + of_this_home(home)
    if before != wanted:
        replace_text(file, wanted)


def of_this_home(home: Home) -> str:
    """What `dagster.yaml` in the home adds to Koers' own configuration, as YAML: where runs take
    place, and nothing that the figures depend on. Raises StorageError for what is not to be set
    there."""
    file = home.root / "dagster.yaml"
    if not file.exists():
        return ""
    try:
        added = read_yaml(file) or {}
    except YamlError as error:
        raise StorageError(f"{file} {error}") from None
    if not isinstance(added, dict) or (wrong := sorted(set(map(str, added)) - set(ADDED))):
        named = f"{', '.join(wrong)} is" if isinstance(added, dict) else "a list is"
        raise StorageError(f"{file}: {named} not to be set there, but only {', '.join(ADDED)}.")
    return f"# From {file.name} of the home.\n{yaml.safe_dump(added, sort_keys=True)}"


def _kept_open(home: Home) -> str:
    """The log of events, where Dagster has it by itself."""
    folder = json.dumps(str(home.dagster.resolve() / "history" / "runs"))
    return (
        "event_log_storage: {module: pipelines.defs.event_log, class: KeptEventLog, "
        f"config: {{base_dir: {folder}}}}}\n"
    )


def postgres_url() -> str | None:
    """The address of PostgreSQL, from its variable or the file that NAME_FILE names, in the form
    that Dagster's library takes; None: SQLite. Raises StorageError for what is no such address, and
    for a file that cannot be read."""
    text = os.environ.get(POSTGRES_VARIABLE, "").strip()
    named = os.environ.get(f"{POSTGRES_VARIABLE}_FILE", "").strip()
    if not text and named:
        try:
            text = Path(named).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise StorageError(
                f"{POSTGRES_VARIABLE}_FILE cannot be read: {type(error).__name__}"
            ) from None
    if not text:
        return None
    scheme, _, rest = text.partition("://")
    if scheme not in ("postgresql", "postgres", _DRIVER) or not rest:
        raise StorageError(
            f"{POSTGRES_VARIABLE} is no address such as postgresql://USER:PASSWORD@HOST/DATABASE."
        )
    # Without a driver, SQLAlchemy 2.1 takes another one than dagster-postgres brings.
    return f"{_DRIVER}://{rest}"


def _try(url: str) -> None:
    """Raises StorageError where PostgreSQL does not let us in: said here, it is one sentence."""
    import psycopg2

    try:
        psycopg2.connect(url.replace(_DRIVER, "postgresql", 1), connect_timeout=20).close()
    except psycopg2.OperationalError as error:
        raise StorageError(
            f"PostgreSQL cannot be used for Dagster's runs: {' '.join(str(error).split())} "
            f"({POSTGRES_VARIABLE}). What was published stands."
        ) from None
    except psycopg2.Error:  # its text may hold the address
        raise StorageError(f"{POSTGRES_VARIABLE} is no address of PostgreSQL.") from None


def environment(home: Home, settings: Settings) -> dict[str, str]:
    """The variables that a Dagster process of this home needs, beside those there are.

    The nightly time and how old data may be travel in them, since importing the code location
    reads no settings.
    """
    url = postgres_url()
    return {
        **os.environ,
        **({POSTGRES_VARIABLE: url} if url is not None else {}),
        "KOERS_HOME": str(home.root),
        "KOERS_NIGHTLY_AT": settings.nightly_at,
        "KOERS_TIME_ZONE": settings.time_zone,
        "KOERS_STALE_AFTER": settings.alerts.model_dump_json(include=_STALE_AFTER),
        HOSTS_VARIABLE: ",".join(settings.ui_hosts),
        "DAGSTER_HOME": str(home.dagster),
        "DAGSTER_DISABLE_TELEMETRY": "1",
        # Hand what a run is to make over to the log of events in one go.
        "DAGSTER_EVENT_BATCH_SIZE": "1000",
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DO_NOT_TRACK": "1",
    }


def stale_after() -> Alerts:
    """What the environment says of how old data may be; else what holds without settings."""
    return Alerts.model_validate_json(os.environ.get("KOERS_STALE_AFTER", "{}"))
