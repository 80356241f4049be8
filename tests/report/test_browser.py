"""The report in a browser, where there is one: from a disk, charts are drawn, nothing is wrong."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from pipelines.report.making import make_reports
from pipelines.report.places import page_of
from pipelines.settings import Home
from tests.report.example import HOSTILE, publish_example

BROWSER = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), ""
)
pytestmark = pytest.mark.skipif(not BROWSER, reason="needs Chromium")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = Home(tmp_path_factory.mktemp("home"))
    publish_example(home, unit_name=HOSTILE, kpi_label=f"Omzet {HOSTILE}")
    return make_reports(home).made["management"].folder.resolve()


def opened(file: Path) -> tuple[str, list[str]]:
    """The page as it is after its scripts ran, and what the console says."""
    done = subprocess.run(
        [
            BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--window-size=1280,3000",
            "--disable-background-networking", "--virtual-time-budget=20000",
            "--run-all-compositor-stages-before-draw", "--enable-logging=stderr", "--dump-dom",
            file.as_uri(),
        ],
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    return done.stdout, re.findall(r"CONSOLE.*", done.stderr)


@pytest.mark.parametrize("language", ["nl", "en"])
def test_charts_are_drawn_from_a_disk_and_names_of_others_do_nothing(
    folder: Path, language: str
) -> None:
    shown, said = opened(folder / language / page_of("revenue", "sales"))
    assert said == []
    assert shown.count("is-drawn") == 2  # the course and a waterfall
    assert "vega-embed" in shown
    for tag in ("<img", "<script>"):
        assert tag not in shown
    assert "alert(1)" in shown


def test_a_page_without_charts_loads_no_vega(folder: Path) -> None:
    shown, said = opened(folder / "nl" / "index.html")
    assert said == []
    assert "vega" not in shown
    assert len((folder / "nl" / "index.html").read_bytes()) < 300_000
