-- One row is one landed version of one record of spotler.list_sizes, typed.
{% set fields = [
    'list_id', 'sender', 'snapshot_date', 'subscribers'
] %}
{% set casts = {
    'snapshot_date': 'business_date',
    'subscribers': 'integer',
} %}
with

source as ({{ landed('spotler', 'list_sizes', fields) }}),

renamed as (
    select
        'spotler' as source,
        record_id,
        updated_at,
        is_deleted,
        load_id,
        list_id,
        sender,
        {{ business_date('snapshot_date') }} as snapshot_date,
        {{ as_integer('subscribers') }} as subscribers,
        cast(null as bigint) as added,
        cast(null as bigint) as removed,
        {{ quarantine_reason(casts, required=['list_id', 'snapshot_date', 'subscribers']) }} as quarantine_reason
    from source
)

select * from renamed
