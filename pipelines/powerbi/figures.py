"""The measures that look at rows: helpers that every KPI's measures are made of.

A fact row of a unit holds the rows of the units below it, and each grain has rows of its own. So a
measure first chooses the grain (the level of the date hierarchy, else the period type that is
chosen, else month) and the topmost units in view, and looks at those rows only. Topmost units of
one layer and one depth are never inside one another, so they may be added up; others may not.
"""

from __future__ import annotations

from pipelines.powerbi.model import NOTHING, Measure, Text
from pipelines.powerbi.tables import FACTS

ONE = "[_Units] = 1 && [_Periods] = 1"
SHOWN = "[_Units] > 0 && [_Hidden rows] = 0"

_TOP = """VAR _grain = [_Grain]
VAR _known = DISTINCT ( 'Unit'[Unit key] )
VAR _top = FILTER ( 'Unit', NOT ( 'Unit'[Parent key] IN _known ) )
"""

_GRAIN = """SWITCH (
    TRUE (),
    ISFILTERED ( 'Period type' ), SELECTEDVALUE ( 'Period type'[Period type key] ),
    ISINSCOPE ( 'Date'[Date] ), "day",
    ISINSCOPE ( 'Date'[Week] ), "week",
    ISINSCOPE ( 'Date'[Month] ), "month",
    ISINSCOPE ( 'Date'[Quarter] ), "quarter",
    ISINSCOPE ( 'Date'[Year] ), "year",
    "month"
)"""


def over_rows(expression: str, *more: str) -> str:
    """An expression over the rows of the grain and units in view; `more` are filters on top."""
    filters = "".join(f",\n        {each}" for each in more)
    return (
        f"{_TOP}RETURN\n    CALCULATE (\n        {expression},\n        KEEPFILTERS ( _top ),\n"
        f"        'Period type'[Period type key] = _grain{filters}\n    )"
    )


def _units(levels: tuple[str, ...]) -> str:
    blank = " || ".join(
        f"( ISINSCOPE ( 'Unit'[{level}] ) && ISBLANK ( SELECTEDVALUE ( 'Unit'[{level}] ) ) )"
        for level in levels
    )
    return (
        "VAR _known = DISTINCT ( 'Unit'[Unit key] )\n"
        "VAR _top = FILTER ( 'Unit', NOT ( 'Unit'[Parent key] IN _known ) )\n"
        "VAR _kinds = COUNTROWS ( DISTINCT ( SELECTCOLUMNS ( _top, \"Layer\", 'Unit'[Layer], "
        "\"Depth\", 'Unit'[Depth] ) ) )\n"
        f"VAR _empty = {blank}\n"
        "RETURN\n    IF ( _empty || _kinds > 1, 0, COUNTROWS ( _top ) )"
    )


def _last(column: str) -> str:
    """Of the last period in view in which any unit has a row: who left has no balance any more."""
    return (
        f"{_TOP}VAR _last =\n    CALCULATE (\n        MAX ( '{FACTS}'[Period from] ),\n"
        "        REMOVEFILTERS ( 'Unit' ),\n"
        "        'Period type'[Period type key] = _grain\n    )\n"
        f"RETURN\n    CALCULATE (\n        SUM ( '{FACTS}'[{column}] ),\n"
        "        KEEPFILTERS ( _top ),\n        'Period type'[Period type key] = _grain,\n"
        f"        '{FACTS}'[Period from] = _last\n    )"
    )


def helpers(levels: tuple[str, ...]) -> tuple[Measure, ...]:
    """The hidden measures. `levels` are the columns of Unit that its hierarchies go along."""
    column = f"'{FACTS}'[{{}}]".format
    made = {
        "_Grain": (_GRAIN, "The type of period whose rows are shown."),
        "_Units": (
            _units(levels),
            "How many topmost units are in view; 0 where they may not be added up.",
        ),
        "_Periods": (
            over_rows(f"DISTINCTCOUNT ( {column('Period from')} )"),
            "How many periods are in view.",
        ),
        "_Rows": (over_rows(f"COUNTROWS ( '{FACTS}' )"), "How many rows are in view."),
        "_Hidden rows": (
            over_rows(f"COUNTROWS ( '{FACTS}' )", f"{column('Is hidden figure')} = TRUE ()"),
            "How many of them are hidden from this audience: a sum without them would be wrong.",
        ),
        "_Numerator": (over_rows(f"SUM ( {column('Numerator')} )"), "Above the line, added up."),
        "_Denominator": (
            over_rows(f"SUM ( {column('Denominator')} )"),
            "Below the line, added up.",
        ),
        "_Last numerator": (_last("Numerator"), "Above the line, of the last period in view."),
        "_Last denominator": (_last("Denominator"), "Below the line, of the last period in view."),
        "_Row value": (over_rows(f"MAX ( {column('Row value')} )"), "Value of the one row."),
        "_Row target": (over_rows(f"MAX ( {column('Row target')} )"), "Target of the one row."),
        "_Targets": (over_rows(f"COUNT ( {column('Row target')} )"), "Rows that have a target."),
        "_Target sum": (over_rows(f"SUM ( {column('Row target')} )"), "Targets, added up."),
        "_Row attainment": (
            over_rows(f"MAX ( {column('Row attainment')} )"),
            "Attainment of the one row.",
        ),
        "_Row status": (over_rows(f"MAX ( {column('Status key')} )"), "Status of the one row."),
        "_Row band lower": (over_rows(f"MAX ( {column('Row band lower')} )"), "Of the one row."),
        "_Row band upper": (over_rows(f"MAX ( {column('Row band upper')} )"), "Of the one row."),
        "_Latest period": (
            over_rows(f"MAX ( {column('Period from')} )", f"{column('Is closed')} = TRUE ()"),
            "First day of the last closed period in view.",
        ),
    }
    return tuple(
        Measure(Text(name, name), expression, Text(about, ""), NOTHING, is_hidden=True)
        for name, (expression, about) in made.items()
    )
