with loads as (select * from {{ landed_loads() }})

select
    connector as source,
    count(distinct stream) as stream_count,
    min(committed_at) as first_loaded_at
from loads
group by connector
