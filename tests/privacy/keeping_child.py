"""A child process in which what was kept long enough goes: `main([HOME])`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

from pipelines.privacy.retention import keep
from pipelines.settings import Home, Settings
from tests.privacy.making import NOW


def main(arguments: Sequence[str]) -> None:
    later = NOW + dt.timedelta(days=400)
    keep(Home(Path(arguments[0])), Settings(), later, lambda _: None)
