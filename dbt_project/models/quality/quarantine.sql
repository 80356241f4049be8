-- One row is one record or one row of a file that could not be used, and why.
{% for name in models_like('stg_', '') %}
select
    source,
    '{{ name.split("__")[1] }}' as stream,
    record_id,
    cast(null as varchar) as source_file,
    cast(null as bigint) as source_row,
    load_id,
    quarantine_reason as reason
from {{ ref(name) }}
where quarantine_reason is not null
union all
{% endfor %}
select source, stream, cast(null as varchar) as record_id, source_file, source_row, load_id, reason
from ({{ landing_rejects() }}) as rejects
