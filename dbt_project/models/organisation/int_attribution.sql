-- One row says on which individual's or unassigned unit a source user's work counts, in which team,
-- and which part of it, for one period. The source `organisation` calls the units by their own ids.
with

known as (
    select
        org_unit_id,
        min(layer) as layer
    from {{ ref('int_org_tree') }}
    group by org_unit_id
),

users as (
    select
        source,
        source_user,
        person_id,
        org_unit_id,
        valid_from,
        valid_to
    from {{ ref('source_users') }}
    where source <> 'organisation'
    union all
    select distinct
        'organisation',
        tree.org_unit_id,
        cast(null as string),
        case when tree.layer = 'project' then tree.parent_id else tree.org_unit_id end,
        case when tree.layer = 'project' then tree.valid_from else cast('1900-01-01' as date) end,
        case when tree.layer = 'project' then tree.valid_to else cast('9999-12-31' as date) end
    from {{ ref('int_org_tree') }} as tree
    where not tree.is_unassigned
),

-- Whoever was erased is no unit any more; their teams are.
erased as (
    select
        users.source,
        users.source_user,
        members.person_id,
        members.org_unit_id,
        members.share,
        greatest(users.valid_from, members.valid_from) as valid_from,
        least(users.valid_to, members.valid_to) as valid_to
    from users
    inner join {{ ref('memberships') }} as members
        on
            users.person_id = members.person_id
            and users.valid_from <= members.valid_to
            and users.valid_to >= members.valid_from
    where {{ is_erased('users.person_id') }}
),

assigned as (
    select
        source,
        source_user,
        cast(null as string) as erased_id,
        person_id,
        org_unit_id,
        cast(1 as decimal(5, 2)) as share,
        valid_from,
        valid_to
    from users
    where person_id is null or not ({{ is_erased('person_id') }})
    union all
    select
        source,
        source_user,
        person_id,
        cast(null as string),
        org_unit_id,
        share,
        valid_from,
        valid_to
    from erased
),

leaves as (
    select
        users.source,
        users.source_user,
        users.erased_id,
        users.share,
        users.valid_from,
        users.valid_to,
        case
            when person.layer = 'individual' then users.person_id
            when known.layer = 'individual' then users.org_unit_id
            when known.layer = 'team' then users.org_unit_id || '/unassigned-individual'
            when known.layer = 'department'
                then users.org_unit_id || '/unassigned-team/unassigned-individual'
            when known.layer = 'organisation'
                then users.org_unit_id || '/unassigned-department/unassigned-team/unassigned-individual'
            -- A place in what is no unit is one under the organisation.
            when users.erased_id is not null then root.unassigned_id
        end as leaf_id
    from assigned as users
    cross join {{ ref('int_org_root') }} as root
    left join known on users.org_unit_id = known.org_unit_id
    left join known as person on users.person_id = person.org_unit_id
),

placed as (
    select
        leaves.source,
        leaves.source_user,
        chains.org_unit_id,
        {{ path_lowest('chains.path', 'chains.path_layers', 'organisation') }} as organisation_id,
        {{ path_lowest('chains.path', 'chains.path_layers', 'department') }} as department_id,
        {{ path_lowest('chains.path', 'chains.path_layers', 'team') }} as team_id,
        -- Not a unit, but how many people there were can still be counted.
        coalesce(leaves.erased_id, chains.org_unit_id) as individual_id,
        cast(chains.share * leaves.share as decimal(5, 2)) as share,
        greatest(leaves.valid_from, chains.valid_from) as valid_from,
        least(leaves.valid_to, chains.valid_to) as valid_to
    from leaves
    inner join {{ ref('int_org_chains') }} as chains
        on
            leaves.leaf_id = chains.org_unit_id
            and leaves.valid_from <= chains.valid_to
            and leaves.valid_to >= chains.valid_from
)

select * from placed
