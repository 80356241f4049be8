"""The report in a browser, where there is one: from a disk, charts are drawn, nothing is wrong."""

from __future__ import annotations

import html
import json
import os
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
AXE = os.environ.get("AXE_CORE", "")
"""The file axe.min.js of npm's axe-core, which is no part of Koers: who has it, tests with it."""

RUN_AXE = """
addEventListener("load", function () {
  setTimeout(function () {
    axe.run({ preload: false }).then(function (found) {
      var said = document.createElement("pre");
      said.id = "axe";
      said.textContent = JSON.stringify(found.violations.map(function (each) {
        return [each.id, each.nodes.map(function (node) { return node.html.slice(0, 200); })];
      }));
      document.body.appendChild(said);
    });
  }, 3000);
});
"""
PAGES = ("index.html", "layer-team.html", "tree.html", "alerts.html", "sources.html", "kpis.html")

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


@pytest.mark.skipif(not AXE, reason="AXE_CORE names no axe.min.js")
@pytest.mark.parametrize("page", [*PAGES, page_of("revenue", "sales")])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing(folder: Path, tmp_path: Path, page: str, theme: str) -> None:
    copy = tmp_path / "report"
    shutil.copytree(folder, copy)
    shutil.copyfile(AXE, copy / "shared" / "axe.js")
    (copy / "shared" / "run-axe.js").write_text(RUN_AXE, encoding="utf-8")
    file = copy / "nl" / page
    text = file.read_text(encoding="utf-8").replace("<html ", f'<html data-theme="{theme}" ', 1)
    shared = "/".join([".."] * (page.count("/") + 1)) + "/shared"
    scripts = "".join(
        f'<script src="{shared}/{name}"></script>' for name in ("axe.js", "run-axe.js")
    )
    file.write_text(text.replace("</head>", scripts + "</head>", 1), encoding="utf-8")
    shown, _ = opened(file)
    found = re.search(r'<pre id="axe">(.*?)</pre>', shown, re.DOTALL)
    assert found, "axe did not come to an end"
    assert json.loads(html.unescape(found[1])) == []
