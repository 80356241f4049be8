"""What sqlfluff puts in the place of Koers' macros, so that it lints models without running dbt.

Each stands for the shape of what the macro gives (a query, a column, a list), not for its content.
"""

from collections import defaultdict
from types import SimpleNamespace


def _query(*_args, **_options):
    return "select some_column from some_table"


landed = conformed = current_records = landing_rejects = every_day = _query


def _query_of(relation, *_args, **_options):
    return f"select some_column from {relation}"


attributed = in_base_currency = without_overlap = path_units = reachable = on_units = days_told = (
    _query_of
)


def balance_changes(relation, **_options):
    return f"balance_changes as (select some_column from {relation})"


def _same(cell, *_args, **_options):
    return cell


is_finite = exact = as_decimal = as_number = as_rate = as_integer = as_date = business_date = _same
target_type = band_sides = grain_rank = written_number = written_part = written_value = _same
deal_stage = deal_stage_of = ledger_account_type = org_layer = innovation_kind = _same
account_kind = debit_sign = _same
path_start = path_step = path_lowest = path_distance = list_text = joined_texts = _same


def path_contains(path, unit):
    return f"{path} = {unit}"


iso_week = iso_year = iso_weekday = network_name = _same


def sum_of_told(cells):
    return cells[0]


def _null(*_args, **_options):
    return "null"


quarantine_reason = slug = base_currency = _null


def is_erased(column):
    return f"{column} like 'x'"


def target_part(units, *_args, **_options):
    return units


def last_year(_grain, start):
    return start


def attainment(_direction, value, *_args):
    return value


payout = target_part


def compared_start(_comparison, _grain, start):
    return start


def shapley(_relation, _factors, _position):
    return "now1 - before1"


def related_value(_kpi):
    return "driver_1.kpi_value"


def kpi_formulas(_kpis):
    parts = ("numerator", "denominator", "kpi_value", "sample_size")
    return {part: {"formulas": [], "number": defaultdict(int)} for part in parts}


def by_formula(_formulas, _column, type_):
    return f"cast(null as {type_})"


def text_literal(_value):
    return "'word'"


quoted_text = text_literal


def period_end(_grain, start):
    return start


period_start = period_end


def valid_range():
    return "valid_from, valid_to"


def org_columns(relation=None):
    return f"{relation}.org_unit_id" if relation else "org_unit_id"


def person(relation):
    return f"{relation}.individual_id"


def added_up(_aggregation, value):
    return f"sum({value})"


def hash_of_rows(_columns):
    return "sum(1)"


def this_build():
    return "1"


def days_to_add_up(models):
    return {model: ["2026-01-01"] for model in models}


def days_looked_at(_models, _again):
    return "true"


def date_list(_days):
    return "cast('2026-01-01' as date)"


def measure_keys():
    return ["one", "two"]


def of_this_batch(names, _rows):
    return names


def text_list(_values):
    return "'word'"


def marks_seen():
    return {}


def note_builds(models, *_args):
    return dict.fromkeys(models, 0)


def seen_series():
    return "some_table"


def same_fact(one, other):
    return f"{one}.kpi = {other}.kpi"


def since_passed(_written):
    return "build > 0"


def measure_value(_input):
    return "one"


def measure_aggregation(_input):
    return "sum(one)"


def kpi_measures():
    return {"one": _inputs(), "two": _inputs("count_distinct")}


def _inputs(agg="sum"):
    return [
        {
            "slot": 1,
            "key": "one",
            "agg": agg,
            "date": "measure_date",
            "relation": "one",
            "running": True,
            "days": None,
            "to_date": None,
            "fill": 0,
        }
    ]


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


def explained_grains(_cadence):
    return grains()


def measures_of_parts():
    return dict.fromkeys(grains(), "true")


def driver_relations():
    driver = {"name": "one", "position": 1, "sign": 1, "adds_up": True}
    return [{"name": "one", "relation": "product", "scale": 1, "drivers": [driver, driver]}]


def kpi_metrics():
    words = {"nl": "", "en": ""}
    return [
        {
            "name": "one",
            "meta": {"label": words, "description": words},
            "inputs": _inputs(),
            "numerator": "i1",
            "denominator": None,
            "kpi_value": "i1",
            "sample_size": "n1",
            "running": False,
            "parts": "sum",
            "cadence": "day",
            "connectors": ["one"],
        }
    ]


def _nothing(*_args, **_options):
    return ""


declare_dependencies = drop_rows_outside_series = config = _nothing


target = SimpleNamespace(type="duckdb")


def env_var(_name, default=""):
    return default


dbt = SimpleNamespace(
    date_trunc=lambda grain, day: f"date_trunc('{grain}', {day})",
    dateadd=lambda _grain, _count, day: day,
    datediff=lambda first, last, _part: f"({last} - {first})",
    date_spine=_query,
    listagg=lambda name, separator, order: f"string_agg({name}, {separator} {order})",
)
