"""The measures that follow what is chosen: the KPI in view, why it changed, alerts, quality."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from pipelines.powerbi.figures import ONE
from pipelines.powerbi.measures import FORMATS, format_of, word
from pipelines.powerbi.model import Measure, Text
from pipelines.powerbi.tables import ALERTS, CONTRIBUTIONS, QUALITY
from pipelines.watch.machine import MISSING, RAISED

_OF_CONTRIBUTOR = ("Comparison", "Kind of contributor", "Contributor key", "Contributor", "Effect")


def chosen_measures(names: Mapping[str, Text], currency: str) -> tuple[Measure, ...]:
    """The measures of the KPI that is chosen, in the period in view and in the last closed one.
    `names` are those of the KPIs' own measures, which they choose from."""

    def chosen(kind: str) -> str:
        branches = ",\n    ".join(
            f'"{kpi}", [{name.en.replace("]", "]]")}{kind}]' for kpi, name in names.items()
        )
        return f"SWITCH (\n    SELECTEDVALUE ( 'KPI'[KPI key] ),\n    {branches}\n)"

    kinds = ", ".join(
        f'"{unit}", "{_in_dax(format_of(unit, currency))}"' for unit in ("currency", *FORMATS)
    )
    form = f"SWITCH ( SELECTEDVALUE ( 'KPI'[Kind of figure] ), {kinds}, \"#,0.00\" )"
    now = Text("Chosen KPI", "Gekozen KPI")
    last = Text("Chosen KPI\\Last closed period", "Gekozen KPI\\Laatste gesloten periode")

    def latest(measure: str) -> str:
        return (
            "VAR _period = [_Latest period]\nRETURN\n    IF (\n"
            "        NOT ( ISBLANK ( _period ) ),\n"
            f"        CALCULATE ( {measure}, 'KPI per period'[Period from] = _period )\n    )"
        )

    def one(column: str) -> str:
        return (
            f"IF (\n    {ONE} && HASONEVALUE ( 'KPI'[KPI key] ),\n    "
            f"CALCULATE ( MAX ( 'KPI per period'[{column}] ), "
            "'Period type'[Period type key] = _grain, KEEPFILTERS ( _top ) )\n)"
        )

    def row(column: str) -> str:
        return (
            "VAR _grain = [_Grain]\nVAR _known = DISTINCT ( 'Unit'[Unit key] )\n"
            "VAR _top = FILTER ( 'Unit', NOT ( 'Unit'[Parent key] IN _known ) )\nRETURN\n    "
            + one(column).replace("\n", "\n    ")
        )

    colour = "LOOKUPVALUE ( 'Status'[Colour], 'Status'[Status key], [{}] )".format
    return (
        Measure(Text("Value", "Waarde"), chosen(""),
                Text("Value of the chosen KPI.", "Waarde van de gekozen KPI."), now,
                format_expression=form),
        Measure(Text("Target", "Doel"), chosen(" target"),
                Text("Target of the chosen KPI.", "Doel van de gekozen KPI."), now,
                format_expression=form),
        Measure(Text("Attainment", "Realisatie"), chosen(" attainment"),
                Text("How much of the target was met.", "Hoeveel van het doel is gehaald."), now,
                "0.0%"),
        Measure(Text("Status key of KPI", "Statussleutel van KPI"), row("Status key"),
                Text("Key of its status.", "Sleutel van de status."), now, is_hidden=True),
        Measure(Text("KPI status", "KPI-status"), word("[Status key of KPI]"),
                Text("Status in one period.", "Status in een periode."), now),
        Measure(Text("KPI status colour", "Kleur van KPI-status"), colour("Status key of KPI"),
                Text("Colour of its status, for conditional formatting.",
                     "Kleur van de status, voor voorwaardelijke opmaak."), now),
        Measure(Text("Band lower", "Ondergrens"), row("Row band lower"),
                Text("Below this is off course.", "Hieronder is uit koers."), now,
                format_expression=form),
        Measure(Text("Band upper", "Bovengrens"), row("Row band upper"),
                Text("Above this is off course.", "Hierboven is uit koers."), now,
                format_expression=form),
        Measure(Text("Usual lower", "Gebruikelijk van"), row("Row usual lower"),
                Text("Below this is unusual.", "Hieronder is ongebruikelijk."), now,
                format_expression=form),
        Measure(Text("Usual", "Gebruikelijk"), row("Row usual"),
                Text("What is usual.", "Wat gebruikelijk is."), now, format_expression=form),
        Measure(Text("Usual upper", "Gebruikelijk tot"), row("Row usual upper"),
                Text("Above this is unusual.", "Hierboven is ongebruikelijk."), now,
                format_expression=form),
        Measure(Text("Streak", "Reeks"), row("Row streak"),
                Text("Closed periods in a row with this status.",
                     "Gesloten perioden op rij met deze status."), now, "#,0"),
        Measure(Text("Last closed period", "Laatste gesloten periode"), "[_Latest period]",
                Text("First day of the last closed period in view.",
                     "Eerste dag van de laatste gesloten periode in beeld."), last, "Short Date"),
        Measure(Text("Last value", "Laatste waarde"), latest("[Value]"),
                Text("Value in the last closed period.", "Waarde in de laatste gesloten periode."),
                last, format_expression=form),
        Measure(Text("Last target", "Laatste doel"), latest("[Target]"),
                Text("Target of the last closed period.", "Doel van de laatste gesloten periode."),
                last, format_expression=form),
        Measure(Text("Last attainment", "Laatste realisatie"), latest("[Attainment]"),
                Text("How much of it was met.", "Hoeveel ervan is gehaald."), last, "0.0%"),
        Measure(Text("Last status key", "Laatste statussleutel"), latest("[Status key of KPI]"),
                Text("Key of its status.", "Sleutel van de status."), last, is_hidden=True),
        Measure(Text("Last status", "Laatste status"), word("[Last status key]"),
                Text("Status of the last closed period.", "Status van de laatste periode."), last),
        Measure(Text("Last status colour", "Kleur van laatste status"), colour("Last status key"),
                Text("Colour of that status.", "Kleur van die status."), last),
        Measure(Text("KPIs on course", "KPI's op koers"), _counted("on_course"),
                Text("KPIs on course in their last closed period.",
                     "KPI's op koers in hun laatste gesloten periode."), last, "#,0"),
        Measure(Text("KPIs off course", "KPI's uit koers"), _counted("off_course"),
                Text("KPIs off course in their last closed period.",
                     "KPI's uit koers in hun laatste gesloten periode."), last, "#,0"),
    )  # fmt: skip


