{{ config(
    materialized='table' if target.type == 'spark' else 'incremental',
    incremental_strategy='delete+insert',
    unique_key=['kpi', 'grain', 'period_start'],
    post_hook=[
        "{{ write_other_batches() }}",
        "{{ drop_rows_outside_series() }}",
        "{{ remember_series() }}",
        "{{ remember_marks() }}",
        "{{ forget_passed() }}",
    ],
) }}
{% set all_rows %}
select sum({{ dbt.datediff('first_date', 'last_date', 'day') }}) from {{ ref('int_kpi_series') }} where part_of is null
{% endset %}
{% set kpis = of_this_batch(kpi_metrics(), all_rows) %}
{% set formulas = kpi_formulas(kpis) %}
{% set builds_seen = note_builds(['int_measure_periods']) %}
{# As far as a period is known. #}
{% set last_day = 'least(asked.period_end, coverage.data_as_of)' %}
{% set most_inputs = namespace(count=1) %}
{% for kpi in kpis %}
{% if kpi.inputs | length > most_inputs.count %}{% set most_inputs.count = kpi.inputs | length %}{% endif %}
{% endfor %}

with

-- f1, f2, ...: what no record counts as in an input. ..._formula: by which one a part is worked out.
kpis (
    {% for slot in range(1, most_inputs.count + 1) %}
    f{{ slot }},
    {% endfor %}
    {% for part in formulas %}
    {{ part }}_formula,
    {% endfor %}
    kpi,
    definition_version
) as (
    values
    {% for kpi in kpis %}
    {% set fills = {} %}
    {% for input in kpi.inputs %}{% do fills.update({input.slot: input.fill}) %}{% endfor %}
    (
        {% for slot in range(1, most_inputs.count + 1) %}
        cast({{ 'null' if fills.get(slot) is none else fills[slot] }} as decimal(28, 4)),
        {% endfor %}
        {% for part in formulas %}
        {{ formulas[part].number[kpi.name] }},
        {% endfor %}
        {{ text_literal(kpi.name) }},
        {{ text_literal(kpi.version) }}
    ),
    {% endfor %}
    ({{ 'null, ' * (most_inputs.count + formulas | length) }}null, null)
),

explained (kpi, grain) as (
    values
    {% for kpi in kpis %}
    {% for grain in explained_grains(kpi.cadence) %}
    ({{ text_literal(kpi.name) }}, '{{ grain }}'),
    {% endfor %}
    {% endfor %}
    (null, null)
),

-- is_running: added up over the days before the end of the period too. window_days: how many of
-- them; to_date: since the start of which period; neither: since ever.
inputs (kpi, slot, measure, is_running, window_days, to_date) as (
    values
    {% for kpi in kpis %}
    {% for input in kpi.inputs %}
    (
        {{ text_literal(kpi.name) }}, {{ input.slot }}, {{ text_literal(input.key) }},
        {{ input.running | lower }}, cast({{ 'null' if input.days is none else input.days }} as integer),
        {{ text_literal(input.to_date) }}
    ),
    {% endfor %}
    {% endfor %}
    (null, null, null, null, null, null)
),

measure_periods as (
    select * from {{ ref('int_measure_periods') }}
    where row_count > 0 and org_unit_id <> ''
),

series as (
    select series.*
    from {{ ref('int_kpi_series') }} as series
    inner join kpis on series.kpi = kpis.kpi
),

coverage as (
    select
        kpi,
        min(first_date) as first_date,
        max(data_as_of) as data_as_of
    from series
    group by kpi
),

periods as (
    {% for grain in grains() %}
    select distinct
        '{{ grain }}' as grain,
        {{ period_start(grain, 'date_day') }} as period_start,
        {{ period_end(grain, period_start(grain, 'date_day')) }} as period_end
    from {{ ref('dim_date') }}
    where
        date_day between (select min(first_date) from series)
        and (select max(data_as_of) from series)
    {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

{% if is_incremental() %}
known_series as (
    select * from {{ seen_series() }}
    where model = '{{ this.identifier }}' and part_of is null
),

-- Those of units: the rows of a part come and go with what is measured, and its newest period with
-- that of its unit.
unit_series as (
    select * from series
    where part_of is null
),

-- From which day on a KPI must be written again because a series came, went, grew or shrank.
moved_series as (
    select
        coalesce(unit_series.kpi, known_series.kpi) as kpi,
        min(
            case
                when unit_series.first_date is distinct from known_series.first_date
                    then least(
                        coalesce(unit_series.first_date, known_series.first_date),
                        coalesce(known_series.first_date, unit_series.first_date)
                    )
                else least(unit_series.last_date, known_series.last_date)
            end
        ) as since
    from unit_series
    full outer join known_series
        on unit_series.kpi = known_series.kpi and unit_series.org_unit_id = known_series.org_unit_id
    where
        unit_series.first_date is distinct from known_series.first_date
        or unit_series.last_date is distinct from known_series.last_date
    group by coalesce(unit_series.kpi, known_series.kpi)
),

redefined as (
    select distinct known.kpi
    from {{ seen_series() }} as known
    inner join kpis on known.kpi = kpis.kpi
    where known.model = '{{ this.identifier }}' and known.definition_version <> kpis.definition_version
),

changed_periods as (
    select distinct
        measure,
        grain,
        period_start
    from {{ ref('int_measure_periods') }}
    where build > {{ builds_seen.int_measure_periods }}
),

-- What is added up over the days before changes in every period after the first changed day.
first_changes as (
    select
        inputs.kpi,
        min(changed_periods.period_start) as since
    from changed_periods
    inner join inputs on changed_periods.measure = inputs.measure and inputs.is_running
    where changed_periods.grain = 'day'
    group by inputs.kpi
),

touched as (
    select
        inputs.kpi,
        changed_periods.grain,
        changed_periods.period_start
    from changed_periods
    inner join inputs on changed_periods.measure = inputs.measure and not inputs.is_running
    union
    select
        kpis.kpi,
        periods.grain,
        periods.period_start
    from kpis
    inner join periods on true
    left join moved_series on kpis.kpi = moved_series.kpi
    left join redefined on kpis.kpi = redefined.kpi
    left join first_changes on kpis.kpi = first_changes.kpi
    where
        periods.period_end >= moved_series.since
        or periods.period_end >= first_changes.since
        or redefined.kpi is not null
),
{% endif %}

-- The periods that are written, by KPI.
asked as (
    select
        kpis.kpi,
        periods.grain,
        periods.period_start,
        periods.period_end
    from kpis
    {% if is_incremental() %}
    inner join touched on kpis.kpi = touched.kpi
    inner join periods
        on touched.grain = periods.grain and touched.period_start = periods.period_start
    {% else %}
    cross join periods
    {% endif %}
),

grains as (select distinct grain from periods),

-- At which grains a series has facts. Parts are there to explain closed periods: at the grains at
-- which that is done.
wanted as (
    select
        series.*,
        grains.grain
    from series
    cross join grains
    left join explained on series.kpi = explained.kpi and grains.grain = explained.grain
    where series.part_of is null or explained.kpi is not null
),

-- Between which days a running input is added up: until the last of a period that is known, and
-- after the day before (null: since ever).
spans as (
    select
        inputs.kpi,
        inputs.slot,
        inputs.measure,
        asked.grain,
        asked.period_start,
        {{ last_day }} as until_date,
        case
            when inputs.window_days is not null then cast({{ last_day }} - inputs.window_days as date)
            {% for grain in ['month', 'quarter', 'year'] %}
            when inputs.to_date = '{{ grain }}' then cast({{ period_start(grain, last_day) }} - 1 as date)
            {% endfor %}
        end as after_date
    from inputs
    inner join asked on inputs.kpi = asked.kpi
    inner join coverage on inputs.kpi = coverage.kpi
    where inputs.is_running and asked.period_start <= coverage.data_as_of
),

total_dates as (
    select
        kpi,
        slot,
        until_date as total_date
    from spans
    union
    select
        kpi,
        slot,
        after_date
    from spans
    where after_date is not null
),

-- The first day on or after each day of which the total is asked for.
next_total_dates as (
    select
        inputs.kpi,
        inputs.slot,
        inputs.measure,
        days.period_start as date_day,
        min(total_dates.total_date) over (
            partition by inputs.kpi, inputs.slot
            order by days.period_start desc
            rows between unbounded preceding and current row
        ) as total_date
    from inputs
    inner join periods as days on days.grain = 'day'
    left join total_dates
        on
            inputs.kpi = total_dates.kpi
            and inputs.slot = total_dates.slot
            and days.period_start = total_dates.total_date
    where inputs.is_running
),

moved as (
    select
        next_total_dates.kpi,
        next_total_dates.slot,
        measured.org_unit_id,
        next_total_dates.total_date,
        sum(measured.measure_value) as measure_value,
        sum(measured.row_count) as row_count
    from measure_periods as measured
    inner join next_total_dates
        on
            measured.measure = next_total_dates.measure
            and measured.period_start = next_total_dates.date_day
    where measured.grain = 'day'
    group by
        next_total_dates.kpi,
        next_total_dates.slot,
        measured.org_unit_id,
        next_total_dates.total_date
),

-- The total so far of every running input, at the end of those days.
totals as (
    select
        total_dates.kpi,
        total_dates.slot,
        series.org_unit_id,
        total_dates.total_date,
        sum(coalesce(moved.measure_value, 0)) over so_far as measure_value,
        sum(coalesce(moved.row_count, 0)) over so_far as row_count
    from total_dates
    inner join series on total_dates.kpi = series.kpi and total_dates.total_date >= series.first_date
    left join moved
        on
            total_dates.kpi = moved.kpi
            and total_dates.slot = moved.slot
            and series.org_unit_id = moved.org_unit_id
            and total_dates.total_date = moved.total_date
    window
        so_far as (
            partition by total_dates.kpi, total_dates.slot, series.org_unit_id
            order by total_dates.total_date
            rows between unbounded preceding and current row
        )
),

running as (
    select
        totals.kpi,
        totals.org_unit_id,
        spans.grain,
        spans.period_start,
        totals.slot,
        totals.measure_value - coalesce(earlier.measure_value, 0) as measure_value,
        totals.row_count - coalesce(earlier.row_count, 0) as row_count
    from spans
    inner join totals
        on
            spans.kpi = totals.kpi
            and spans.slot = totals.slot
            and spans.until_date = totals.total_date
    left join totals as earlier
        on
            totals.kpi = earlier.kpi
            and totals.slot = earlier.slot
            and totals.org_unit_id = earlier.org_unit_id
            and spans.after_date = earlier.total_date
),

-- Also of periods that are no fact, which are left out when a fact looks for what was taken of it.
within as (
    select
        inputs.kpi,
        measured.org_unit_id,
        measured.grain,
        measured.period_start,
        inputs.slot,
        measured.measure_value,
        measured.row_count
    from measure_periods as measured
    inner join inputs on measured.measure = inputs.measure and not inputs.is_running
    {% if is_incremental() %}
    inner join touched
        on
            inputs.kpi = touched.kpi
            and measured.grain = touched.grain
            and measured.period_start = touched.period_start
    {% endif %}
),

taken as (
    select
        taken.kpi,
        taken.org_unit_id,
        taken.grain,
        {% for slot in range(1, most_inputs.count + 1) %}
        max(case when taken.slot = {{ slot }} then taken.measure_value end) as v{{ slot }},
        max(case when taken.slot = {{ slot }} then taken.row_count end) as r{{ slot }},
        {% endfor %}
        taken.period_start
    from (
        select * from running
        union all
        select * from within
    ) as taken
    group by taken.kpi, taken.org_unit_id, taken.grain, taken.period_start
),

dense as (
    select
        wanted.*,
        asked.period_start,
        asked.period_end
    from wanted
    inner join asked
        on
            wanted.kpi = asked.kpi
            and wanted.grain = asked.grain
            and wanted.first_date <= asked.period_end
            and wanted.last_date >= asked.period_start
),

filled as (
    select
        {% for slot in range(1, most_inputs.count + 1) %}
        coalesce(taken.v{{ slot }}, kpis.f{{ slot }}) as i{{ slot }},
        coalesce(taken.r{{ slot }}, 0) as n{{ slot }},
        {% endfor %}
        dense.*,
        kpis.definition_version,
        kpis.{{ formulas | join('_formula, kpis.') }}_formula
    from dense
    inner join kpis on dense.kpi = kpis.kpi
    left join taken
        on
            dense.kpi = taken.kpi
            and dense.org_unit_id = taken.org_unit_id
            and dense.grain = taken.grain
            and dense.period_start = taken.period_start
    -- A part of which nothing is recorded has no row, so that it is as if it had none before.
    where dense.part_of is null or taken.kpi is not null
),

-- One pass over all KPIs: an engine that works out anew what is named again would read everything
-- for each of them.
computed as (
    select
        kpi,
        org_unit_id,
        part_of,
        last_date,
        grain,
        period_start,
        period_end,
        definition_version,
        {{ by_formula(formulas, 'numerator', 'decimal(28, 4)') }} as numerator,
        {{ by_formula(formulas, 'denominator', 'decimal(28, 4)') }} as denominator,
        {{ by_formula(formulas, 'kpi_value', 'double') }} as kpi_value,
        {{ by_formula(formulas, 'sample_size', 'bigint') }} as sample_size
    from filled
)

select
    computed.kpi,
    computed.org_unit_id,
    computed.part_of,
    computed.grain,
    computed.period_start,
    computed.period_end,
    computed.numerator,
    computed.denominator,
    computed.kpi_value,
    coalesce(computed.sample_size, 0) as sample_size,
    computed.period_end <= coverage.data_as_of as is_closed,
    computed.period_end <= coverage.data_as_of
    and computed.period_start >= coverage.first_date
    and computed.period_end <= computed.last_date as is_complete,
    least(computed.period_end, coverage.data_as_of) as data_as_of,
    computed.definition_version,
    {{ this_build() }} as build
from computed
inner join coverage on computed.kpi = coverage.kpi
