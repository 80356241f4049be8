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
    network,
    reach * share as post_reach,
    impressions * share as post_impressions,
    clicks * share as post_clicks,
    engagements * share as post_engagements
from attributed
where published_date is not null
