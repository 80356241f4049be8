-- One row is one individual (or unassigned individual) in one team and one unit above it or itself,
-- for one period; child_id is the unit below that one on the way down to the individual.
select
    org_unit_id as leaf_id,
    parent_id,
    valid_from,
    valid_to,
    unnest(path) as ancestor_id,
    unnest(list_append(path[2:], cast(null as varchar))) as child_id,
    unnest(path_layers) as ancestor_layer,
    len(path) - unnest(range(1, len(path) + 1)) as depth
from {{ ref('int_org_chains') }}
where layer = 'individual'
