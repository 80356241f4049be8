-- One row is one unit under one parent for one period, as people gave it; people apart.
with

given as (
    select org_unit_id, lower(layer) as layer, parent_id, name, owner, {{ valid_range() }}
    from {{ ref('stg_organisation__org_units') }}
    where quarantine_reason is null
),

chart as (
    select *, {{ slug('department', 'department') }} as department_id, {{ slug('team', 'team') }} as team_id
    from {{ ref('stg_organisation__org_chart') }}
    where quarantine_reason is null
),

root as (
    select coalesce(
        (select min(org_unit_id) from given where layer = 'organisation'), 'organisation'
    ) as root_id
)

select * from given
union all
select distinct
    department_id, 'department', root.root_id, department, cast(null as varchar),
    cast('1900-01-01' as date), cast('9999-12-31' as date)
from chart cross join root
union all
select distinct
    team_id, 'team', min(department_id), min(team), cast(null as varchar),
    cast('1900-01-01' as date), cast('9999-12-31' as date)
from chart
group by team_id
union all
select
    root_id, 'organisation', cast(null as varchar),
    '{{ env_var("KOERS_ORGANISATION_NAME", "Organisatie") | replace("'", "''") }}',
    cast(null as varchar), cast('1900-01-01' as date), cast('9999-12-31' as date)
from root
where not exists (select 1 from given where layer = 'organisation')
