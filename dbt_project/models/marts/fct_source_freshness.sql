with loads as ({{ load_manifests() }})

select
    connector,
    stream,
    max(load_id) as last_load_id,
    cast(max(committed_at) as timestamp) as last_loaded_at,
    max(covers_until) as covers_until
from loads
group by connector, stream
