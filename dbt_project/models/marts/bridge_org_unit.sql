with

newest as (
    select *
    from {{ ref('int_org_chains') }}
    qualify rank() over (partition by org_unit_id order by valid_to desc, valid_from desc) = 1
),

steps as (
    select
        unnest(path) as ancestor,
        org_unit_id as descendant,
        len(path) - unnest(range(1, len(path) + 1)) as depth,
        case when layer = 'individual' then share else 1 end as share
    from newest
)

select
    ancestor,
    descendant,
    cast(min(depth) as integer) as depth,
    cast(case when ancestor = descendant then 1 else least(sum(share), 1) end as decimal(5, 2)) as share
from steps
group by ancestor, descendant
