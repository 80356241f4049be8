{#
  From here on this run of dbt reads and writes the landing and its own warehouse, and no other file
  or address, whatever a model or a filter says (on-run-start, since dbt's settings are given to each
  connection anew). DuckDB lets nobody switch it back on while the database is open.
#}
{% macro lock_files() %}{{ return(adapter.dispatch('lock_files', 'koers')()) }}{% endmacro %}
{% macro duckdb__lock_files() %}
  {% if execute %}
    {% set landing = (env_var('KOERS_HOME') ~ '/landing') | replace("'", "''") %}
    {% do run_query("set autoinstall_known_extensions = false") %}
    {% do run_query("set allowed_directories = ['" ~ landing ~ "']") %}
    {% do run_query("set enable_external_access = false") %}
    {% do adapter.commit() %}
  {% endif %}
{% endmacro %}
{% macro default__lock_files() %}{% endmacro %}
