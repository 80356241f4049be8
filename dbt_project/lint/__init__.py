"""What sqlfluff puts in the place of Koers' macros, so that it lints models without running dbt.

Each stands for the shape of what the macro gives (a query, a column, a list), not for its content.
"""

from types import SimpleNamespace


def _query(*_args, **_options):
    return "select some_column from some_table"


landed = conformed = current_records = landing_rejects = _query


def _query_of(relation, *_args, **_options):
    return f"select some_column from {relation}"


attributed = in_base_currency = without_overlap = _query_of


def balance_changes(relation, **_options):
    return f"balance_changes as (select some_column from {relation})"


def _same(cell, *_args, **_options):
    return cell


as_decimal = as_number = as_rate = as_integer = as_date = business_date = _same
deal_stage = ledger_account_type = org_layer = iso_week = iso_year = iso_weekday = _same


def _null(*_args, **_options):
    return "null"


quarantine_reason = slug = text_literal = base_currency = _null


def period_end(_grain, start):
    return start


def valid_range():
    return "valid_from, valid_to"


def org_columns():
    return "org_unit_id"


def landed_loads():
    return "landed_loads"


def models_like(prefix, suffix):
    return [f"{prefix}one__first{suffix}", f"{prefix}two__second{suffix}"]


def stream_of(staging):
    return staging


def source_names():
    return ["one", "two"]


def grains():
    return ["day", "year"]


def kpi_metrics():
    words = {"nl": "", "en": ""}
    return [
        {
            "name": "one",
            "meta": {"label": words, "description": words},
            "running": False,
            "connectors": ["one"],
        }
    ]


def semantic_measures():
    return [{"name": "one", "expr": "one", "agg": "sum", "date": "measure_date", "relation": "one"}]


def _nothing(*_args, **_options):
    return ""


declare_dependencies = drop_rows_outside_series = config = _nothing


def env_var(_name, default=""):
    return default


dbt = SimpleNamespace(
    date_trunc=lambda grain, day: f"date_trunc('{grain}', {day})",
    dateadd=lambda _grain, _count, day: day,
    date_spine=_query,
)
