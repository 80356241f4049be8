-- One row says that a source's number for a user is somebody whom source_users knows by e-mail address or
-- name. Where several rows know the user, those of the source go before those of any source, and the
-- address before the name.
with

known as (
    select
        owners.source,
        owners.owner_id as source_user,
        users.person_id,
        users.org_unit_id,
        users.valid_from,
        users.valid_to,
        case when users.source = '*' then 2 else 0 end
        + case when lower(users.source_user) = lower(owners.login) then 0 else 1 end as distance
    from {{ ref('owners') }} as owners
    inner join {{ ref('int_known_users') }} as users
        on
            users.source in (owners.source, '*')
            and lower(users.source_user) in (lower(owners.login), lower(owners.owner_name))
    where not exists (
        select 1
        from {{ ref('int_known_users') }} as explicit
        where explicit.source = owners.source and explicit.source_user = owners.owner_id
    )
),

nearest as (
    select
        *,
        rank() over (partition by source, source_user order by distance) as place
    from known
)

select distinct
    source,
    source_user,
    person_id,
    org_unit_id,
    valid_from,
    valid_to
from nearest
where place = 1
