{#
  The committed loads, listed once when a run of dbt begins (on-run-start), so that every model of
  the run sees the same ones: a load that is committed while dbt runs waits for the next run, with
  its rows and its watermark together.
#}
{% macro list_loads() %}{{ return(adapter.dispatch('list_loads', 'koers')()) }}{% endmacro %}
{% macro duckdb__list_loads() %}
  {% if execute %}
    {% set landing = glob_literal(env_var('KOERS_HOME') ~ '/landing') %}
    {% set listed %}select parse_dirpath(file) as folder from glob('{{ landing }}/*/*/load=*/manifest.json'){% endset %}
    {% call statement('landed_loads') %}
      create table if not exists {{ landed_loads() }} (
          connector varchar, stream varchar, load_id varchar, mode varchar, covers_until date,
          committed_at timestamp, rows_read bigint, rows_loaded bigint, rows_rejected bigint,
          rows_duplicate bigint, folder varchar, parts varchar[], rows_left_out bigint
      );
      -- A warehouse of before it was counted.
      alter table {{ landed_loads() }} add column if not exists rows_left_out bigint;
      delete from {{ landed_loads() }} where folder not in ({{ listed }})
    {% endcall %}
    {% set fresh = run_query(
      "select folder from (" ~ listed ~ ") where folder not in (select folder from " ~ landed_loads()
      ~ ") order by folder"
    ).columns[0].values() %}
    {% if fresh | length > 0 %}
      {% set manifests = [] %}
      {% for folder in fresh %}{% do manifests.append(folder ~ '/manifest.json') %}{% endfor %}
      {% call statement('fresh_loads') %}
        insert into {{ landed_loads() }}
        select
            connector, stream, load_id, mode, try_cast(covers_until as date),
            timezone('UTC', try_cast(committed_at as timestamptz)),
            counts.read, counts.loaded, counts.rejected, counts.duplicate,
            parse_dirpath(filename),
            list_filter(list_transform(parts, lambda part: part.name), lambda name: name like 'part-%'),
            coalesce(counts.left_out, 0)
        from read_json(
            {{ file_list(manifests) }},
            filename = true,
            columns = {
                connector: 'VARCHAR', stream: 'VARCHAR', load_id: 'VARCHAR', mode: 'VARCHAR',
                covers_until: 'VARCHAR', committed_at: 'VARCHAR', parts: 'STRUCT(name VARCHAR)[]',
                counts: 'STRUCT(read BIGINT, loaded BIGINT, rejected BIGINT, duplicate BIGINT, left_out BIGINT)'
            }
        )
      {% endcall %}
    {% endif %}
    {# dbt rolls back what a hook that renders to nothing has begun. #}
    {% do adapter.commit() %}
  {% endif %}
{% endmacro %}

{# All of them each time: a folder is what was read last, which an engine that may be on another
   machine cannot be told to add to. #}
{% macro spark__list_loads() %}
  {% if execute %}
    {% do run_query(
      "create or replace temporary view landing_manifests ("
      ~ "connector string, stream string, load_id string, mode string, covers_until string, "
      ~ "committed_at string, parts array<struct<name: string>>, "
      ~ "counts struct<read: bigint, loaded: bigint, rejected: bigint, duplicate: bigint, left_out: bigint>"
      ~ ") using json options (path '" ~ landing_url() ~ "/*/*/load=*/manifest.json', multiLine 'true')"
    ) %}
    {% do run_query("drop table if exists " ~ landed_loads()) %}
    {% do run_query(
      "create table " ~ landed_loads() ~ " using parquet as select connector, stream, load_id, mode, "
      ~ "try_cast(covers_until as date) as covers_until, try_cast(committed_at as timestamp) as committed_at, "
      ~ "counts.read as rows_read, counts.loaded as rows_loaded, counts.rejected as rows_rejected, "
      ~ "counts.duplicate as rows_duplicate, replace(input_file_name(), '/manifest.json', '') as folder, "
      ~ "filter(transform(parts, part -> part.name), name -> name like 'part-%') as parts, "
      ~ "coalesce(counts.left_out, 0) as rows_left_out from landing_manifests"
    ) %}
  {% endif %}
{% endmacro %}

{# Where the landing lies for an engine that reads it from elsewhere: a path, or an address such as
   s3a://bucket/landing. #}
{% macro landing_url() %}
  {{ return((env_var('KOERS_LANDING_URL', '') or env_var('KOERS_HOME') ~ '/landing') | replace("'", "''")) }}
{% endmacro %}

{#
  The table that list_loads fills: connector, stream, load_id, mode, covers_until (DATE),
  committed_at (UTC), rows_read, rows_loaded, rows_rejected, rows_duplicate, folder, parts,
  rows_left_out.
#}
{% macro landed_loads() %}{{ return(target.schema ~ '.landed_loads') }}{% endmacro %}

{# Whether the loads were listed; `dbt compile` on a new warehouse runs no hooks. #}
{% macro loads_are_listed() %}{{ return(internal_table_exists('landed_loads')) }}{% endmacro %}

{# Whether there is a table that is no model. Asked of the database: dbt's own cache of relations is
   older than the table on the first run. #}
{% macro internal_table_exists(name) %}
  {% if not execute %}{{ return(false) }}{% endif %}
  {{ return(adapter.dispatch('internal_table_exists', 'koers')(name)) }}
{% endmacro %}
{% macro duckdb__internal_table_exists(name) %}
  {{ return(run_query(
    "select count(*) from information_schema.tables where table_schema = '" ~ target.schema
    ~ "' and table_name = '" ~ name ~ "'"
  ).columns[0].values()[0] > 0) }}
{% endmacro %}
{% macro spark__internal_table_exists(name) %}
  {% if not run_query("show schemas like '" ~ target.schema ~ "'").rows %}{{ return(false) }}{% endif %}
  {{ return(run_query("show tables in " ~ target.schema ~ " like '" ~ name ~ "'").rows | length > 0) }}
{% endmacro %}

{# The loads of a stream after one of its loads, oldest first: a list of {load_id, files, counts}. #}
{% macro loads_of(connector, stream, after='') %}
  {% set found = [] %}
  {% if loads_are_listed() %}
    {% for row in run_query(
      "select load_id, folder, " ~ list_text('parts', ',') ~ " as parts, rows_loaded, rows_rejected from "
      ~ landed_loads() ~ " where connector = '" ~ connector ~ "' and stream = '" ~ stream
      ~ "' and load_id > '" ~ after ~ "' order by load_id"
    ).rows %}
      {% set files = [] %}
      {% for part in (row[2] or '').split(',') if part %}
        {% do files.append(row[1] ~ '/' ~ part) %}
      {% endfor %}
      {% do found.append({'load_id': row[0], 'files': files, 'loaded': row[3], 'rejected': row[4]}) %}
    {% endfor %}
  {% endif %}
  {{ return(found) }}
{% endmacro %}

{# A path as the text of a glob: a folder's name may hold characters that mean something in one. #}
{% macro glob_literal(path) %}
  {{ return(path | replace('[', '[[]') | replace('*', '[*]') | replace('?', '[?]') | replace("'", "''")) }}
{% endmacro %}

{% macro file_list(files) %}
  {% set quoted = [] %}
  {% for file in files %}{% do quoted.append("'" ~ glob_literal(file) ~ "'") %}{% endfor %}
  {{ return('[' ~ quoted | join(',\n    ') ~ ']') }}
{% endmacro %}
