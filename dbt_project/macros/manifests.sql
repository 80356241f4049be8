{# The manifests of all committed loads. #}
{% macro load_manifests() %}{{ return(adapter.dispatch('load_manifests', 'koers')()) }}{% endmacro %}
{% macro duckdb__load_manifests() %}
  {% set folder = env_var('KOERS_HOME') ~ '/landing/*/*/load=*/manifest.json' %}
  {% set found = run_query("select count(*) from glob('" ~ folder ~ "')").columns[0][0] if execute else 0 %}
  {% if found %}
select
    connector,
    stream,
    load_id,
    mode,
    try_cast(covers_until as date) as covers_until,
    try_cast(committed_at as timestamptz) as committed_at,
    counts.read as rows_read,
    counts.loaded as rows_loaded,
    counts.rejected as rows_rejected,
    counts.duplicate as rows_duplicate
from read_json(
    '{{ folder }}',
    columns = {
        connector: 'VARCHAR', stream: 'VARCHAR', load_id: 'VARCHAR', mode: 'VARCHAR',
        covers_until: 'VARCHAR', committed_at: 'VARCHAR',
        counts: 'STRUCT(read BIGINT, loaded BIGINT, rejected BIGINT, duplicate BIGINT)'
    }
)
  {% else %}
select
    cast(null as varchar) as connector, cast(null as varchar) as stream, cast(null as varchar) as load_id,
    cast(null as varchar) as mode, cast(null as date) as covers_until,
    cast(null as timestamptz) as committed_at, cast(null as bigint) as rows_read,
    cast(null as bigint) as rows_loaded, cast(null as bigint) as rows_rejected,
    cast(null as bigint) as rows_duplicate
where false
  {% endif %}
{% endmacro %}

{% macro landing_rejects() %}{{ return(adapter.dispatch('landing_rejects', 'koers')()) }}{% endmacro %}
{% macro duckdb__landing_rejects() %}
  {% set folder = env_var('KOERS_HOME') ~ '/landing/*/*/load=*/rejects-*.parquet' %}
  {% set found = run_query("select count(*) from glob('" ~ folder ~ "')").columns[0][0] if execute else 0 %}
  {% if found %}
select
    split_part(split_part(filename, '/landing/', 2), '/', 1) as source,
    split_part(split_part(filename, '/landing/', 2), '/', 2) as entity,
    source_file,
    row_number as source_row,
    cast(null as varchar) as record_id,
    load_id,
    reason
from read_parquet('{{ folder }}', filename = true, union_by_name = true)
  {% else %}
select
    cast(null as varchar) as source, cast(null as varchar) as entity, cast(null as varchar) as source_file,
    cast(null as bigint) as source_row, cast(null as varchar) as record_id,
    cast(null as varchar) as load_id, cast(null as varchar) as reason
where false
  {% endif %}
{% endmacro %}
