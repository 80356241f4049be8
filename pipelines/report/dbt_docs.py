"""dbt's own documentation of the models as one page in the report of `management`: every model, its
columns, tests and lineage. It holds definitions, no figures.

It follows from the project alone, so it is made once for each state of the project, without
opening the warehouse, and kept.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from pipelines.dbt import DbtError, prepare_manifest, project_hash, run_dbt
from pipelines.settings import Home, Settings

PLACE = "shared/dbt-docs.html"
"""Where it stands in a report."""

_ENGINEERS_READ = "management"
# The page asks for a font and may count visits; a report asks nothing of another host.
_CLOSED = (
    '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; script-src '
    "'unsafe-inline' 'unsafe-eval'; style-src 'unsafe-inline'; img-src data:; font-src data:; "
    "base-uri 'none'; form-action 'none'\">"
)
_HEAD = "<head>"
_PARSED = "partial_parse.msgpack"


def is_for(audience: str) -> bool:
    """Whether the report of an audience has it. Others may not see every definition."""
    return audience == _ENGINEERS_READ


def there(home: Home) -> Path | None:
    """The page of the project as it is, if it was made."""
    file = _file(home)
    return file if file.exists() else None


def make(
    home: Home, chosen: Settings, progress: Callable[[str], None] = lambda _: None
) -> Path | None:
    """The page of the project as it is; None, with the reason told, where dbt cannot make it."""
    file = _file(home)
    if file.exists():
        return file
    progress("report: documentation of the models")
    file.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".dbt-docs-", dir=file.parent) as name:
        target = Path(name)
        wanted = ["docs", "generate", "--static", "--no-compile", "--empty-catalog"]
        try:
            shutil.copyfile(prepare_manifest(home, chosen), target / "manifest.json")
            if (home.dbt_target / _PARSED).exists():
                shutil.copyfile(home.dbt_target / _PARSED, target / _PARSED)  # no parsing anew
            run_dbt([*wanted, "--target-path", str(target)], home, chosen)
            page = (target / "static_index.html").read_text(encoding="utf-8")
        except (DbtError, OSError) as error:
            progress(f"report: without documentation of the models: {error}")
            return None
        part = target / "closed.html"
        part.write_text(page.replace(_HEAD, _HEAD + _CLOSED, 1), encoding="utf-8")
        part.replace(file)
    for old in file.parent.glob("dbt-docs-*.html"):
        if old != file:
            old.unlink()
    return file


def _file(home: Home) -> Path:
    return home.report / ".made" / f"dbt-docs-{project_hash()[:16]}.html"
