-- One row is one list on one day: how many subscribers it has more than at its snapshot before.
with

snapshots as (
    select
        source,
        list_id,
        sender,
        cast(null as string) as campaign,
        snapshot_date,
        added,
        removed,
        subscribers - lag(subscribers) over (
            partition by source, list_id order by snapshot_date
        ) as growth
    from {{ ref('list_sizes') }}
),

attributed as (
    {{ attributed('snapshots', source_user='sender', date='snapshot_date', project='campaign') }}
)

select
    source || '/' || list_id as list_key,
    snapshot_date as measure_date,
    {{ org_columns() }},
    list_id as mailing_list,
    growth * share as list_growth_count,
    added * share as list_added_count,
    removed * share as list_removed_count
from attributed
where growth is not null
