{{ config(
    materialized='table' if target.type == 'spark' else 'incremental',
    incremental_strategy='delete+insert',
    unique_key=['measure', 'measure_date'],
    post_hook="{{ remember_marks() }}",
) }}
{{ declare_dependencies(models_like('measure_', '')) }}

{% set restate_from = var('restate_from', none) %}
{% set restate_to = var('restate_to', none) %}
{% set keys = ['measure_date', 'attributed_on', 'org_unit_id', 'team_id', 'project_id'] %}
{% set compared = ['measure', 'aggregation'] + keys + ['entity', 'measure_value', 'row_count', 'org_path'] %}
{% set models = kpi_measures() %}
{% set again = days_to_add_up(models) %}
{# What is read of a model: everything, or what counts on some days. #}
{% set on_days = {} %}
{% for model, days in again.items() %}
{% do on_days.update({model: 'true' if days == 'all' else models[model][0].date ~ ' in (' ~ date_list(days) ~ ')'}) %}
{% endfor %}

with

-- Every model is read once for all of its measures. Who works in two teams has a row in each, with
-- a share: what is added up is multiplied by it in the measure, what is averaged here.
{% for model, inputs in models.items() if model in on_days %}
{{ model }}_days as (
    select
        {% for input in inputs if input.agg != 'count_distinct' %}
        {{ measure_aggregation(input) }} as {{ input.key }},
        sum(case when {{ measure_value(input) }} is not null then share end) as {{ input.key }}__rows,
        {% endfor %}
        {{ inputs[0].date }} as measure_date,
        attributed_on,
        org_unit_id,
        team_id,
        project_id
    from {{ inputs[0].relation }}
    where {{ on_days[model] }}
    group by {{ inputs[0].date }}, attributed_on, org_unit_id, team_id, project_id
),

{% endfor %}
measured as (
    {% for model, inputs in models.items() if model in on_days %}
    {% for input in inputs %}
    {% if input.agg == 'count_distinct' %}
    -- The things themselves: how many there are in a period can be counted, not added up.
    select
        '{{ input.key }}' as measure,
        'count_distinct' as aggregation,
        {{ input.date }} as measure_date,
        attributed_on,
        org_unit_id,
        team_id,
        project_id,
        cast({{ measure_value(input) }} as string) as entity,
        cast(1 as decimal(28, 4)) as measure_value,
        cast(sum(share) as decimal(28, 4)) as row_count
    from {{ input.relation }}
    where {{ measure_value(input) }} is not null and {{ on_days[model] }}
    group by {{ input.date }}, attributed_on, org_unit_id, team_id, project_id, entity
    {% else %}
    select
        '{{ input.key }}' as measure,
        '{{ input.agg if input.agg in ("min", "max") else "sum" }}' as aggregation,
        {{ keys | join(', ') }},
        '' as entity,
        cast({{ input.key }} as decimal(28, 4)) as measure_value,
        cast({{ input.key }}__rows as decimal(28, 4)) as row_count
    from {{ model }}_days
    where {{ input.key }}__rows > 0
    {% endif %}
    union all
    {% endfor %}
    {% endfor %}
    select
        cast(null as string) as measure,
        cast(null as string) as aggregation,
        cast(null as date) as measure_date,
        cast(null as date) as attributed_on,
        cast(null as string) as org_unit_id,
        cast(null as string) as team_id,
        cast(null as string) as project_id,
        cast(null as string) as entity,
        cast(null as decimal(28, 4)) as measure_value,
        cast(null as decimal(28, 4)) as row_count
    where false
),

-- With the units above it on the day it was attributed: a team that moves changes days too.
fresh as (
    select
        measured.measure,
        measured.aggregation,
        measured.measure_date,
        measured.attributed_on,
        measured.org_unit_id,
        measured.team_id,
        measured.project_id,
        measured.entity,
        measured.measure_value,
        measured.row_count,
        coalesce({{ list_text('chains.path', '>') }}, '') as org_path
    from measured
    left join {{ ref('int_org_chains') }} as chains
        on
            measured.org_unit_id = chains.org_unit_id
            and measured.team_id = chains.parent_id
            and measured.attributed_on between chains.valid_from and chains.valid_to
)

{% if is_incremental() %}
,

known as (
    select {{ compared | join(', ') }}
    from {{ this }}
    where row_count > 0 and {{ days_looked_at(models, again) }}
),

-- A day is touched when any of its rows came, went or changed, from whatever cause: a new or late
-- record, a correction, a re-organisation. Compared is what can have changed (days_to_add_up).
fresh_days as (
    {{ days_told('fresh', compared) }}
),

known_days as (
    {{ days_told('known', compared) }}
),

touched as (
    select
        coalesce(fresh_days.measure, known_days.measure) as measure,
        coalesce(fresh_days.measure_date, known_days.measure_date) as measure_date
    from fresh_days
    full outer join known_days
        on fresh_days.measure = known_days.measure and fresh_days.measure_date = known_days.measure_date
    where
        fresh_days.day_rows is distinct from known_days.day_rows
        or fresh_days.measure_value is distinct from known_days.measure_value
        or fresh_days.row_count is distinct from known_days.row_count
        or fresh_days.day_hash is distinct from known_days.day_hash
    {% if restate_from %}
    union
    select
        measure,
        measure_date
    from fresh
    where measure_date between cast('{{ restate_from }}' as date) and cast('{{ restate_to }}' as date)
    {% endif %}
)

select
    touched.measure,
    coalesce(fresh.aggregation, 'sum') as aggregation,
    touched.measure_date,
    coalesce(fresh.attributed_on, touched.measure_date) as attributed_on,
    coalesce(fresh.org_unit_id, '') as org_unit_id,
    coalesce(fresh.team_id, '') as team_id,
    coalesce(fresh.project_id, '') as project_id,
    coalesce(fresh.entity, '') as entity,
    coalesce(fresh.measure_value, 0) as measure_value,
    -- A day whose last row went stays as an empty one, so that the periods above it hear of it.
    coalesce(fresh.row_count, 0) as row_count,
    coalesce(fresh.org_path, '') as org_path,
    {{ this_build() }} as build
from touched
left join fresh
    on
        touched.measure = fresh.measure and touched.measure_date = fresh.measure_date
{% else %}

select
    *,
    {{ this_build() }} as build
from fresh
{% endif %}
