"""What every test has: a home of its own, a made-up pseudonym key, and no settings of the person
who runs the tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings as hypothesis_settings

from pipelines.settings import Home

# A shared machine is slow at times; what a law says does not depend on that.
hypothesis_settings.register_profile("koers", deadline=None, max_examples=60)
hypothesis_settings.load_profile("koers")

FOREIGN = ("KOERS_", "DAGSTER_", "DBT_")


@pytest.fixture(autouse=True)
def koers_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """An empty home of this test alone, which `KOERS_HOME` names."""
    for name in [name for name in os.environ if name.startswith(FOREIGN)]:
        monkeypatch.delenv(name)
    home = Home((tmp_path / "home").resolve())
    monkeypatch.setenv("KOERS_HOME", str(home.root))
    monkeypatch.setenv("KOERS_PSEUDONYM_KEY", "made-up-key-of-the-tests-" + "0" * 16)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("DBT_SEND_ANONYMOUS_USAGE_STATS", "false")
    monkeypatch.setenv("DO_NOT_TRACK", "1")
    return home
