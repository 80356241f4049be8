with newest as (
    select *
    from {{ ref('int_org_chains') }}
    qualify row_number() over (partition by org_unit_id order by valid_to desc, valid_from desc, parent_id asc) = 1
)

select
    unnest(path) as ancestor,
    org_unit_id as descendant,
    cast(len(path) - unnest(range(1, len(path) + 1)) as integer) as depth
from newest
