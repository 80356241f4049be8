select
    org_unit_id,
    layer,
    name,
    parent_id,
    owner,
    is_unassigned,
    valid_from,
    valid_to
from {{ ref('dim_org_unit_history') }}
qualify
    row_number() over (
        partition by org_unit_id order by valid_to desc, valid_from desc, share desc, parent_id asc
    ) = 1
