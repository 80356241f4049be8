{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key=['measure', 'measure_date'],
) }}
{{ declare_dependencies(models_like('measure_', '')) }}

{% set restate_from = var('restate_from', none) %}
{% set restate_to = var('restate_to', none) %}

with

measured as (
    {% for measure in semantic_measures() %}
    {% for name, expr in (
        [(measure.name, measure.expr), (measure.name ~ '__count', 'case when ' ~ measure.expr ~ ' is not null then 1 end')]
        if measure.agg == 'average' else [(measure.name, measure.expr)]
    ) %}
    select
        '{{ name }}' as measure,
        {{ measure.date }} as measure_date,
        attributed_on,
        org_unit_id,
        project_id,
        cast(
            {{ 'count' if measure.agg == 'count' else 'sum' }}({{ expr }}) as decimal(28, 4)
        ) as measure_value,
        count({{ expr }}) as row_count
    from {{ measure.relation }}
    group by {{ measure.date }}, attributed_on, org_unit_id, project_id
    {% if not loop.last %}union all{% endif %}
    {% endfor %}
    {% if not loop.last %}union all{% endif %}
    {% else %}
    select
        cast(null as varchar) as measure,
        cast(null as date) as measure_date,
        cast(null as date) as attributed_on,
        cast(null as varchar) as org_unit_id,
        cast(null as varchar) as project_id,
        cast(null as decimal(28, 4)) as measure_value,
        cast(null as bigint) as row_count
    where false
    {% endfor %}
),

-- With the units above it on the day it was attributed: a team that moves changes days too.
fresh as (
    select
        measured.measure,
        measured.measure_date,
        measured.attributed_on,
        measured.org_unit_id,
        measured.project_id,
        measured.measure_value,
        measured.row_count,
        coalesce(array_to_string(chains.path, '>'), '') as org_path
    from measured
    left join {{ ref('int_org_chains') }} as chains
        on
            measured.org_unit_id = chains.org_unit_id
            and measured.attributed_on between chains.valid_from and chains.valid_to
)

{% if is_incremental() %}
,

known as (
    select
        measure,
        measure_date,
        attributed_on,
        org_unit_id,
        project_id,
        measure_value,
        row_count,
        org_path
    from {{ this }}
    where row_count > 0
),

-- A day is touched when any of its rows came, went or changed, from whatever cause: a new or late
-- record, a correction, a re-organisation. Comparing beats bookkeeping: nothing can be forgotten.
touched as (
    select
        measure,
        measure_date
    from (
        select * from fresh
        where row_count > 0
        except all
        select * from known
    ) as came_or_changed
    union
    select
        measure,
        measure_date
    from (
        select * from known
        except all
        select * from fresh
    ) as went_or_changed
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
    touched.measure_date,
    coalesce(fresh.attributed_on, touched.measure_date) as attributed_on,
    coalesce(fresh.org_unit_id, '') as org_unit_id,
    coalesce(fresh.project_id, '') as project_id,
    coalesce(fresh.measure_value, 0) as measure_value,
    -- A day whose last row went stays as an empty one, so that the periods above it hear of it.
    coalesce(fresh.row_count, 0) as row_count,
    coalesce(fresh.org_path, '') as org_path,
    (select coalesce(max(build), 0) + 1 from {{ this }}) as build
from touched
left join fresh
    on
        touched.measure = fresh.measure and touched.measure_date = fresh.measure_date
        and fresh.row_count > 0
{% else %}

select
    measure,
    measure_date,
    attributed_on,
    org_unit_id,
    project_id,
    measure_value,
    row_count,
    org_path,
    cast(1 as bigint) as build
from fresh
where row_count > 0
{% endif %}
