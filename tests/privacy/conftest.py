"""A home with the canaries, made once for each process of tests, and copied for each test."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pipelines.settings import Home
from tests.privacy import making


@pytest.fixture(scope="session")
def canaries(tmp_path_factory: pytest.TempPathFactory) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KOERS_PSEUDONYM_KEY", making.KEY)
        home = Home((tmp_path_factory.mktemp("canary") / "home").resolve())
        patch.setenv("KOERS_HOME", str(home.root))
        making.fill(home)
    return home.root


@pytest.fixture
def home(canaries: Path, koers_home: Home) -> Home:
    shutil.copytree(canaries, koers_home.root, symlinks=True)
    return koers_home
