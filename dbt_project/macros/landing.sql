{#
  The landed rows of a stream: record_id, updated_at, is_deleted and load_id, and the given fields
  of the record as text, null where absent or empty.

  An incremental model reads only loads that it has not read yet. updated_at is never later than
  the extraction: a source whose clock (or one record) is years ahead would otherwise never be
  corrected again.

  full=true: each load says everything there is. A record that a load leaves out is deleted by it,
  and updated_at is null, since the order of the loads alone says what holds. A load in which every
  row was refused says nothing, so it does not count.
#}
{% macro landed(connector, stream, fields, full=false) %}
  {# Said here, so that the lineage knows which stream a model reads. #}
  {% do source(connector, stream) %}
  {% set after = newest_load_read() %}
  {% set loads = loads_of(connector, stream, after) %}
  {% if full %}
    {{ return(landed_full(loads, fields, after)) }}
  {% endif %}
  {{ return(landed_rows(loads, fields)) }}
{% endmacro %}

{# The newest load that the model at hand holds rows of; '' when it is built from scratch. #}
{% macro newest_load_read() %}
  {% if execute and is_incremental() %}
    {{ return(run_query("select coalesce(max(load_id), '') from " ~ this).columns[0].values()[0]) }}
  {% endif %}
  {{ return('') }}
{% endmacro %}

{% macro landed_rows(loads, fields) %}
  {{ return(adapter.dispatch('landed_rows', 'koers')(loads, fields)) }}
{% endmacro %}
{% macro duckdb__landed_rows(loads, fields) %}
  {% set files = [] %}
  {% for load in loads %}{% do files.extend(load.files) %}{% endfor %}
  {# One look at the JSON for all fields: five times as quick as one for each. #}
  {% set found %}
select
    record_id,
    least(updated_at, extracted_at) as updated_at,
    coalesce(is_deleted, false) as is_deleted,
    load_id{% for name in fields %},
    nullif(cells[{{ loop.index }}], '') as {{ name }}{% endfor %}

from (
    select *, json_extract_string(record, [{% for name in fields %}'$.{{ name }}'{{ ', ' if not loop.last }}{% endfor %}]) as cells
    from {% if files %}read_parquet({{ file_list(files) }}){% else %}({{ no_landed_rows() }}) as nothing_landed{% endif %}

) as parts
  {% endset %}
  {{ return(found) }}
{% endmacro %}

{% macro spark__landed_rows(loads, fields) %}
  {% set files = [] %}
  {% for load in loads %}{% do files.extend(load.files) %}{% endfor %}
  {% set found %}
select
    record_id,
    cast(least(updated_at, extracted_at) as timestamp) as updated_at,
    coalesce(is_deleted, false) as is_deleted,
    load_id{% for name in fields %},
    nullif(cells['{{ name }}'], '') as {{ name }}{% endfor %}

from (
    select *, from_json(record, 'map<string, string>') as cells
    from {% if files %}parquet.`{{ files[0].split('/')[:-2] | join('/') }}/load=*/part-*.parquet`
    where load_id in ({% for load in loads if load.files %}'{{ load.load_id }}'{{ ', ' if not loop.last }}{% endfor %}){% else %}({{ no_landed_rows() }}) as nothing_landed{% endif %}

) as parts
  {% endset %}
  {{ return(found) }}
{% endmacro %}

{# What a part of a load holds, without a row. #}
{% macro no_landed_rows() %}
select
    cast(null as string) as record,
    cast(null as string) as record_id,
    cast(null as timestamp) as updated_at,
    cast(null as boolean) as is_deleted,
    cast(null as timestamp) as extracted_at,
    cast(null as string) as load_id
where false
{% endmacro %}

{% macro landed_full(loads, fields, after) %}
  {% set counted = [] %}
  {% for load in loads if load.loaded or not load.rejected %}{% do counted.append(load) %}{% endfor %}
  {% set newest = counted | length %}
  {% set found %}
with

landed_rows as (
    {{ landed_rows(counted, fields) }}
),

numbered_loads (load_number, load_id) as (
    values (0, ''){% for load in counted %}, ({{ loop.index }}, '{{ load.load_id }}'){% endfor %}

),

present as (
    select landed_rows.record_id, numbered_loads.load_number
    from landed_rows
    inner join numbered_loads on landed_rows.load_id = numbered_loads.load_id
    {% if after %}
    union all
    select record_id, 0 as load_number
    from (
        select record_id, is_deleted
        from {{ this }}
        qualify row_number() over (partition by record_id order by load_id desc) = 1
    ) as known
    where not is_deleted
    {% endif %}
),

gone as (
    select record_id, load_number + 1 as load_number
    from (
        select
            record_id,
            load_number,
            lead(load_number, 1, {{ newest + 1 }}) over (
                partition by record_id order by load_number
            ) as next_number
        from present
    ) as presence
    where load_number < {{ newest }} and next_number > load_number + 1
)

select record_id, cast(null as timestamp) as updated_at, false as is_deleted, load_id
    {%- for name in fields %}, {{ name }}{% endfor %}

from landed_rows
union all
select gone.record_id, cast(null as timestamp), true, numbered_loads.load_id
    {%- for name in fields %}, cast(null as string){% endfor %}

from gone
inner join numbered_loads on gone.load_number = numbered_loads.load_number
  {% endset %}
  {{ return(found) }}
{% endmacro %}

{# The rows that the landing itself refused, over all loads. #}
{% macro landing_rejects() %}
  {% set found %}
select
    loads.connector as source,
    loads.stream,
    rejects.source_file,
    rejects.row_number as source_row,
    rejects.reason,
    rejects.load_id
from (
    {{ adapter.dispatch('rejected_rows', 'koers')() or no_rejected_rows() }}
) as rejects
inner join {{ landed_loads() }} as loads on rejects.folder = loads.folder
  {% endset %}
  {{ return(found) }}
{% endmacro %}

{% macro no_rejected_rows() %}
select
    cast(null as string) as source_file,
    cast(null as bigint) as row_number,
    cast(null as string) as reason,
    cast(null as string) as load_id,
    cast(null as string) as folder
where false
{% endmacro %}

{# Those rows with the folder of their load; nothing where no load refused any. #}
{% macro duckdb__rejected_rows() %}
  {% set files = [] %}
  {% if loads_are_listed() %}
    {% for folder in run_query(
      "select folder from " ~ landed_loads() ~ " where rows_rejected > 0 order by folder"
    ).columns[0].values() %}
      {% for file in run_query(
        "select file from glob('" ~ glob_literal(folder) ~ "/rejects-*.parquet') order by file"
      ).columns[0].values() %}
        {% do files.append(file) %}
      {% endfor %}
    {% endfor %}
  {% endif %}
  {% if files %}
    {{ return(
      "select *, parse_dirpath(filename) as folder from read_parquet("
      ~ file_list(files) ~ ", filename = true)"
    ) }}
  {% endif %}
  {{ return('') }}
{% endmacro %}
{% macro spark__rejected_rows() %}
  {% if loads_are_listed() and run_query(
    "select count(*) from " ~ landed_loads() ~ " where rows_rejected > 0"
  ).columns[0].values()[0] > 0 %}
    {{ return(
      "select *, regexp_replace(input_file_name(), '/rejects-[^/]*$', '') as folder from parquet.`"
      ~ landing_url() ~ "/*/*/load=*/rejects-*.parquet`"
    ) }}
  {% endif %}
  {{ return('') }}
{% endmacro %}
