-- One row is one landed version of one record of kit.list_sizes, typed. Those who went are counted
-- without a sign, whichever the vendor gives them.
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

source as ({{ landed('kit', 'list_sizes', fields) }}),

renamed as (
    select
        'kit' as source,
        record_id,
        updated_at,
        is_deleted,
        load_id,
        list_id,
        sender,
        {{ business_date('snapshot_date') }} as snapshot_date,
        {{ as_integer('subscribers') }} as subscribers,
        {{ as_integer('added') }} as added,
        abs({{ as_integer('removed') }}) as removed,
        {{ quarantine_reason(casts, required=['list_id', 'snapshot_date', 'subscribers']) }} as quarantine_reason
    from source
)

select * from renamed
