with loads as (select * from {{ landed_loads() }})

select
    connector,
    stream,
    max(load_id) as last_load_id,
    max(committed_at) as last_loaded_at,
    max(covers_until) as covers_until
from loads
group by connector, stream
