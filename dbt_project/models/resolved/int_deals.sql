-- One row is one deal that counts: told once, with its customer, product, market and pipeline by name.
-- A deal that was taken over into another CRM says so there (origin), and counts there only.
with

counted as (
    select deals.*
    from {{ ref('deals') }} as deals
    left join {{ ref('deals') }} as successors on deals.source || ':' || deals.deal_id = successors.origin
    where successors.origin is null
),

main_lines as (
    select
        source,
        deal_id,
        product
    from (
        select
            source,
            deal_id,
            product,
            row_number() over (
                partition by source, deal_id
                order by amount desc nulls last, deal_line_id asc
            ) as place
        from {{ ref('deal_lines') }}
        where deal_id is not null
    ) as placed
    where place = 1
),

pipelines as (
    select
        source,
        pipeline_id,
        min(pipeline) as pipeline
    from {{ ref('deal_stages') }}
    group by source, pipeline_id
)

select
    counted.source,
    counted.record_id,
    counted.load_id,
    counted.deal_id,
    counted.owner,
    coalesce(companies.company, counted.account) as account,
    coalesce(counted.product, main_lines.product) as product,
    coalesce(counted.market, companies.country) as market,
    coalesce(pipelines.pipeline, counted.pipeline) as pipeline,
    counted.campaign,
    counted.stage,
    counted.amount,
    counted.currency,
    counted.created_date,
    counted.closed_date
from counted
left join {{ ref('companies') }} as companies
    on counted.source = companies.source and counted.account_id = companies.company_id
left join main_lines on counted.source = main_lines.source and counted.deal_id = main_lines.deal_id
left join pipelines on counted.source = pipelines.source and counted.pipeline = pipelines.pipeline_id
