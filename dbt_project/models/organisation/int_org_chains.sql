-- One row is one unit with its whole way up to the organisation, for one period.
-- Built from the top, so that a circle or a missing parent is never reached rather than followed.
with recursive chains as (
    select
        org_unit_id,
        layer,
        parent_id,
        name,
        owner,
        share,
        is_unassigned,
        valid_from,
        valid_to,
        {{ path_start('org_unit_id') }} as path,
        {{ path_start('layer') }} as path_layers
    from {{ ref('int_org_tree') }}
    where layer = 'organisation'
    union all
    select
        tree.org_unit_id,
        tree.layer,
        tree.parent_id,
        tree.name,
        tree.owner,
        tree.share,
        tree.is_unassigned,
        greatest(tree.valid_from, chains.valid_from) as valid_from,
        least(tree.valid_to, chains.valid_to) as valid_to,
        {{ path_step('chains.path', 'tree.org_unit_id') }} as path,
        {{ path_step('chains.path_layers', 'tree.layer') }} as path_layers
    from {{ ref('int_org_tree') }} as tree
    inner join chains
        on
            tree.parent_id = chains.org_unit_id
            and tree.valid_from <= chains.valid_to
            and tree.valid_to >= chains.valid_from
    where tree.layer <> 'organisation'
)

select * from chains
