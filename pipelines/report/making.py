"""Makes the reports of a home: reads, writes a folder aside, and puts it in the place of the old.

    report/<audience>                 a symbolic link to the newest of
    report/.made/<audience>/<id>/     the last two, each whole, never written to again

The link is replaced by one rename, so a reader gets the old pages or the new, never some of each.
A report is made again only where its publication, what the ledger says, the settings or the code
that makes it are not those it was made from.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import duckdb

from connectors.core.durable import sync
from connectors.core.failpoints import failpoint
from pipelines.audiences import Audience, audiences
from pipelines.kpis.lint import lint
from pipelines.kpis.lint.facts import facts_of
from pipelines.publication import Publication, PublicationError, current, open_publication, utc_now
from pipelines.report import dbt_docs
from pipelines.report.charts import script
from pipelines.report.facts import Facts
from pipelines.report.ledger import mark, read_said
from pipelines.report.pages import LANGUAGES, Edition, Site, environment
from pipelines.security.sharing import let_through, seal
from pipelines.settings import Home, Settings, settings
from pipelines.watch.ledger import last_evaluation

KEPT = 2
"""Reports of an audience: the newest, and the one that somebody may still have open."""

_FOLDER = Path(__file__).parent
_BUILT = "built.json"


class ReportError(RuntimeError):
    """A report cannot be made; the one of before still stands. The text says what to do."""


@dataclass(frozen=True)
class Report:
    """What there is now of an audience. is_new: it was made just now, in so many seconds."""

    audience: str
    folder: Path
    publication_id: str
    pages: int
    is_new: bool = False
    seconds: float = 0.0


@dataclass
class Reports:
    """By audience: the report, and why another has none."""

    made: dict[str, Report] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)


def make_reports(
    home: Home,
    *,
    only: str | None = None,
    models: Path | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> Reports:
    """Make what is not up to date: of every audience that is published, or of one. models: the page
    of `dbt_docs`.

    Raises ReportError for an audience that there is not, SettingsError, LedgerError.
    """
    chosen, every = settings(home), audiences(home)
    if only is not None and only not in every:
        raise ReportError(f"There is no audience {only}: {', '.join(every)}. See audiences.yaml.")
    result = Reports()
    for name, audience in every.items():
        if only not in (None, name):
            continue
        try:
            its_models = models if dbt_docs.is_for(name) else None
            result.made[name] = _up_to_date(home, chosen, name, audience, its_models, progress)
        except (ReportError, PublicationError) as error:
            result.refused[name] = str(error)
    return result


def out_of_date(home: Home) -> str:
    """Names what would be made again of the reports that there are; empty where nothing would. An
    audience that has no report yet waits for the next run. Cheap: for a sensor. Raises
    SettingsError, PublicationError, LedgerError."""
    chosen, found = settings(home), []
    for name, audience in audiences(home).items():
        there, publication = _there(home.report / name), current(home, name)
        if there is not None and publication is not None:
            models = dbt_docs.there(home) if dbt_docs.is_for(name) else None
            marked = _mark(home, chosen, audience, publication, models)
            if there["mark"] != marked:
                found.append(f"{name}/{marked}")
    return " ".join(found)


def _up_to_date(
    home: Home,
    chosen: Settings,
    name: str,
    audience: Audience,
    models: Path | None,
    progress: Callable[[str], None],
) -> Report:
    publication = current(home, name)
    if publication is None:
        raise ReportError(f"Nothing is published for {name} yet: koers run.")
    with _only_one(home.report, name):
        marked = _mark(home, chosen, audience, publication, models)
        there = _there(home.report / name)
        if there is not None and there["mark"] == marked:
            return Report(name, home.report / name, publication.publication_id, there["pages"])
        progress(f"report: {name}")
        return _make(home, chosen, name, audience, publication, models, marked)


def _make(
    home: Home,
    chosen: Settings,
    name: str,
    audience: Audience,
    publication: Publication,
    models: Path | None,
    marked: str,
) -> Report:
    began = time.monotonic()
    store = home.report / ".made" / name
    building = store / f".building-{marked}"
    for leftover in store.glob(".building-*"):
        shutil.rmtree(leftover)
    try:
        building.mkdir(parents=True)
        pages = _write(building, home, chosen, name, audience, publication, models)
        about = {"mark": marked, "publication_id": publication.publication_id, "pages": pages}
        (building / _BUILT).write_text(json.dumps(about) + "\n", encoding="utf-8")
        seal(building, shared=chosen.share_with_group)
        above = (home.report, store.parent, store)
        let_through(home.root, *above, shared=chosen.share_with_group)
        sync(building)
        failpoint("report.before_rename")
        done = store / f"{publication.publication_id}-{marked[:12]}"
        if done.exists():
            shutil.rmtree(done)
        building.rename(done)
        failpoint("report.before_replace")
        _point_to(home.report / name, done)
    except OSError as error:
        raise ReportError(
            f"{home.report} cannot be written to: {error}. The report of before still stands; make "
            "room, then run `koers report`."
        ) from error
    except duckdb.Error as error:
        raise ReportError(
            f"{publication.file} is not as this Koers needs it: {error}. Run `koers publish`."
        ) from error
    finally:
        if building.exists():
            shutil.rmtree(building)
    failpoint("report.before_prune")
    _prune(store, done)
    seconds = time.monotonic() - began
    return Report(name, home.report / name, publication.publication_id, pages, True, seconds)


def _write(
    folder: Path,
    home: Home,
    chosen: Settings,
    name: str,
    audience: Audience,
    publication: Publication,
    models: Path | None,
) -> int:
    """Write all pages and what they need; how many pages."""
    local = publication.created_at.astimezone(chosen.zone)
    evaluated = last_evaluation(home.ledger)
    edition = Edition(
        chosen.organisation_name,
        name,
        audience,
        publication.publication_id,
        local,
        chosen.currency,
        f"../{dbt_docs.PLACE}" if models else "",
        evaluated[1].astimezone(chosen.zone) if evaluated else None,
    )
    templates = environment()
    count = 0
    with open_publication(publication) as connection:
        try:
            facts = Facts(connection)
        except KeyError as error:
            raise ReportError(
                f"{publication.file} has no column {error}: it is of another Koers. Run `koers "
                "publish`."
            ) from error
        said = read_said(
            home.ledger, connection, audience, utc_now().astimezone(chosen.zone).date()
        )
        checked = facts_of(connection, chosen, edition.today)
        findings = lint(checked)
        sites = [
            Site(facts, said, edition, language, findings, checked, templates)
            for language in LANGUAGES
        ]
        for site in sites:
            for place, text in site.overviews():
                count += _put(folder / site.language / place, text)
        for kpi in facts.kpis.values():
            courses, moves = facts.courses(kpi.kpi), facts.moves(kpi.kpi)
            for site in sites:
                (folder / site.language / "kpi").mkdir(exist_ok=True)
                for place, text in site.of_kpi(kpi, courses, moves):
                    count += _put(folder / site.language / place, text)
        trends = {(kpi.unit, kpi.cadence) for kpi in facts.kpis.values()}
    start = templates.get_template("start.html")
    words = {"language": chosen.alerts.language, "organisation": chosen.organisation_name}
    _put(folder / "index.html", start.render(words))
    shared = folder / "shared"
    shutil.copytree(_FOLDER / "static", shared, ignore=shutil.ignore_patterns("__pycache__"))
    for language in LANGUAGES:
        _put(shared / f"charts-{language}.js", script(language, trends))
    shutil.copyfile(_vega(home.report / ".made"), shared / "vega.js")
    if models is not None:
        shutil.copyfile(models, folder / dbt_docs.PLACE)
    return count


def _put(file: Path, text: str) -> int:
    file.parent.mkdir(parents=True, exist_ok=True)
    # What no file can hold (half a surrogate pair, of a broken export) is shown as a question mark.
    file.write_bytes(text.encode("utf-8", "replace"))
    return 1


def _vega(folder: Path) -> Path:
    """Vega, Vega-Lite and Vega-Embed as one script, from the library that draws our pictures. Takes
    seconds to put together, so it is kept."""
    file = folder / f"vega-{version('vl-convert-python')}.js"
    if not file.exists():
        import vl_convert

        made = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")
        part = file.with_suffix(".part")
        part.write_text(made, encoding="utf-8")
        part.replace(file)
    return file


def _mark(
    home: Home,
    chosen: Settings,
    audience: Audience,
    publication: Publication,
    models: Path | None,
) -> str:
    """Of everything that a report is made from."""
    today = utc_now().astimezone(chosen.zone).date()
    code = hashlib.sha256()
    for file in sorted(_FOLDER.rglob("*")):
        if file.suffix in (".py", ".html", ".css", ".js"):
            code.update(file.read_bytes())
    parts: list[Any] = [
        publication.publication_id,
        mark(home.ledger, today),
        str(last_evaluation(home.ledger)),
        chosen.model_dump_json(),
        audience.model_dump_json(),
        code.hexdigest(),
        models.name if models else "",
    ]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _there(folder: Path) -> dict[str, Any] | None:
    """What the report that stands there was made from; None where there is none that is whole."""
    with contextlib.suppress(OSError, ValueError):
        about: dict[str, Any] = json.loads((folder / _BUILT).read_text(encoding="utf-8"))
        if {"mark", "pages"} <= about.keys() and (folder / "index.html").exists():
            return about
    return None


def _point_to(link: Path, target: Path) -> None:
    if link.is_dir() and not link.is_symlink():
        shutil.rmtree(link)  # a copy of a home holds the pages themselves
    new = link.with_name(f".new-{link.name}")
    new.unlink(missing_ok=True)
    new.symlink_to(target.relative_to(link.parent))
    new.replace(link)
    sync(link.parent)


def _prune(store: Path, keep: Path) -> None:
    found = sorted((p for p in store.iterdir() if p != keep), key=lambda p: p.stat().st_mtime)
    for old in found[: max(0, len(found) - (KEPT - 1))]:
        shutil.rmtree(old)


@contextlib.contextmanager
def _only_one(folder: Path, name: str) -> Iterator[None]:
    """Hold the lock of an audience's report. Who comes second waits: it is then up to date."""
    made = folder / ".made"
    try:
        made.mkdir(parents=True, exist_ok=True)
        handle = (made / f".{name}.lock").open("a")
    except OSError as error:
        raise ReportError(f"{folder} cannot be written to: {error}.") from error
    with handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
