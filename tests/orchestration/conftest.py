"""A home with a dbt manifest, parsed once for all tests that look at the definitions."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from pipelines.dbt import prepare_manifest
from pipelines.lock import held
from pipelines.settings import Home, Settings


@pytest.fixture(scope="session")
def parsed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that holds the manifest; parsed by whichever test process comes first."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    home = Home(shared / "parsed")
    with held(shared / "parsed.lock", "parsing", wait_seconds=120):
        return prepare_manifest(home, Settings()).parent


@pytest.fixture
def manifest(parsed: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((parsed / "manifest.json").read_text(encoding="utf-8"))
    return content


@pytest.fixture
def prepared(koers_home: Home, parsed: Path) -> Home:
    """A home of this test alone in which the project is parsed already."""
    shutil.copytree(parsed, koers_home.manifest.parent)
    return koers_home
