-- One row is one individual (or unassigned individual) in one team and one unit above it or itself,
-- for one period; child_id is the unit below that one on the way down to the individual.
with units_on_the_way as (
    {{ path_units(ref('int_org_chains'), ['org_unit_id', 'parent_id', 'layer', 'valid_from', 'valid_to']) }}
)

select
    org_unit_id as leaf_id,
    parent_id,
    valid_from,
    valid_to,
    path_unit as ancestor_id,
    path_child as child_id,
    path_layer as ancestor_layer,
    path_depth as depth
from units_on_the_way
where layer = 'individual'
