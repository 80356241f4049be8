"""The measures of the model: six of every KPI by its rule, and those that follow the chosen KPI.

Ratios are Σ numerator / Σ denominator. What a rule does not allow to be added up is empty over
several periods or units, never an average and never a sum of distinct counts.
"""

from __future__ import annotations

from collections.abc import Sequence

from pipelines.powerbi.figures import ONE, SHOWN
from pipelines.powerbi.model import Measure, Text
from pipelines.powerbi.rules import Rule
from pipelines.watch.machine import MISSING, RAISED

_FORMATS = {
    "percent": "0.0%",
    "count": "#,0",
    "score": "#,0.0",
    "days": "#,0.0",
    "hours": "#,0.0",
    "number": "#,0.00",
}
_SIGNS = {"EUR": "€", "GBP": "£", "USD": "$"}

_LAYERS = {
    "organisation": Text("Organisation", "Organisatie"),
    "department": Text("Department", "Afdeling"),
    "team": Text("Team", "Team"),
    "project": Text("Project", "Project"),
    "individual": Text("Person", "Persoon"),
}

_ADDS_UP = {
    ("sum", "sum"): Text("Adds up over periods and units.", "Telt op over perioden en eenheden."),
    ("last", "sum"): Text(
        "A balance: of several periods the last; adds up over units.",
        "Een stand: van meer perioden de laatste; telt op over eenheden.",
    ),
    ("one", "sum"): Text(
        "Of one period only; adds up over units.",
        "Van een periode tegelijk; telt op over eenheden.",
    ),
    ("one", "one"): Text(
        "Of one unit in one period only: it does not add up.",
        "Van een eenheid in een periode tegelijk: het telt niet op.",
    ),
}


def format_of(unit: str, currency: str) -> str:
    """The format string of a KPI's value. Percentages are stored as fractions."""
    if unit != "currency":
        return _FORMATS[unit]
    sign = _SIGNS.get(currency, currency)
    return "".join(f"\\{letter}" for letter in sign) + " #,0"


def names_of(rules: Sequence[Rule]) -> dict[str, Text]:
    """The name of each KPI's value: its label, and its key too where a label occurs twice."""

    def unique(labels: list[str]) -> dict[str, str]:
        seen = [label.casefold() for label in labels]
        return {
            rule.kpi: label if seen.count(label.casefold()) == 1 else f"{label} ({rule.kpi})"
            for rule, label in zip(rules, labels, strict=True)
        }

    english = unique([rule.label.en for rule in rules])
    dutch = unique([rule.label.nl for rule in rules])
    return {rule.kpi: Text(english[rule.kpi], dutch[rule.kpi]) for rule in rules}


def kpi_measures(rules: Sequence[Rule], currency: str) -> tuple[Measure, ...]:
    """Value, target, attainment, status and both edges of the band of each KPI."""
    names = names_of(rules)
    return tuple(measure for rule in rules for measure in _of_kpi(rule, names[rule.kpi], currency))


def _of_kpi(rule: Rule, name: Text, currency: str) -> tuple[Measure, ...]:
    layer = _LAYERS[rule.layer]
    folder = Text(f"KPIs\\{layer.en}\\{name.en}", f"KPI's\\{layer.nl}\\{name.nl}")
    form = format_of(rule.unit, currency)

    def made(kind_en: str, kind_nl: str, inner: str, about: Text, style: str | None) -> Measure:
        return Measure(
            Text(f"{name.en} {kind_en}".strip(), f"{name.nl} {kind_nl}".strip()),
            _of(rule, inner),
            about,
            folder,
            style,
        )

    adds = _ADDS_UP[rule.over_periods, rule.over_units]
    whose = Text(f"of {name.en}", f"van {name.nl}")
    return (
        made("", "", value(rule), Text(f"{rule.about.en} {adds.en}", f"{rule.about.nl} {adds.nl}"),
             form),
        made("target", "doel", target(rule),
             Text(f"What was agreed {whose.en}.", f"Wat is afgesproken {whose.nl}."), form),
        made("attainment", "realisatie", attainment(rule, name.en),
             Text(f"How much of the target {whose.en} was met; 100% is all.",
                  f"Hoeveel van het doel {whose.nl} is gehaald; 100% is alles."), "0.0%"),
        made("status", "status", _word(f"IF ( {ONE}, [_Row status] )"),
             Text(f"Status {whose.en} in one period.", f"Status {whose.nl} in een periode."), None),
        made("band lower", "ondergrens", f"IF ( {ONE}, [_Row band lower] )",
             Text(f"Below this {name.en} is off course.", f"Hieronder is {name.nl} uit koers."),
             form),
        made("band upper", "bovengrens", f"IF ( {ONE}, [_Row band upper] )",
             Text(f"Above this {name.en} is off course.", f"Hierboven is {name.nl} uit koers."),
             form),
    )  # fmt: skip


def _of(rule: Rule, inner: str) -> str:
    lines = inner.replace("\n", "\n    ")
    return f"CALCULATE (\n    {lines},\n    'KPI'[KPI key] = \"{rule.kpi}\"\n)"


