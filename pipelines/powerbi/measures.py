"""Six measures of every KPI, by its rule: value, target, attainment, status and edges of its band.

Ratios are Σ numerator / Σ denominator. What a rule does not allow to be added up is empty over
several periods or units, never an average and never a sum of distinct counts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from pipelines.powerbi.figures import ONE, SHOWN
from pipelines.powerbi.model import Measure, Text
from pipelines.powerbi.rules import Rule

FORMATS = {
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
        return FORMATS[unit]
    sign = _SIGNS.get(currency, currency)
    return "".join(f"\\{letter}" for letter in sign) + " #,0"


_KINDS = ("", " target", " attainment", " status", " band lower", " band upper")


def names_of(rules: Sequence[Rule], reserved: Collection[Text] = ()) -> dict[str, Text]:
    """The name of each KPI's value: its label; with its key where two measures of the model would
    have the same name, which it does not allow (in any case of letters). `reserved` are the names
    of other measures."""

    def unique(labels: list[str], others: list[str]) -> dict[str, str]:
        taken = Counter((label + kind).casefold() for label in labels for kind in _KINDS)
        taken.update(other.casefold() for other in others)
        return {
            rule.kpi: f"{label} ({rule.kpi})"
            if any(taken[(label + kind).casefold()] > 1 for kind in _KINDS)
            else label
            for rule, label in zip(rules, labels, strict=True)
        }

    english = unique(
        [" ".join(rule.label.en.split()) for rule in rules], [name.en for name in reserved]
    )
    dutch = unique(
        [" ".join(rule.label.nl.split()) for rule in rules], [name.nl for name in reserved]
    )
    return {rule.kpi: Text(english[rule.kpi], dutch[rule.kpi]) for rule in rules}


def kpi_measures(
    rules: Sequence[Rule], names: Mapping[str, Text], currency: str
) -> tuple[Measure, ...]:
    """Value, target, attainment, status and both edges of the band of each KPI."""
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
        made("status", "status", word(f"IF ( {ONE}, [_Row status] )"),
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
    # As in the facts: over nothing, or over less than nothing, there is no ratio.
    ratio = f"IF ( {denominator} > 0, DIVIDE ( {numerator}, {denominator} ) )"
    figure = numerator if rule.shape == "sum" else ratio
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
        f"IF ( NOT ( ISBLANK ( _distance ) ), 1 {sign} _distance ) )"
    )


def word(key: str) -> str:
    return f"LOOKUPVALUE ( 'Status'[Status], 'Status'[Status key], {key} )"
