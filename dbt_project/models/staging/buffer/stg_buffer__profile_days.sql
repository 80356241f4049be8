-- One row is one landed version of one record of buffer.profile_days, typed.
{% set fields = [
    'network', 'profile', 'snapshot_date', 'followers'
] %}
{% set casts = {
    'snapshot_date': 'business_date',
    'followers': 'integer',
} %}
with

source as ({{ landed('buffer', 'profile_days', fields) }}),

renamed as (
    select
        'buffer' as source,
        record_id,
        updated_at,
        is_deleted,
        load_id,
        network,
        profile,
        {{ business_date('snapshot_date') }} as snapshot_date,
        {{ as_integer('followers') }} as followers,
        {{ quarantine_reason(casts, required=['profile', 'snapshot_date', 'followers']) }} as quarantine_reason
    from source
)

select * from renamed
