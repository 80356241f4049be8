-- One row is one social post on the day it was published, with its totals so far.
with

posts as (select * from {{ ref('posts') }}),

attributed as (
    {{ attributed('posts', source_user='profile', date='published_date', project='campaign') }}
)

select
    source || '/' || record_id as post_key,
    published_date as measure_date,
    {{ org_columns() }},
    reach as post_reach,
    impressions as post_impressions,
    clicks as post_clicks,
    engagements as post_engagements
from attributed
where published_date is not null
