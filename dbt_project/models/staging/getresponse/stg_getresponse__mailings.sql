-- One row is one landed version of one record of getresponse.mailings, typed.
-- A version without statistics is set apart, so that it takes no figure of an earlier one away.
{% set fields = [
    'mailing_id', 'sender', 'list_id', 'campaign', 'sent_at', 'sent', 'delivered',
    'unique_opens', 'total_opens', 'unique_human_opens', 'total_human_opens',
    'unique_clicks', 'total_clicks', 'bounces', 'unsubscribes'
] %}
{% set casts = {
    'sent_at': 'business_date',
    'sent': 'integer',
    'delivered': 'integer',
    'unique_opens': 'integer',
    'total_opens': 'integer',
    'unique_human_opens': 'integer',
    'total_human_opens': 'integer',
    'unique_clicks': 'integer',
    'total_clicks': 'integer',
    'bounces': 'integer',
    'unsubscribes': 'integer',
} %}
{% set rules = {
    'it has no statistics': 'coalesce(unique_opens, unique_clicks, bounces, unsubscribes) is null',
} %}
with

source as ({{ landed('getresponse', 'mailings', fields) }}),

renamed as (
    select
        'getresponse' as source,
        record_id,
        updated_at,
        is_deleted,
        load_id,
        mailing_id,
        coalesce(sender, list_id) as sender,
        list_id,
        campaign,
        {{ business_date('sent_at') }} as sent_date,
        {{ as_integer('sent') }} as sent,
        {{ as_integer('delivered') }} as delivered,
        {{ as_integer('unique_opens') }} as unique_opens,
        {{ as_integer('total_opens') }} as total_opens,
        {{ as_integer('unique_human_opens') }} as unique_human_opens,
        {{ as_integer('total_human_opens') }} as total_human_opens,
        {{ as_integer('unique_clicks') }} as unique_clicks,
        {{ as_integer('total_clicks') }} as total_clicks,
        {{ as_integer('bounces') }} as bounces,
        {{ as_integer('unsubscribes') }} as unsubscribes,
        {{ quarantine_reason(casts, required=['mailing_id', 'sent_at', 'sent'], rules=rules) }} as quarantine_reason
    from source
)

select * from renamed
