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
),

suspected as (
    select
        source,
        load_id,
        count(distinct record_id) as possible_duplicates
    from {{ ref('duplicate_suspects') }}
    group by source, load_id
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
    coalesce(quarantined.amounts_without_rate, 0) as amounts_without_rate,
    coalesce(suspected.possible_duplicates, 0) as possible_duplicates
from loads
left join quarantined
    on
        loads.connector = quarantined.source
        and loads.stream = quarantined.stream
        and loads.load_id = quarantined.load_id
left join suspected on loads.connector = suspected.source and loads.load_id = suspected.load_id
