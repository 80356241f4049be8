-- One row is one unit's share in the targets of a unit above it, for one period.
with

current_rows as (
    {{ current_records('target_shares', ['kpi', 'parent_id', 'child_id', 'weight', 'valid_from', 'valid_to']) }}
),

given as (
    select
        kpi,
        parent_id,
        child_id,
        weight,
        {{ valid_range() }}
    from current_rows
),

-- What hangs under the unit at some time: so a target never comes back to where it was.
on_the_way as (
    {{ path_units(ref('int_org_chains'), ['org_unit_id']) }}
),

below as (
    select distinct
        org_unit_id,
        path_unit as ancestor_id
    from on_the_way
),

usable as (
    select given.*
    from given
    inner join below on given.child_id = below.org_unit_id and given.parent_id = below.ancestor_id
    where given.weight > 0 and given.parent_id <> given.child_id
)

{{ without_overlap('usable', ['kpi', 'parent_id', 'child_id'], ['weight']) }}
