"""dbt as Koers calls it: in a process of its own, with everything it needs in the environment.

dbt cannot ref() over its own graph, so the names of the models are passed in (`KOERS_MODELS`): a
new connector's staging folder or a new measure is taken in without a list being edited.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from connectors.core.durable import replace_text
from pipelines.kpis import check_definitions
from pipelines.machine import MEMORY_VARIABLE, memory_limit
from pipelines.security.environment import without_secrets
from pipelines.settings import DBT_PROJECT_DIR, ENGINE_VARIABLE, Engine, Home, Settings
from pipelines.spark.needs import check

BY_DEFAULT = {
    # They say the same of any data (dbt's advice is to run them where models are changed): `make
    # test` runs them, by setting this to nothing.
    "DBT_EXCLUDE_RESOURCE_TYPES": "unit_test",
    # At `debug` dbt writes some 30 MB a night, a sixth of its time.
    "DBT_LOG_LEVEL_FILE": "info",
    # As people read it. Under Dagster dbt would write JSON, which takes twice as long, also for
    # what is not written: dbt makes each line before it looks at the level.
    "DBT_LOG_FORMAT_FILE": "debug",
}
PROJECT_FILES = ("*.sql", "*.yml", "*.csv", "*.py")


class DbtError(RuntimeError):
    """dbt ended with an error; the text holds the end of what it said."""


def model_names(project: Path = DBT_PROJECT_DIR) -> list[str]:
    """The names of all models, sorted."""
    return sorted(file.stem for file in (project / "models").rglob("*.sql"))


def dbt_env(
    home: Home,
    settings: Settings,
    *,
    warehouse: Path | None = None,
    project: Path = DBT_PROJECT_DIR,
    base: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """The environment of a dbt process that builds `warehouse` (default: the home's own). No secret
    is in it: a model could have dbt print it."""
    return {
        **BY_DEFAULT,
        **without_secrets(os.environ if base is None else base, settings),
        "KOERS_HOME": str(home.root),
        ENGINE_VARIABLE: settings.engine,
        "KOERS_WAREHOUSE": str(warehouse or home.warehouse),
        MEMORY_VARIABLE: memory_limit(),
        "KOERS_MODELS": ",".join(model_names(project)),
        "KOERS_TIME_ZONE": settings.time_zone,
        "KOERS_CURRENCY": settings.currency,
        "KOERS_FISCAL_YEAR_STARTS": str(settings.fiscal_year_starts),
        "KOERS_MACHINE_OPENS": settings.machine_opens,
        "KOERS_FALSE_ALARM_BUDGET": str(settings.false_alarm_budget),
        "KOERS_ORGANISATION_NAME": settings.organisation_name,
        "DBT_PROJECT_DIR": str(project),
        "DBT_PROFILES_DIR": str(project),
        "DBT_TARGET_PATH": str(home.dbt_target),
        "DBT_LOG_PATH": str(home.dbt_logs),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DO_NOT_TRACK": "1",
    }


def dbt_command(engine: Engine) -> Path:
    """The dbt that builds on an engine. Raises SparkMissingError where Spark cannot be used."""
    name = "dbt"
    if engine == "spark":
        check()
        name = "koers-spark-dbt"
    return Path(sys.executable).with_name(name)


def run_dbt(
    arguments: Sequence[str],
    home: Home,
    settings: Settings,
    *,
    warehouse: Path | None = None,
    project: Path = DBT_PROJECT_DIR,
    quiet: bool = True,
) -> str:
    """Run dbt and return what it said. Raises DbtError when it ends with an error."""
    (warehouse or home.warehouse).parent.mkdir(parents=True, exist_ok=True)
    command = [str(dbt_command(settings.engine)), "--no-use-colors", *arguments]
    done = subprocess.run(  # noqa: S603 # nosec B603 - our own dbt, a list
        command,
        env=dbt_env(home, settings, warehouse=warehouse, project=project),
        cwd=project,
        text=True,
        stdout=subprocess.PIPE if quiet else None,
        stderr=subprocess.STDOUT if quiet else None,
        check=False,
    )
    said = done.stdout or ""
    if done.returncode:
        raise DbtError(f"dbt {' '.join(arguments)} failed:\n" + said[-4000:])
    return said


def project_hash(project: Path = DBT_PROJECT_DIR) -> str:
    """A hash of everything dbt reads of the project: changes when a model or definition does."""
    digest = hashlib.sha256()
    for pattern in PROJECT_FILES:
        for file in sorted(project.rglob(pattern)):
            digest.update(str(file.relative_to(project)).encode())
            digest.update(file.read_bytes())
    return digest.hexdigest()


def prepare_manifest(home: Home, settings: Settings, *, project: Path = DBT_PROJECT_DIR) -> Path:
    """The manifest of the project as it is now; dbt parses only if something changed. Raises
    KpiError when a definition is wrong, before dbt sees it, and DbtError when the project does not
    parse."""
    stamp = home.manifest.with_name("project.sha256")
    # Of another engine it names other macros and materializations.
    wanted = f"{project_hash(project)} {settings.engine}"
    if not (home.manifest.exists() and stamp.exists() and stamp.read_text() == wanted):
        check_definitions(project)
        run_dbt(["parse"], home, settings, project=project)
        replace_text(home.manifest, (home.dbt_target / "manifest.json").read_text(encoding="utf-8"))
        replace_text(stamp, wanted)
    return home.manifest


if __name__ == "__main__":  # python -m pipelines.dbt: what `dg` and an editor need to load Koers
    from pipelines.settings import home, settings

    print(prepare_manifest(home(), settings()))
