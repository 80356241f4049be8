-- One row is one profile on one day: how many followers it has more than at its snapshot before.
with

snapshots as (
    select
        source,
        network,
        profile,
        cast(null as string) as campaign,
        snapshot_date,
        followers - lag(followers) over (
            partition by source, network, profile order by snapshot_date
        ) as growth
    from {{ ref('profile_days') }}
),

attributed as (
    {{ attributed('snapshots', source_user='profile', date='snapshot_date', project='campaign') }}
)

select
    source || '/' || network || '/' || profile as profile_key,
    snapshot_date as measure_date,
    {{ org_columns() }},
    network,
    growth * share as follower_growth_count
from attributed
where growth is not null
