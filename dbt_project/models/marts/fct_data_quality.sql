with

loads as (select * from {{ landed_loads() }}),

quarantined as (
    select
        source,
        stream,
        load_id,
        count(*) filter (where kind = 'not_castable') as rows_not_castable,
        count(*) filter (where kind = 'no_exchange_rate') as amounts_without_rate
    from {{ ref('quarantine') }}
    group by source, stream, load_id
)

select
    loads.connector,
    loads.stream,
    loads.load_id,
    loads.rows_read,
    loads.rows_loaded,
    loads.rows_rejected,
    loads.rows_duplicate,
    coalesce(loads.rows_left_out, 0) as rows_left_out,
    coalesce(quarantined.rows_not_castable, 0) as rows_quarantined,
    coalesce(quarantined.amounts_without_rate, 0) as amounts_without_rate
from loads
left join quarantined
    on
        loads.connector = quarantined.source
        and loads.stream = quarantined.stream
        and loads.load_id = quarantined.load_id
