-- One row is one page and campaign on one day: its visits, before or after the launch of its project.
with

launches as (
    select
        project_id,
        min(coalesce(done_date, due_date)) as launch_date
    from {{ ref('milestones') }}
    where is_launch
    group by project_id
),

visits as (select * from {{ ref('page_days') }}),

attributed as (
    {{ attributed('visits', source_user='page', date='visit_date', project='campaign') }}
)

select
    attributed.source || '/' || attributed.record_id as page_day_key,
    attributed.visit_date as measure_date,
    {{ org_columns('attributed') }},
    attributed.page,
    attributed.visits * attributed.share as visit_count,
    case
        when attributed.project_id not like '%/unassigned-project' then attributed.visits * attributed.share
    end as project_visit_count,
    case
        when attributed.visit_date < launches.launch_date then attributed.visits * attributed.share
    end as visits_before,
    case when attributed.visit_date < launches.launch_date then attributed.share end as page_days_before,
    case
        when attributed.visit_date >= launches.launch_date then attributed.visits * attributed.share
    end as visits_after,
    case when attributed.visit_date >= launches.launch_date then attributed.share end as page_days_after
from attributed
left join launches on attributed.project_id = launches.project_id
