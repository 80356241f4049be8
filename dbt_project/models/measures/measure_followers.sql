-- One row is one change of a profile's followers: the opening number, a daily difference, a move.
with

snapshots as (
    select
        source,
        source || '/' || network || '/' || profile as entity,
        profile,
        cast(null as string) as campaign,
        followers,
        snapshot_date as from_date,
        lead(snapshot_date) over (
            partition by source, network, profile order by snapshot_date
        ) as until_date
    from {{ ref('profile_days') }}
),

{{ balance_changes('snapshots', amount='followers', source_user='profile', project='campaign') }}

select
    entity as profile_key,
    measure_date,
    {{ org_columns() }},
    balance_change as followers_change
from balance_changes
