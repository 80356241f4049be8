"""The tables of the model that are no published table: dates by their labels, period types,
statuses with their colours, and the table that holds the measures."""

from __future__ import annotations

from pipelines.powerbi.model import Column, Hierarchy, Measure, Table, Text
from pipelines.powerbi.tables import DATE, GRAIN, STATUS

FIGURES = "Figures"

COLOURS = {
    # status: (en, nl, colour); told apart by lightness too, and always shown with the word
    "on_course": ("On course", "Op koers", "#1A7F37"),
    "off_course": ("Off course", "Uit koers", "#B42318"),
    "no_target": ("No target", "Geen doel", "#6B7280"),
    "no_data": ("No data", "Geen gegevens", "#9CA3AF"),
    "not_closed": ("Not closed yet", "Nog niet afgesloten", "#B7C3D0"),
}

GRAINS = {
    "day": ("Day", "Dag"),
    "week": ("Week", "Week"),
    "month": ("Month", "Maand"),
    "quarter": ("Quarter", "Kwartaal"),
    "year": ("Year", "Jaar"),
}

_DATES = """let
    Rows = #"Published table"("dim_date"),
    Last = Date.EndOfYear(Date.AddYears(DateTime.Date(DateTime.LocalNow()), 1)),
    Days = Table.TransformColumnTypes(
        Rows,
        {
            {"date_day", type date},
            {"month_start", type date},
            {"fiscal_quarter_start", type date},
            {"fiscal_year_start", type date},
            {"iso_year_number", Int64.Type},
            {"iso_week_number", Int64.Type}
        }
    ),
    First = #date(Number.From(FirstYear), 1, 1),
    Chosen = Table.SelectRows(Days, each [date_day] >= First and Last >= [date_day]),
    WithYear = Table.AddColumn(
        Chosen,
        "Year",
        each
            if Date.Month([fiscal_year_start]) = 1 then Date.ToText([fiscal_year_start], "yyyy")
            else Date.ToText([fiscal_year_start], "yyyy")
                & "/" & Date.ToText(Date.AddYears([fiscal_year_start], 1), "yy"),
        type text
    ),
    WithMonths = Table.AddColumn(
        WithYear,
        "Months",
        each 12 * Date.Year([fiscal_quarter_start]) + Date.Month([fiscal_quarter_start])
            - 12 * Date.Year([fiscal_year_start]) - Date.Month([fiscal_year_start]),
        Int64.Type
    ),
    WithQuarter = Table.AddColumn(
        WithMonths,
        "Quarter",
        each [Year] & " Q" & Text.From(Number.IntegerDivide([Months], 3) + 1),
        type text
    ),
    WithMonth = Table.AddColumn(
        WithQuarter, "Month", each Date.ToText([month_start], "yyyy-MM"), type text
    ),
    WithIsoYear = Table.AddColumn(
        WithMonth, "ISO year", each Text.From([iso_year_number]), type text
    ),
    WithWeek = Table.AddColumn(
        WithIsoYear,
        "Week",
        each [ISO year] & "-W" & Text.PadStart(Text.From([iso_week_number]), 2, "0"),
        type text
    ),
    Named = Table.RenameColumns(WithWeek, {{"date_day", "Date"}})
in
    Table.SelectColumns(Named, {"Date", "Year", "Quarter", "Month", "ISO year", "Week"})"""


def date_table() -> Table:
    """One row per day; its years and quarters begin as those of the facts, in the fiscal year."""

    def label(en: str, nl: str, about_en: str, about_nl: str) -> Column:
        return Column(Text(en, nl), "string", en, Text(about_en, about_nl))

    return Table(
        Text(DATE, "Datum"),
        Text(
            "One row is one day. Facts are on the first day of their period.",
            "Een rij is een dag. Cijfers staan op de eerste dag van hun periode.",
        ),
        (
            Column(
                Text("Date", "Datum"), "dateTime", "Date", Text("The day.", "De dag."),
                is_key=True, format_string="Short Date",
            ),
            label("Year", "Jaar", "Fiscal year.", "Boekjaar."),
            label("Quarter", "Kwartaal", "Quarter of the fiscal year.",
                  "Kwartaal van het boekjaar."),
            label("Month", "Maand", "Month, as 2026-03.", "Maand, als 2026-03."),
            label("ISO year", "ISO-jaar", "The year the week is in.", "Het jaar van de week."),
            label("Week", "Week", "ISO week, as 2026-W09.", "ISO-week, als 2026-W09."),
        ),
        query=_DATES,
        hierarchies=(
            Hierarchy(Text("Calendar", "Kalender"), ("Year", "Quarter", "Month", "Date")),
            Hierarchy(Text("Weeks", "Weken"), ("ISO year", "Week", "Date")),
        ),
        is_date_table=True,
    )  # fmt: skip


def grain_table() -> Table:
    """One row per length of a period."""
    return Table(
        Text(GRAIN, "Periodesoort"),
        Text("One row is one length of a period.", "Een rij is een lengte van een periode."),
        (
            Column(
                Text("Period type key", "Periodesoortsleutel"), "string", "Period type key",
                is_hidden=True, is_key=True,
            ),
            Column(
                Text("Period type", "Periodesoort"), "string", "Period type", sort_by="Order"
            ),
            Column(Text("Order", "Volgorde"), "int64", "Order", is_hidden=True),
        ),
        query=_in_both(
            "Period type",
            [(key, en, nl, str(at)) for at, (key, (en, nl)) in enumerate(GRAINS.items(), 1)],
            ("Order", "Int64.Type"),
        ),
    )  # fmt: skip


def status_table() -> Table:
    """One row per status, with its colour."""
    return Table(
        Text(STATUS, "Status"),
        Text("One row is one status of a KPI.", "Een rij is een status van een KPI."),
        (
            Column(
                Text("Status key", "Statussleutel"), "string", "Status key", is_hidden=True,
                is_key=True,
            ),
            Column(Text("Status", "Status"), "string", "Status"),
            Column(Text("Colour", "Kleur"), "string", "Colour", is_hidden=True),
        ),
        query=_in_both(
            "Status",
            [(key, en, nl, f'"{colour}"') for key, (en, nl, colour) in COLOURS.items()],
            ("Colour", "text"),
        ),
    )  # fmt: skip


def figures_table(measures: tuple[Measure, ...]) -> Table:
    """The table of all measures; its one column is hidden, so that it stands on top."""
    return Table(
        Text(FIGURES, "Cijfers"),
        Text(
            "Measures only. Choose one unit, or units of one layer; a KPI that does not add up is "
            "empty over several periods or units.",
            "Alleen metingen. Kies een eenheid, of eenheden van een laag; een KPI die niet optelt "
            "is leeg over meer perioden of eenheden.",
        ),
        (Column(Text("Nothing", "Niets"), "int64", "Nothing", is_hidden=True),),
        query="#table(type table [Nothing = Int64.Type], {})",
        measures=measures,
    )


def _in_both(name: str, rows: list[tuple[str, str, str, str]], more: tuple[str, str]) -> str:
    """A small table whose words follow the parameter `Language`."""
    lines = ",\n        ".join(
        f'{{"{key}", if Language = "nl" then "{nl}" else "{en}", {extra}}}'
        for key, en, nl, extra in rows
    )
    column, data_type = more
    return (
        (
            f"#table(\n    type table [{name} key = text, {name} = text, {column} = {data_type}],\n"
            f"    {{\n        {lines}\n    }}\n)"
        )
        .replace(f"[{name} key", f'[#"{name} key"')
        .replace(f", {name} = text", f', #"{name}" = text')
    )
