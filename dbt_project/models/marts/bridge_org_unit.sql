with

newest as (
    select *
    from {{ ref('int_org_chains') }}
    qualify rank() over (partition by org_unit_id order by valid_to desc, valid_from desc) = 1
),

on_the_way as (
    {{ path_units('newest', ['org_unit_id', 'layer', 'share']) }}
),

steps as (
    select
        path_unit as ancestor,
        org_unit_id as descendant,
        path_depth as depth,
        case when layer = 'individual' then share else 1 end as share
    from on_the_way
)

select
    ancestor,
    descendant,
    cast(min(depth) as integer) as depth,
    cast(case when ancestor = descendant then 1 else least(sum(share), 1) end as decimal(5, 2)) as share
from steps
group by ancestor, descendant
