-- One row is one goal, or the visits of one page, of one campaign on one day. Both count at the project
-- of the campaign and the unit it hangs under, so that conversions over visits fit at every unit.
with

happened as (
    select
        source,
        'conversion/' || record_id as record_key,
        campaign,
        conversion_date as event_date,
        goal,
        conversions,
        cast(null as bigint) as visits
    from {{ ref('web_conversions') }}
    union all
    select
        source,
        'visit/' || record_id as record_key,
        campaign,
        visit_date as event_date,
        cast(null as string) as goal,
        cast(null as decimal(18, 4)) as conversions,
        visits
    from {{ ref('page_days') }}
),

of_projects as (
    select
        'organisation' as source,
        happened.source || '/' || happened.record_key as web_event_key,
        coalesce(own.project_id, anywhere.project_id) as project,
        happened.event_date,
        happened.goal,
        happened.conversions,
        happened.visits
    from happened
    left join {{ ref('project_rules') }} as own
        on
            happened.source = own.source
            and happened.campaign = own.rule_value
            and happened.event_date between own.valid_from and own.valid_to
    left join {{ ref('project_rules') }} as anywhere
        on
            anywhere.source = '*'
            and happened.campaign = anywhere.rule_value
            and happened.event_date between anywhere.valid_from and anywhere.valid_to
),

attributed as (
    {{ attributed('of_projects', source_user='project', date='event_date', project='project') }}
)

select
    web_event_key,
    event_date as measure_date,
    {{ org_columns() }},
    goal,
    conversions * share as web_conversion_count,
    case when project is not null then conversions * share end as project_conversion_count,
    case when project is not null then visits * share end as campaign_visit_count
from attributed
