-- One row is one unit, person or unassigned unit under one parent for one period.
-- Below every unit stands an unassigned one of the next layer, so that parts always add up; a unit
-- that skips a layer hangs under the unassigned one of the layer it skips.
with

people as (
    select
        person_id,
        min(name) as name
    from {{ ref('people') }}
    group by person_id
),

given as (
    select
        org_unit_id,
        layer,
        parent_id,
        name,
        owner,
        cast(1 as decimal(5, 2)) as share,
        valid_from,
        valid_to
    from {{ ref('org_units') }}
    union all
    select
        members.person_id as org_unit_id,
        'individual' as layer,
        members.org_unit_id as parent_id,
        people.name,
        cast(null as string) as owner,
        members.share,
        members.valid_from,
        members.valid_to
    from {{ ref('memberships') }} as members
    inner join people on members.person_id = people.person_id
    where
        members.person_id not in (select org_unit_id from {{ ref('org_units') }})
        and not ({{ is_erased('members.person_id') }})
),

layers (layer, layer_rank) as (
    values ('organisation', 0), ('department', 1), ('team', 2), ('individual', 3)
),

known as (
    select
        org_unit_id,
        min(layer) as layer,
        min(name) as name
    from given
    group by org_unit_id
),

placed as (
    select
        given.org_unit_id,
        given.layer,
        given.name,
        given.owner,
        given.share,
        given.valid_from,
        given.valid_to,
        layers.layer_rank,
        coalesce(known.layer, 'organisation') as parent_layer,
        coalesce(parent_layers.layer_rank, 0) as parent_rank,
        case when known.org_unit_id is null then root.organisation_id else given.parent_id end as parent_id
    from given
    cross join {{ ref('int_org_root') }} as root
    left join layers on given.layer = layers.layer
    -- Nothing hangs under a person, and only a project under a project: it would count twice.
    left join known
        on
            given.parent_id = known.org_unit_id
            and (
                known.layer in ('organisation', 'department', 'team')
                or (known.layer = 'project' and given.layer = 'project')
            )
    left join layers as parent_layers on known.layer = parent_layers.layer
),

unassigned as (
    select
        org_unit_id,
        org_unit_id || '/unassigned-department' as id,
        'department' as layer
    from known
    where layer = 'organisation'
    union all
    select
        org_unit_id,
        org_unit_id || '/unassigned-project',
        'project'
    from known
    where layer = 'organisation'
    union all
    select
        org_unit_id || '/unassigned-department',
        org_unit_id || '/unassigned-department/unassigned-team',
        'team'
    from known
    where layer = 'organisation'
    union all
    select
        org_unit_id || '/unassigned-department/unassigned-team',
        org_unit_id || '/unassigned-department/unassigned-team/unassigned-individual',
        'individual'
    from known
    where layer = 'organisation'
    union all
    select
        org_unit_id,
        org_unit_id || '/unassigned-team',
        'team'
    from known
    where layer = 'department'
    union all
    select
        org_unit_id || '/unassigned-team',
        org_unit_id || '/unassigned-team/unassigned-individual',
        'individual'
    from known
    where layer = 'department'
    union all
    select
        org_unit_id,
        org_unit_id || '/unassigned-individual',
        'individual'
    from known
    where layer = 'team'
)

select
    org_unit_id,
    layer,
    case
        when layer = 'organisation' then null
        when layer = 'project' or parent_rank >= layer_rank - 1 then parent_id
        when parent_rank = 0 and layer_rank = 2 then parent_id || '/unassigned-department'
        when parent_rank = 0 and layer_rank = 3 then parent_id || '/unassigned-department/unassigned-team'
        when parent_rank = 1 and layer_rank = 3 then parent_id || '/unassigned-team'
    end as parent_id,
    name,
    owner,
    share,
    valid_from,
    valid_to,
    false as is_unassigned
from placed
union all
select
    id,
    layer,
    org_unit_id,
    'Niet toegewezen',
    cast(null as string),
    cast(1 as decimal(5, 2)),
    cast('1900-01-01' as date),
    cast('9999-12-31' as date),
    true
from unassigned
