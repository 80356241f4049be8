-- One row is one development goal of an employee, on the day it was due.
with

goals as (
    select
        *,
        cast(null as string) as campaign
    from {{ ref('development_goals') }}
),

attributed as (
    {{ attributed('goals', source_user='employee', date='due_date', project='campaign') }}
)

select
    source || '/' || goal_id as goal_key,
    due_date as measure_date,
    {{ org_columns() }},
    share as goals_due,
    case when reached_date <= due_date then share else 0 end as goals_met
from attributed
