-- One row is one change of a mailing list: the opening size, a daily difference, a move of owner.
with

snapshots as (
    select
        source,
        source || '/' || list_id as entity,
        sender,
        cast(null as string) as campaign,
        subscribers,
        snapshot_date as from_date,
        lead(snapshot_date) over (
            partition by source, list_id order by snapshot_date
        ) as until_date
    from {{ ref('list_sizes') }}
),

{{ balance_changes('snapshots', amount='subscribers', source_user='sender', project='campaign') }}

select
    entity as list_key,
    measure_date,
    {{ org_columns() }},
    balance_change as list_size_change
from balance_changes
