"""Every page of a report in one language, as text."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2

from pipelines.audiences import Audience
from pipelines.kpis.lint.facts import Facts as LintFacts
from pipelines.kpis.lint.finding import Finding
from pipelines.report import places
from pipelines.report.facts import Facts, Figure, Kpi, Moves
from pipelines.report.first import first_page
from pipelines.report.kpi_page import KpiPages
from pipelines.report.layers import layer_tables
from pipelines.report.ledger import Said
from pipelines.report.lists import alert_list, kpi_list, source_list
from pipelines.report.telling import Teller
from pipelines.report.tree import driver_parts, tree
from pipelines.report.words import LAYERS, STATES
from pipelines.watch.formats import label

LANGUAGES = ("nl", "en")
_FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Edition:
    """What the pages say of themselves. created_at: of the publication, in the business zone;
    models: where dbt's documentation stands, seen from a page of the first level, if it does;
    evaluated_at: when alerts were last judged, in the business zone."""

    organisation: str
    audience_name: str
    audience: Audience
    publication_id: str
    created_at: dt.datetime
    currency: str
    models: str = ""
    evaluated_at: dt.datetime | None = None

    @property
    def today(self) -> dt.date:
        return self.created_at.date()


def environment() -> jinja2.Environment:
    """The templates. Everything is escaped; a name that a template gets wrong is an error."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_FOLDER / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["plain"] = plain
    return made


def plain(amount: float | None) -> str:
    """A number for a script; empty where there is none."""
    return "" if amount is None or amount != amount else repr(float(amount))


class Site:
    """The pages of a report in one language."""

    def __init__(
        self,
        facts: Facts,
        said: Said,
        edition: Edition,
        language: str,
        findings: Sequence[Finding],
        lint: LintFacts,
        templates: jinja2.Environment,
    ) -> None:
        self.facts, self.said, self.edition = facts, said, edition
        self.language = language
        self.tell = Teller(language, edition.currency)
        self.lint = lint
        self.findings: defaultdict[str, list[Finding]] = defaultdict(list)
        for finding in findings:
            for kpi in finding.kpis:
                self.findings[kpi].append(finding)
        self.templates = {
            name: templates.get_template(f"{name}.html")
            for name in ("first", "layer", "kpi", "tree", "alerts", "sources", "kpis")
        }
        self.common = self._common()

    def overviews(self) -> Iterator[tuple[str, str]]:
        """Every page that is not of one KPI: its place, and its text."""
        facts, said, tell = self.facts, self.said, self.tell
        yield self._made("first", places.FIRST, first_page(facts, said, tell, self.edition.today))
        for layer in facts.layers:
            legend = [tell.badge("on_course"), tell.badge("off_course"), tell.unusual]
            tables = {**layer_tables(facts, layer, tell), "legend": legend}
            yield self._made("layer", places.layer_page(layer), tables)
        nodes = tree(facts, tell, driver_parts(facts, tell))
        yield self._made("tree", places.TREE, {"nodes": nodes})
        yield self._made("alerts", places.ALERTS, alert_list(facts, said, tell))
        yield self._made(
            "sources", places.SOURCES, source_list(facts, said, tell, self.edition.models)
        )
        yield self._made("kpis", places.KPIS, kpi_list(facts, tell))

    def of_kpi(
        self,
        kpi: Kpi,
        courses: dict[str, list[Figure]],
        moves: dict[str, list[Moves]],
    ) -> Iterator[tuple[str, str]]:
        """The pages of a KPI, one for each unit that has it."""
        found = self.findings.get(kpi.kpi, ())
        pages = KpiPages(kpi, self.facts, self.said, self.tell, courses, moves, found, self.lint)
        for unit in courses:
            yield self._made("kpi", places.page_of(kpi.kpi, unit), pages.page(unit))

    def _made(self, template: str, place: str, says: Mapping[str, Any]) -> tuple[str, str]:
        depth = place.count("/")
        text = self.templates[template].render(
            self.common,
            up="../" * depth,
            root="/".join([".."] * (depth + 1)),
            path=place,
            here=place,
            **says,
        )
        return place, text

    def _common(self) -> dict[str, Any]:
        tell, edition = self.tell, self.edition
        words = tell.words
        layers = [(places.layer_page(x), LAYERS[self.language][x]) for x in self.facts.layers]
        until = max(self.facts.covers_until.values(), default=None)
        chosen = edition.audience.individuals
        top = self.facts.in_layer("organisation")
        return {
            "language": self.language,
            "other": next(each for each in LANGUAGES if each != self.language),
            "w": words,
            "states": STATES[self.language],
            "organisation": top[0].name if len(top) == 1 else label(edition.organisation),
            "menu": [
                (places.FIRST, words["first"]),
                *layers,
                (places.TREE, words["tree"]),
                (places.ALERTS, words["alerts"]),
                (places.KPIS, words["kpis"]),
                (places.SOURCES, words["sources"]),
            ],
            "for_audience": tell.say("for_audience", audience=edition.audience_name),
            "data_until": tell.say("data_until", day=tell.date(until)),
            "published": tell.say("published", day=tell.date(edition.today)),
            "evaluated": tell.say("evaluated", day=tell.date(edition.evaluated_at.date()))
            if edition.evaluated_at
            else "",
            "publication": tell.say("publication", id=edition.publication_id),
            "purpose": tell.say("purpose", purpose=chosen.purpose) if chosen else "",
        }