def _counted(status: str) -> str:
    return (
        "COUNTROWS (\n    FILTER ( DISTINCT ( 'KPI'[KPI key] ), "
        f'[Last status key] = "{status}" )\n) + 0'
    )


def _in_dax(text: str) -> str:
    return text.replace('"', '""')


def other_measures(tables: Collection[str]) -> tuple[Measure, ...]:
    """Contributions, alerts and data quality, where the publication has them."""
    found: list[Measure] = []
    if CONTRIBUTIONS in tables:
        # The last period of the change, not of each contributor: who left is not in it.
        whichever = ", ".join(f"'{CONTRIBUTIONS}'[{column}]" for column in _OF_CONTRIBUTOR)
        found.append(
            Measure(
                Text("Contribution", "Bijdrage"),
                "VAR _grain = [_Grain]\nVAR _known = DISTINCT ( 'Unit'[Unit key] )\n"
                "VAR _top = FILTER ( 'Unit', NOT ( 'Unit'[Parent key] IN _known ) )\n"
                "VAR _last =\n    CALCULATE (\n        MAX ( 'Contributions'[Period from] ),\n"
                f"        REMOVEFILTERS ( {whichever} ),\n        KEEPFILTERS ( _top ),\n"
                "        'Period type'[Period type key] = _grain\n    )\nRETURN\n"
                "    IF (\n        [_Units] = 1 && HASONEVALUE ( 'KPI'[KPI key] )\n"
                "            && HASONEVALUE ( 'Contributions'[Comparison] )\n"
                "            && HASONEVALUE ( 'Contributions'[Kind of contributor] ),\n"
                "        CALCULATE (\n            SUM ( 'Contributions'[Row contribution] ),\n"
                "            KEEPFILTERS ( _top ),\n"
                "            'Period type'[Period type key] = _grain,\n"
                "            'Contributions'[Period from] = _last\n        )\n    )",
                Text(
                    "What it did for the change of one KPI of one unit in the last period in view, "
                    "within one comparison and one kind of contributor.",
                    "Wat het deed voor de verandering van een KPI van een eenheid in de laatste "
                    "periode in beeld, binnen een vergelijking en een soort bijdrager.",
                ),
                Text("Why", "Waarom"),
                "#,0.00",
            )
        )
    if ALERTS in tables:
        folder = Text("Alerts", "Meldingen")
        open_states = ", ".join(f'"{state}"' for state in (*RAISED, *MISSING))
        found += [
            Measure(
                Text("Open alerts", "Open meldingen"),
                "CALCULATE (\n    DISTINCTCOUNT ( 'Alerts'[Alert key] ),\n"
                "    'Alerts'[Is latest] = TRUE (),\n"
                f"    'Alerts'[State] IN {{ {open_states} }}\n)",
                Text("Alerts that are not over.", "Meldingen die niet voorbij zijn."),
                folder,
                "#,0",
            ),
            Measure(
                Text("Alerts raised", "Meldingen gedaan"),
                "CALCULATE (\n    DISTINCTCOUNT ( 'Alerts'[Alert key] ),\n"
                "    'Alerts'[State] = \"firing\"\n)",
                Text("Alerts that fired.", "Meldingen die afgingen."),
                folder,
                "#,0",
            ),
        ]
    if QUALITY in tables:
        folder = Text("Data quality", "Gegevenskwaliteit")
        found += [
            Measure(
                Text(f"Rows {en}", f"Rijen {nl}"),
                f"SUM ( 'Data quality'[Row count {en}] )",
                Text(f"Rows {en}.", f"Rijen {nl}."),
                folder,
                "#,0",
            )
            for en, nl in (
                ("read", "gelezen"),
                ("loaded", "geladen"),
                ("refused", "geweigerd"),
                ("quarantined", "in quarantaine"),
            )
        ]
    return tuple(found)
