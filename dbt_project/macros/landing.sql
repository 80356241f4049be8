{# The model names under models/ that begin and end so; koers passes them in, see pipelines/dbt.py. #}
{% macro models_like(prefix, suffix) %}
  {% set all = env_var('KOERS_MODELS', '') %}
  {% if not all %}
    {{ exceptions.raise_compiler_error("KOERS_MODELS is not set: run dbt through `koers dbt ...`.") }}
  {% endif %}
  {% set found = [] %}
  {% for name in all.split(',') %}
    {% if name.startswith(prefix) and name.endswith(suffix) %}{% do found.append(name) %}{% endif %}
  {% endfor %}
  {{ return(found) }}
{% endmacro %}

{# The landed rows of a stream; in an incremental run only of loads this model has not read yet. #}
{% macro landed(connector, stream, full=false) %}
  {% set unused = source(connector, stream) %}
  {{ return(adapter.dispatch('landed', 'koers')(connector, stream, full)) }}
{% endmacro %}

{% macro duckdb__landed(connector, stream, full) %}
  {% set folder = env_var('KOERS_HOME') ~ '/landing/' ~ connector ~ '/' ~ stream %}
  {% set loads = [] %}
  {% if execute %}
    {% set after = namespace(load='') %}
    {% if is_incremental() %}
      {% set after.load = run_query("select coalesce(max(load_id), '') from " ~ this).columns[0][0] %}
    {% endif %}
    {% for row in run_query(
      "select file from glob('" ~ folder ~ "/load=*/part-*.parquet') where split_part(split_part(file, '/load=', 2), '/', 1) > '"
      ~ after.load ~ "' order by file"
    ).rows %}
      {% do loads.append(row[0]) %}
    {% endfor %}
    {% if full and loads %}
      {% set newest = loads[-1].split('/load=')[1].split('/')[0] %}
      {% set loads = loads | select('in', loads) | list %}
      {% set kept = [] %}
      {% for file in loads %}{% if '/load=' ~ newest ~ '/' in file %}{% do kept.append(file) %}{% endif %}{% endfor %}
      {% set loads = kept %}
    {% endif %}
  {% endif %}
  {% if loads %}
select record, record_id, updated_at, is_deleted, load_id
from read_parquet([{% for f in loads %}'{{ f }}'{{ ',' if not loop.last }}{% endfor %}])
  {% else %}
select
    cast(null as varchar) as record,
    cast(null as varchar) as record_id,
    cast(null as timestamp) as updated_at,
    cast(null as boolean) as is_deleted,
    cast(null as varchar) as load_id
where false
  {% endif %}
{% endmacro %}
