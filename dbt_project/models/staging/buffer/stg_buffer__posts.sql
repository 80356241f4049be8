-- One row is one landed version of one record of buffer.posts, typed.
{% set fields = [
    'network', 'profile', 'post_id', 'campaign', 'due_at', 'published_at', 'impressions', 'views',
    'reach', 'clicks', 'reactions', 'comments', 'shares', 'reposts', 'quotes'
] %}
{% set casts = {
    'due_at': 'business_date',
    'published_at': 'business_date',
    'impressions': 'integer',
    'views': 'integer',
    'reach': 'integer',
    'clicks': 'integer',
    'reactions': 'integer',
    'comments': 'integer',
    'shares': 'integer',
    'reposts': 'integer',
    'quotes': 'integer',
} %}
{% set rules = {'published_at: is empty': 'published_at is null and due_at is null'} %}
with

source as ({{ landed('buffer', 'posts', fields) }}),

renamed as (
    select
        'buffer' as source,
        record_id,
        updated_at,
        is_deleted,
        load_id,
        {{ network_name('network') }} as network,
        profile,
        post_id,
        campaign,
        {{ business_date('coalesce(published_at, due_at)') }} as published_date,
        -- A network that counts views instead gives no impressions.
        coalesce({{ as_integer('impressions') }}, {{ as_integer('views') }}) as impressions,
        {{ as_integer('reach') }} as reach,
        {{ sum_of_told(['reactions', 'comments', 'shares', 'reposts', 'quotes']) }} as engagements,
        {{ as_integer('clicks') }} as clicks,
        {{ quarantine_reason(casts, required=['post_id', 'profile'], rules=rules) }} as quarantine_reason
    from source
)

select * from renamed
