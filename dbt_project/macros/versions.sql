{#
  The latest good version of every record of an entity, over all staging models of that name.

  Incremental: only records with a version that this model has not read yet are looked at again,
  and of those only what it holds now, the new versions and known deletions. Quarantined versions
  are not good, so the last good one stays. A deleted record is written and then removed by the
  post-hook of the folder: an incremental model replaces rows only where it writes some.
#}
{% macro conformed(entity, columns) %}
{% set all_columns = ['source', 'record_id', 'updated_at', 'is_deleted', 'load_id'] + columns %}
with

{% for staging in stagings_of(entity) %}
{{ staging.source }}_versions as (
    select {{ all_columns | join(', ') }}
    from {{ ref(staging.name) }}
    where quarantine_reason is null
),

{{ staging.source }}_fresh as (
    select *
    from {{ staging.source }}_versions
    {% if is_incremental() %}
    where load_id > (
        select coalesce(max(load_id), '') from {{ this }} where source = '{{ staging.source }}'
    )
    {% endif %}
),

{% endfor %}
fresh as (
    {% for staging in stagings_of(entity) %}
    select * from {{ staging.source }}_fresh
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

candidates as (
    select * from fresh
    {% if is_incremental() %}
    union all
    select {{ all_columns | join(', ') }}
    from {{ this }}
    where (source, record_id) in (select source, record_id from fresh)
    {% for staging in stagings_of(entity) %}
    union all
    select *
    from {{ staging.source }}_versions
    where is_deleted and record_id in (select record_id from {{ staging.source }}_fresh)
    {% endfor %}
    {% endif %}
),

latest as (
    select *
    from candidates
    qualify row_number() over (
        partition by source, record_id order by updated_at desc nulls last, load_id desc
    ) = 1
)

select * from latest
{% if not is_incremental() %}where not is_deleted{% endif %}

{% endmacro %}

{# What an incremental model wrote as deleted is no row of it; one built from nothing wrote none. #}
{% macro drop_deleted() %}
{% if is_incremental() %}delete from {{ this }} where is_deleted{% endif %}
{% endmacro %}

{# The organisation's own records as they are now, with their record_id: what is not deleted. #}
{% macro current_records(entity, columns) %}
select record_id, {{ columns | join(', ') }}
from (
    {% for staging in stagings_of(entity) %}
    select source as record_source, record_id, updated_at, is_deleted, load_id, {{ columns | join(', ') }}
    from {{ ref(staging.name) }}
    where quarantine_reason is null
    {{ 'union all' if not loop.last }}
    {% endfor %}
) as versions
qualify
    row_number() over (
        partition by record_source, record_id order by updated_at desc nulls last, load_id desc
    ) = 1
    and not is_deleted
{% endmacro %}
