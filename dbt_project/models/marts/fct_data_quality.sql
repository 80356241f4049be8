with

loads as (select * from {{ landed_loads() }}),

quarantined as (
    select source, stream, load_id, count(*) as rows_quarantined
    from {{ ref('quarantine') }}
    where record_id is not null
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
    coalesce(quarantined.rows_quarantined, 0) as rows_quarantined
from loads
left join quarantined
    on
        loads.connector = quarantined.source
        and loads.stream = quarantined.stream
        and loads.load_id = quarantined.load_id
