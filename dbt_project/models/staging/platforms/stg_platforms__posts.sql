-- One row is one landed version of one record of platforms.posts, typed.
{% set fields = [
    'network', 'profile', 'post_id', 'campaign', 'published_at', 'impressions', 'reach',
    'engagements', 'clicks', 'reactions', 'comments', 'shares'
] %}
{% set casts = {
    'published_at': 'business_date',
    'impressions': 'integer',
    'reach': 'integer',
    'engagements': 'integer',
    'clicks': 'integer',
    'reactions': 'integer',
    'comments': 'integer',
    'shares': 'integer',
} %}
with

source as ({{ landed('platforms', 'posts', fields) }}),

renamed as (
    select
        'platforms' as source,
        record_id,
        updated_at,
        is_deleted,
        load_id,
        network,
        profile,
        post_id,
        campaign,
        {{ business_date('published_at') }} as published_date,
        {{ as_integer('impressions') }} as impressions,
        {{ as_integer('reach') }} as reach,
        -- Unknown where one of the three is, rather than too small.
        coalesce(
            {{ as_integer('engagements') }},
            {{ as_integer('reactions') }} + {{ as_integer('comments') }} + {{ as_integer('shares') }}
        ) as engagements,
        {{ as_integer('clicks') }} as clicks,
        {{ quarantine_reason(casts, required=['post_id', 'published_at']) }} as quarantine_reason
    from source
)

select * from renamed
