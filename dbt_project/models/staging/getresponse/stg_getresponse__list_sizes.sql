-- One row is one landed version of one record of getresponse.list_sizes, typed.
{% set fields = [
    'list_id', 'sender', 'snapshot_date', 'subscribers', 'added', 'removed'
] %}
{% set casts = {
    'snapshot_date': 'business_date',
    'subscribers': 'integer',
    'added': 'integer',
    'removed': 'integer',
} %}
with

source as ({{ landed('getresponse', 'list_sizes', fields) }}),

renamed as (
    select
        'getresponse' as source,
        record_id,
        updated_at,
        is_deleted,
        load_id,
        list_id,
        coalesce(sender, list_id) as sender,
        {{ business_date('snapshot_date') }} as snapshot_date,
        {{ as_integer('subscribers') }} as subscribers,
        {{ as_integer('added') }} as added,
        {{ as_integer('removed') }} as removed,
        {{ quarantine_reason(casts, required=['list_id', 'snapshot_date', 'subscribers']) }} as quarantine_reason
    from source
)

select * from renamed
