-- One row is one budget of a project, on the day it was granted.
with

budgets as (
    select
        'organisation' as source,
        project_id as project,
        amount,
        valid_from
    from {{ ref('project_budgets') }}
),

attributed as (
    {{ attributed('budgets', source_user='project', date='valid_from', project='project') }}
)

select
    project || '/' || valid_from as budget_key,
    valid_from as measure_date,
    {{ org_columns() }},
    amount * share as budget_amount
from attributed
