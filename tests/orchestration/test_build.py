"""How dbt is started under Dagster: once, and not to be asked anything first."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from pipelines.dbt import dbt_env
from pipelines.defs.models import Dbt
from pipelines.settings import DBT_PROJECT_DIR, Home, Settings

STAND_IN = """\
#!{python}
import os, sys
print(*sys.argv[1:], file=open({asked!r}, "a"))
"""
"""In place of dbt: notes what it is asked, and does nothing."""


def test_dbt_is_started_once_and_not_looked_into(tmp_path: Path) -> None:
    asked, dbt = tmp_path / "asked", tmp_path / "dbt"
    dbt.write_text(STAND_IN.format(python=sys.executable, asked=str(asked)))
    dbt.chmod(0o755)
    resource = Dbt(
        project_dir=str(DBT_PROJECT_DIR),
        profiles_dir=str(DBT_PROJECT_DIR),
        dbt_executable=str(dbt),
    )
    done = resource.cli(["build"], target_path=tmp_path / "target").wait()
    assert asked.read_text() == "build\n"
    assert done.adapter is None
    assert not done.is_fusion


def test_the_log_is_text_for_people_also_where_dagster_reads_json(
    koers_home: Home, monkeypatch: Any
) -> None:
    from dbt.cli.flags import Flags
    from dbt.cli.main import cli

    variables = dbt_env(koers_home, Settings()) | {"DBT_LOG_FORMAT": "json"}
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    flags = Flags(cli.make_context("dbt", ["build"], resilient_parsing=False))
    assert (flags.LOG_FORMAT, flags.LOG_FORMAT_FILE) == ("json", "debug")
    assert flags.LOG_LEVEL_FILE == "info"