def value(rule: Rule) -> str:
    """The DAX of a KPI's value for the KPI in view."""
    if rule.shape == "value":
        return f"IF ( {ONE}, [_Row value] )"
    prefix = "_Last n" if rule.over_periods == "last" else "_N"
    numerator = f"[{prefix}umerator]"
    denominator = numerator.replace("numerator", "denominator").replace("Numer", "Denomin")
    figure = numerator if rule.shape == "sum" else f"DIVIDE ( {numerator}, {denominator} )"
    return f"IF ( {_allowed(rule)}, {figure} )"


def _allowed(rule: Rule) -> str:
    conditions = [SHOWN]
    if rule.over_units == "one":
        conditions.append("[_Units] = 1")
    if rule.over_periods == "one":
        conditions.append("[_Periods] = 1")
    return " && ".join(conditions)


def adds_up(rule: Rule) -> bool:
    """Whether targets may be added up as the values are."""
    return (rule.shape, rule.over_periods, rule.over_units) == ("sum", "sum", "sum")


def target(rule: Rule) -> str:
    """The DAX of its target: added up only where every row in view has one."""
    if adds_up(rule):
        return f"IF ( {SHOWN} && [_Targets] = [_Rows], [_Target sum] )"
    return f"IF ( {ONE}, [_Row target] )"


def attainment(rule: Rule, name: str) -> str:
    """The DAX of its attainment: that of the one row, else by the formula of dbt's macro
    `attainment`."""
    if not adds_up(rule) or rule.direction == "within":
        return f"IF ( {ONE}, [_Row attainment] )"
    sign = "-" if rule.direction == "lower" else "+"
    name = name.replace("]", "]]")
    return (
        f"VAR _distance = DIVIDE ( [{name}] - [{name} target], ABS ( [{name} target] ) )\n"
        f"RETURN\n    IF ( {ONE}, [_Row attainment], "
        f"IF ( NOT ISBLANK ( _distance ), 1 {sign} _distance ) )"
    )


def _word(key: str) -> str:
    return f"LOOKUPVALUE ( 'Status'[Status], 'Status'[Status key], {key} )"


def chosen_measures(rules: Sequence[Rule], currency: str) -> tuple[Measure, ...]:
    """The measures of the KPI that is chosen, in the period in view and in the last closed one."""
    names = names_of(rules)
    branches = ",\n    ".join(
        f'"{rule.kpi}", [{names[rule.kpi].en.replace("]", "]]")}]' for rule in rules
    )
    targets = ",\n    ".join(
        f'"{rule.kpi}", [{names[rule.kpi].en.replace("]", "]]")} target]' for rule in rules
    )
    met = ",\n    ".join(
        f'"{rule.kpi}", [{names[rule.kpi].en.replace("]", "]]")} attainment]' for rule in rules
    )
    chosen = "SWITCH (\n    SELECTEDVALUE ( 'KPI'[KPI key] ),\n    {}\n)".format
    kinds = ", ".join(
        f'"{unit}", "{_in_dax(format_of(unit, currency))}"' for unit in ("currency", *_FORMATS)
    )
    form = f"SWITCH ( SELECTEDVALUE ( 'KPI'[Kind of figure] ), {kinds}, \"#,0.00\" )"
    now = Text("Chosen KPI", "Gekozen KPI")
    last = Text("Chosen KPI\\Last closed period", "Gekozen KPI\\Laatste gesloten periode")

    def latest(measure: str) -> str:
        return (
            "VAR _period = [_Latest period]\nRETURN\n    IF (\n        NOT ISBLANK ( _period ),\n"
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
        Measure(Text("Value", "Waarde"), chosen(branches),
                Text("Value of the chosen KPI.", "Waarde van de gekozen KPI."), now,
                format_expression=form),
        Measure(Text("Target", "Doel"), chosen(targets),
                Text("Target of the chosen KPI.", "Doel van de gekozen KPI."), now,
                format_expression=form),
        Measure(Text("Attainment", "Realisatie"), chosen(met),
                Text("How much of the target was met.", "Hoeveel van het doel is gehaald."), now,
                "0.0%"),
        Measure(Text("Status key of KPI", "Statussleutel van KPI"), row("Status key"),
                Text("Key of its status.", "Sleutel van de status."), now, is_hidden=True),
        Measure(Text("KPI status", "KPI-status"), _word("[Status key of KPI]"),
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
        Measure(Text("Last status", "Laatste status"), _word("[Last status key]"),
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
        f'[Last status key] = "{status}" )\n)'
    )


def _in_dax(text: str) -> str:
    return text.replace('"', '""')


def other_measures(tables: set[str]) -> tuple[Measure, ...]:
    """Contributions, alerts and data quality, where the publication has them."""
    found: list[Measure] = []
    if "Contributions" in tables:
        found.append(
            Measure(
                Text("Contribution", "Bijdrage"),
                "VAR _grain = [_Grain]\nVAR _known = DISTINCT ( 'Unit'[Unit key] )\n"
                "VAR _top = FILTER ( 'Unit', NOT ( 'Unit'[Parent key] IN _known ) )\n"
                "VAR _last = CALCULATE ( MAX ( 'Contributions'[Period from] ), "
                "'Period type'[Period type key] = _grain, KEEPFILTERS ( _top ) )\nRETURN\n"
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
    if "Alerts" in tables:
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
    if "Data quality" in tables:
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
