-- One row is one record or one row of a file that could not be used, and why.
{% for name in models_like('stg_', '') %}
select
    source,
    '{{ name.split("__")[1] }}' as entity,
    cast(null as varchar) as source_file,
    cast(null as bigint) as source_row,
    record_id,
    load_id,
    quarantine_reason as reason
from {{ ref(name) }}
where quarantine_reason is not null
union all
{% endfor %}
select * from ({{ landing_rejects() }}) as rejects
