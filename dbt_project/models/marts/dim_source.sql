with loads as ({{ load_manifests() }})

select
    connector as source,
    count(distinct stream) as stream_count,
    cast(min(committed_at) as timestamp) as first_loaded_at
from loads
group by connector
