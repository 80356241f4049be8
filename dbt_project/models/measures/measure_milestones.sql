-- One row is one milestone of a project, on the day it was due.
with

milestones as (
    select
        'organisation' as source,
        project_id as project,
        milestone,
        due_date,
        done_date
    from {{ ref('milestones') }}
),

attributed as (
    {{ attributed('milestones', source_user='project', date='due_date', project='project') }}
)

select
    project || '/' || milestone as milestone_key,
    due_date as measure_date,
    {{ org_columns() }},
    share as milestones_due,
    case when done_date <= due_date then share else 0 end as milestones_met
from attributed
