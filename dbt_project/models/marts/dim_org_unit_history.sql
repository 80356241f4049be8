select distinct
    org_unit_id,
    layer,
    name,
    parent_id,
    owner,
    share,
    is_unassigned,
    valid_from,
    valid_to
from {{ ref('int_org_chains') }}
