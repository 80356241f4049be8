-- One row is one landed version of one record of kit.mailings, typed. Clickers are told as a rate
-- only, in percents or as a fraction: whichever the rate of opens is, of which the number is known.
-- A version without statistics is set apart, so that it takes no figure of an earlier one away.
{% set fields = [
    'mailing_id', 'sender', 'campaign', 'sent_at', 'recipients', 'opened', 'open_rate', 'click_rate',
    'total_clicks', 'unsubscribes', 'opens_are_hidden', 'clicks_are_hidden'
] %}
{% set casts = {
    'sent_at': 'business_date',
    'recipients': 'integer',
    'opened': 'integer',
    'open_rate': 'rate',
    'click_rate': 'rate',
    'total_clicks': 'integer',
    'unsubscribes': 'integer',
} %}
{% set required = ['mailing_id', 'sent_at', 'recipients', 'unsubscribes'] %}
{% set rules = {
    'it has no opens, though they are tracked': "opened is null and coalesce(opens_are_hidden, 'false') <> 'true'",
    'it has no clicks, though they are tracked': "click_rate is null and coalesce(clicks_are_hidden, 'false') <> 'true'",
} %}
with

source as ({{ landed('kit', 'mailings', fields) }}),

typed as (
    select
        record_id,
        updated_at,
        is_deleted,
        load_id,
        mailing_id,
        sender,
        campaign,
        coalesce(opens_are_hidden, 'false') = 'true' as opens_are_hidden,
        coalesce(clicks_are_hidden, 'false') = 'true' as clicks_are_hidden,
        {{ business_date('sent_at') }} as sent_date,
        {{ as_integer('recipients') }} as sent,
        {{ as_integer('opened') }} as opened,
        {{ as_rate('open_rate') }} as open_rate,
        {{ as_rate('click_rate') }} as click_rate,
        {{ as_integer('total_clicks') }} as total_clicks,
        {{ as_integer('unsubscribes') }} as unsubscribes,
        {{ quarantine_reason(casts, required=required, rules=rules) }} as quarantine_reason
    from source
),

renamed as (
    select
        'kit' as source,
        record_id,
        updated_at,
        is_deleted,
        load_id,
        mailing_id,
        sender,
        cast(null as string) as list_id,
        campaign,
        sent_date,
        sent,
        cast(null as bigint) as delivered,
        case when not opens_are_hidden then opened end as unique_opens,
        cast(null as bigint) as total_opens,
        cast(null as bigint) as unique_human_opens,
        cast(null as bigint) as total_human_opens,
        case
            when clicks_are_hidden then null
            when abs(open_rate * sent - opened) < abs(open_rate * sent / 100 - opened)
                then cast(round(click_rate * sent) as bigint)
            else cast(round(click_rate * sent / 100) as bigint)
        end as unique_clicks,
        case when not clicks_are_hidden then total_clicks end as total_clicks,
        cast(null as bigint) as bounces,
        unsubscribes,
        quarantine_reason
    from typed
)

select * from renamed
