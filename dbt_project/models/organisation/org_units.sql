-- One row is one unit under one parent for one period, as people gave it; people apart.
-- There is one organisation and it has always been there; a unit keeps the layer of its last row.
{% set columns = ['org_unit_id', 'layer', 'parent_id', 'name', 'owner'] %}
with

current_rows as ({{ current_records('org_units', columns + ['valid_from', 'valid_to']) }}),

given as (
    select
        org_unit_id,
        layer,
        parent_id,
        name,
        case when not ({{ is_erased('owner') }}) then owner end as owner,
        {{ valid_range() }}
    from current_rows
),

current_chart as ({{ current_records('org_chart', ['team', 'department']) }}),

chart as (
    select
        department,
        team,
        {{ slug('department', 'department') }} as department_id,
        {{ slug('team', 'team') }} as team_id
    from current_chart
),

root as (
    select
        coalesce(min(org_unit_id), 'organisation') as root_id,
        coalesce(
            min_by(name, org_unit_id),
            {{ quoted_text(env_var("KOERS_ORGANISATION_NAME", "Organisatie")) }}
        ) as root_name,
        min_by(owner, org_unit_id) as root_owner
    from given
    where layer = 'organisation'
),

stated as (
    select {{ columns | join(', ') }}, valid_from, valid_to
    from given
    where layer in ('department', 'team', 'project')
    union all
    select
        chart.department_id,
        'department' as layer,
        root.root_id as parent_id,
        min(chart.department) as name,
        cast(null as string) as owner,
        cast('1900-01-01' as date) as valid_from,
        cast('9999-12-31' as date) as valid_to
    from chart
    cross join root
    group by chart.department_id, root.root_id
    union all
    select
        team_id,
        'team' as layer,
        min(department_id) as parent_id,
        min(team) as name,
        cast(null as string) as owner,
        cast('1900-01-01' as date) as valid_from,
        cast('9999-12-31' as date) as valid_to
    from chart
    group by team_id
),

one_layer as (
    select
        org_unit_id,
        first_value(layer) over (
            partition by org_unit_id order by valid_from desc, layer asc
        ) as layer,
        parent_id,
        name,
        owner,
        valid_from,
        valid_to
    from stated
    where org_unit_id not in (select root_id from root)
)

{{ without_overlap('one_layer', ['org_unit_id'], ['layer', 'parent_id', 'name', 'owner']) }}
union all
select
    root_id as org_unit_id,
    'organisation' as layer,
    cast(null as string) as parent_id,
    root_name as name,
    root_owner as owner,
    cast('1900-01-01' as date) as valid_from,
    cast('9999-12-31' as date) as valid_to
from root
