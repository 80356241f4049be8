-- One row is one row of a file, one record or one amount that is not used, and why.
with

not_landed as ({{ landing_rejects() }}),

not_castable as (
    {% for name in models_like('stg_', '') %}
    select
        source,
        '{{ stream_of(name) }}' as stream,
        record_id,
        load_id,
        quarantine_reason as reason
    from {{ ref(name) }}
    where quarantine_reason is not null
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

streams (source, entity, stream) as (
    values
    {% for name in models_like('stg_', '') %}
    ('{{ name.split("__")[0][4:] }}', '{{ name.split("__")[1] }}', '{{ stream_of(name) }}'){{ ',' if not loop.last }}
    {% endfor %}
),

not_priced as (
    select
        amounts.source,
        streams.stream,
        amounts.record_id,
        amounts.load_id,
        'amount: there is no exchange rate of ' || amounts.currency || ' on '
        || cast(amounts.rate_date as string) as reason
    from {{ ref('unpriced_amounts') }} as amounts
    inner join streams on amounts.source = streams.source and amounts.entity = streams.entity
)

select
    'not_landed' as kind,
    source,
    stream,
    cast(null as string) as record_id,
    source_file,
    source_row,
    load_id,
    reason
from not_landed
union all
select
    'not_castable' as kind,
    source,
    stream,
    record_id,
    cast(null as string) as source_file,
    cast(null as bigint) as source_row,
    load_id,
    reason
from not_castable
union all
select
    'no_exchange_rate' as kind,
    source,
    stream,
    record_id,
    cast(null as string) as source_file,
    cast(null as bigint) as source_row,
    load_id,
    reason
from not_priced
