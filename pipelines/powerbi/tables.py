"""The tables of the semantic model: which published table each is read from, and how its columns
are called in English and Dutch. A column that a publication lacks is left out of the model.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from pipelines.powerbi.model import (
    NOTHING,
    Column,
    DataType,
    Hierarchy,
    Relationship,
    Table,
    Text,
)

KPI, UNIT, DATE, GRAIN, STATUS = "KPI", "Unit", "Date", "Period type", "Status"
FACTS = "KPI per period"
CONTRIBUTIONS, REWARDS, ALERTS = "Contributions", "Rewards", "Alerts"
FRESHNESS, QUALITY, SOURCE = "Source freshness", "Data quality", "Source"

Descriptions = Mapping[str, tuple[str, Mapping[str, str]]]
"""By published table: what it says of itself, and of each column (English)."""


def _column(
    source: str,
    en: str,
    nl: str,
    data_type: DataType = "string",
    *,
    hidden: bool = False,
    key: bool = False,
    sort_by: str | None = None,
    form: str | None = None,
) -> Column:
    return Column(
        Text(en, nl), data_type, source, is_hidden=hidden, is_key=key, sort_by=sort_by,
        format_string=form,
    )  # fmt: skip


_DAY = "Short Date"
_KEYS = (
    _column("kpi", "KPI key", "KPI-sleutel", hidden=True),
    _column("org_unit_id", "Unit key", "Eenheidsleutel", hidden=True),
    _column("grain", "Period type key", "Periodesoortsleutel", hidden=True),
    _column("period_start", "Period from", "Periode vanaf", "dateTime", form=_DAY),
)

_PLAIN = (
    Table(
        Text(KPI, "KPI"),
        Text("One row is one KPI as it is defined now.", "Een rij is een KPI zoals die nu is."),
        (
            _column("kpi", "KPI key", "KPI-sleutel", key=True, hidden=True),
            _column("label_{language}", "KPI", "KPI"),
            _column("description_{language}", "Definition", "Definitie"),
            _column("home_layer", "Home layer", "Stuurlaag"),
            _column("owner", "KPI owner", "KPI-eigenaar"),
            _column("unit", "Kind of figure", "Soort cijfer"),
            _column("direction", "Direction", "Richting"),
            _column("cadence", "Cadence", "Ritme"),
            _column("drivers", "Drivers", "Drijvers"),
            _column("sources", "Sources", "Bronnen"),
            _column("smart_specific", "SMART: specific", "SMART: specifiek"),
            _column("smart_measurable", "SMART: measurable", "SMART: meetbaar"),
            _column("smart_accepted", "SMART: accepted", "SMART: afgesproken"),
            _column("smart_realistic", "SMART: realistic", "SMART: realistisch"),
            _column("smart_time_bound", "SMART: time-bound", "SMART: tijdgebonden"),
            _column("review_date", "Review date", "Herzien op", "dateTime", form=_DAY),
        ),
        "dim_kpi",
    ),
    Table(
        Text(UNIT, "Eenheid"),
        Text(
            "One row is one unit, with the unit above it in every layer. The figures of a unit "
            "hold those of everything below it.",
            "Een rij is een eenheid, met de eenheid erboven in elke laag. In de cijfers van een "
            "eenheid zit alles wat eronder hangt.",
        ),
        (
            _column("org_unit_id", "Unit key", "Eenheidsleutel", key=True, hidden=True),
            _column("unit", "Unit", "Eenheid"),
            _column("layer", "Layer", "Laag"),
            _column("parent_id", "Parent key", "Bovenliggende sleutel", hidden=True),
            _column("depth", "Depth", "Diepte", "int64", hidden=True),
            _column("owner", "Unit owner", "Eigenaar van de eenheid"),
            _column("is_unassigned", "Is unassigned", "Is niet toegewezen", "boolean"),
            _column("organisation", "Organisation", "Organisatie"),
            _column("department", "Department", "Afdeling"),
            _column("team", "Team", "Team"),
            _column("project", "Project", "Project"),
            _column("individual", "Person", "Persoon"),
        ),
        "dim_org_unit_layers",
        hierarchies=(
            Hierarchy(
                Text("Layers", "Lagen"),
                ("Organisation", "Department", "Team", "Person"),
                Text("From the organisation to a person.", "Van de organisatie tot een persoon."),
            ),
            Hierarchy(
                Text("Projects", "Projecten"),
                ("Organisation", "Department", "Project"),
                Text("From the organisation to a project.", "Van de organisatie tot een project."),
            ),
        ),
    ),
    Table(
        Text(FACTS, "KPI per periode"),
        Text(
            "One row is one KPI of one unit in one period of one type, judged. Use the measures: "
            "rows of a unit hold those of the units below it.",
            "Een rij is een KPI van een eenheid in een periode van een soort, met oordeel. Gebruik "
            "de metingen: in een rij van een eenheid zitten die van de eenheden eronder.",
        ),
        (
            *_KEYS,
            _column("period_end", "Period to", "Periode tot en met", "dateTime", form=_DAY),
            _column("status", "Status key", "Statussleutel", hidden=True),
            _column("numerator", "Numerator", "Teller", "double", hidden=True),
            _column("denominator", "Denominator", "Noemer", "double", hidden=True),
            _column("kpi_value", "Row value", "Waarde van de rij", "double", hidden=True),
            _column("sample_size", "Records", "Aantal records", "int64", hidden=True),
            _column("is_closed", "Is closed", "Is afgesloten", "boolean"),
            _column("is_complete", "Is complete", "Is volledig", "boolean"),
            _column("data_as_of", "Data as of", "Gegevens tot", "dateTime", form=_DAY),
            _column("target", "Row target", "Doel van de rij", "double", hidden=True),
            _column("band_lower", "Row band lower", "Ondergrens van de rij", "double", hidden=True),
            _column("band_upper", "Row band upper", "Bovengrens van de rij", "double", hidden=True),
            _column(
                "process_band_lower", "Row usual lower", "Gebruikelijk laag", "double", hidden=True
            ),
            _column(
                "process_band_centre", "Row usual", "Gebruikelijk midden", "double", hidden=True
            ),
            _column(
                "process_band_upper", "Row usual upper", "Gebruikelijk hoog", "double", hidden=True
            ),
            _column("process_status", "Process status", "Processtatus"),
            _column("attainment", "Row attainment", "Realisatie rij", "double", hidden=True),
            _column("streak", "Row streak", "Reeks van de rij", "int64", hidden=True),
            _column("known_event", "Known event", "Bekende gebeurtenis"),
            _column("is_suppressed", "Is hidden figure", "Is verborgen cijfer", "boolean"),
            _column("suppression", "Why hidden", "Waarom verborgen"),
        ),
        "fct_kpi_status",
    ),
    Table(
        Text(CONTRIBUTIONS, "Bijdragen"),
        Text(
            "One row is what one child unit or driver did for one change of a KPI. Within one "
            "comparison and one kind of contributor the parts sum to the change.",
            "Een rij is wat een onderliggende eenheid of drijver deed voor een verandering van "
            "een KPI. Binnen een vergelijking en een soort bijdrager zijn de delen samen de "
            "verandering.",
        ),
        (
            *_KEYS,
            _column("comparison", "Comparison", "Vergelijking"),
            _column("contributor_type", "Kind of contributor", "Soort bijdrager"),
            _column("contributor", "Contributor key", "Bijdragersleutel", hidden=True),
            _column("effect", "Effect", "Effect"),
            _column("contribution", "Row contribution", "Bijdrage rij", "double", hidden=True),
            _column("change_total", "Row change", "Verandering rij", "double", hidden=True),
        ),
        "fct_kpi_contributions",
    ),
    Table(
        Text(REWARDS, "Beloningen"),
        Text(
            "One row is one KPI with a reward curve of one unit in one closed period.",
            "Een rij is een KPI met een beloningscurve van een eenheid in een gesloten periode.",
        ),
        (
            *_KEYS,
            _column("attainment", "Reward attainment", "Realisatie voor beloning", "double",
                    form="0.0%"),
            _column("payout", "Payout", "Uitbetaling", "double", form="0.0%"),
            _column("outcome", "Outcome", "Uitkomst"),
            _column("explanation_{language}", "Explanation", "Uitleg"),
        ),
        "fct_kpi_rewards",
    ),
    Table(
        Text(ALERTS, "Meldingen"),
        Text("One row is one transition of one alert.", "Een rij is een overgang van een melding."),
        (
            _column("alert_id", "Alert key", "Meldingsleutel"),
            _column("kpi", "KPI key", "KPI-sleutel", hidden=True),
            _column("org_unit_id", "Unit key", "Eenheidsleutel", hidden=True),
            _column("kind", "Kind of alert", "Soort melding"),
            _column("state", "State", "Toestand"),
            _column("occurred_at", "Occurred at (UTC)", "Gebeurd op (UTC)", "dateTime",
                    form="General Date"),
            _column("period_start", "Period from", "Periode vanaf", "dateTime", form=_DAY),
            _column("publication_id", "Publication", "Publicatie"),
            _column("dedup_key", "Transition key", "Overgangssleutel", key=True, hidden=True),
        ),
        "fct_alert_events",
    ),
    Table(
        Text(SOURCE, "Bron"),
        Text("One row is one connector that has delivered.", "Een rij is een bron die leverde."),
        (
            _column("source", "Source", "Bron", key=True),
            _column("stream_count", "Streams", "Stromen", "int64", hidden=True),
            _column("first_loaded_at", "First loaded at (UTC)", "Eerst geladen op (UTC)",
                    "dateTime", form="General Date"),
        ),
        "dim_source",
    ),
    Table(
        Text(FRESHNESS, "Versheid van bronnen"),
        Text(
            "One row is one stream of one connector, with its newest load.",
            "Een rij is een stroom van een bron, met de nieuwste lading.",
        ),
        (
            _column("connector", "Source", "Bron", hidden=True),
            _column("stream", "Stream", "Stroom"),
            _column("last_loaded_at", "Last loaded at (UTC)", "Laatst geladen op (UTC)",
                    "dateTime", form="General Date"),
            _column("covers_until", "Covers until", "Bekend tot en met", "dateTime", form=_DAY),
        ),
        "fct_source_freshness",
    ),
    Table(
        Text(QUALITY, "Gegevenskwaliteit"),
        Text(
            "One row is one load of one stream, with what became of its rows.",
            "Een rij is een lading van een stroom, met wat er van de rijen werd.",
        ),
        (
            _column("connector", "Source", "Bron", hidden=True),
            _column("stream", "Stream", "Stroom"),
            _column("load_id", "Load", "Lading"),
            _column("rows_read", "Row count read", "Gelezen in rij", "int64", hidden=True),
            _column("rows_loaded", "Row count loaded", "Geladen in rij", "int64", hidden=True),
            _column("rows_rejected", "Row count refused", "Geweigerd in rij", "int64", hidden=True),
            _column("rows_quarantined", "Row count quarantined", "Quarantaine in rij", "int64",
                    hidden=True),
        ),
        "fct_data_quality",
    ),
)  # fmt: skip

_FACTS_ABOUT_KPI = (FACTS, CONTRIBUTIONS, REWARDS, ALERTS)


def relationships(tables: tuple[Table, ...]) -> tuple[Relationship, ...]:
    """Every fact to the dimensions that its columns name."""
    there = {table.name.en for table in tables}
    wanted = [
        *((fact, "KPI key", KPI, "KPI key") for fact in _FACTS_ABOUT_KPI),
        *((fact, "Unit key", UNIT, "Unit key") for fact in _FACTS_ABOUT_KPI),
        *((fact, "Period from", DATE, "Date") for fact in _FACTS_ABOUT_KPI),
        *(
            (fact, "Period type key", GRAIN, "Period type key")
            for fact in (FACTS, CONTRIBUTIONS, REWARDS)
        ),
        (FACTS, "Status key", STATUS, "Status key"),
        (FRESHNESS, "Source", SOURCE, "Source"),
        (QUALITY, "Source", SOURCE, "Source"),
    ]
    return tuple(Relationship(*each) for each in wanted if each[0] in there and each[2] in there)


def plain_tables(
    columns: Mapping[str, frozenset[str]], descriptions: Descriptions
) -> tuple[Table, ...]:
    """The tables that are read as they are published. `columns` are those of each published table
    that there is. A source `label_{language}` is read in the language of parameter `Language`."""
    return tuple(
        _described(table, columns[table.mart], descriptions)
        for table in _PLAIN
        if table.mart is not None and table.mart in columns
    )


def _described(table: Table, there: frozenset[str], descriptions: Descriptions) -> Table:
    _, said = descriptions.get(table.mart or "", ("", {}))
    kept = []
    for column in table.columns:
        source = (column.source or "").format(language="en")
        if source in there:
            about = Text(said[source], "") if said.get(source) else NOTHING
            kept.append(replace(column, about=about))
    names = {column.name.en for column in kept}
    hierarchies = tuple(
        hierarchy for hierarchy in table.hierarchies if names.issuperset(hierarchy.levels)
    )
    return replace(table, columns=tuple(kept), hierarchies=hierarchies)
