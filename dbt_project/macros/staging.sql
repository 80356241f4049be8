{#
  The typed rows of one stream. columns: [name, type] or [name, type, field of the record];
  type is a SQL type, `text`, or `business_date` (a date, or a UTC moment in the business zone).
  A cell that cannot be cast gives null and a reason; such a row is kept, apart, in quarantine.
#}
{% macro staged(connector, stream, columns, full=false) %}
with

source as ({{ landed(connector, stream, full) }}),

renamed as (
    select
        '{{ connector }}' as source,
        record_id,
        updated_at,
        is_deleted,
        load_id,
        {% for column in columns %}
        {{ field(column[2] if column | length > 2 else column[0]) }} as raw_{{ column[0] }}{{ ',' if not loop.last }}
        {% endfor %}
    from source
),

casted as (
    select
        *,
        {% for column in columns %}
        {% if column[1] == 'text' %}
        raw_{{ column[0] }} as {{ column[0] }}{{ ',' if not loop.last }}
        {% elif column[1] == 'business_date' %}
        {{ business_date('raw_' ~ column[0]) }} as {{ column[0] }}{{ ',' if not loop.last }}
        {% else %}
        {{ try_cast_to('raw_' ~ column[0], column[1]) }} as {{ column[0] }}{{ ',' if not loop.last }}
        {% endif %}
        {% endfor %}
    from renamed
)

select
    source,
    record_id,
    updated_at,
    is_deleted,
    load_id,
    {% for column in columns %}
    {{ column[0] }},
    {% endfor %}
    nullif(concat_ws('; ',
        null
        {% for column in columns if column[1] != 'text' %}
        , case
            when raw_{{ column[0] }} is not null and {{ column[0] }} is null
                then '{{ column[0] }}: ''' || raw_{{ column[0] }} || ''' is no {{ column[1] | replace('_', ' ') }}'
        end
        {% endfor %}
    ), '') as quarantine_reason
from casted
{% endmacro %}

{#
  The latest good version of every record, over all staging models of an entity. Incremental: only
  records of loads that this model has not read yet are written again.
#}
{% macro conformed(entity, columns) %}
{% set versions = models_like('stg_', '__' ~ entity) %}
with

versions as (
    {% for name in versions %}
    select source, record_id, updated_at, is_deleted, load_id, quarantine_reason, {{ columns | join(', ') }}
    from {{ ref(name) }}
    {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

good as (select * from versions where quarantine_reason is null),

changed as (
    select distinct source, record_id
    from good
    {% if is_incremental() %}
    where load_id > coalesce(
        (select max(known.load_id) from {{ this }} as known where known.source = good.source), ''
    )
    {% endif %}
),

latest as (
    select good.*
    from good
    inner join changed on good.source = changed.source and good.record_id = changed.record_id
    qualify row_number() over (
        partition by good.source, good.record_id
        order by good.updated_at desc nulls last, good.load_id desc
    ) = 1
)

select source, record_id, updated_at, coalesce(is_deleted, false) as is_deleted, load_id, {{ columns | join(', ') }}
from latest
{% endmacro %}
