-- One row is one budget of one project that hangs in the organisation, from the day it was granted.
with

current_rows as ({{ current_records('project_budgets', ['project_id', 'amount', 'valid_from']) }})

select
    project_id,
    amount,
    valid_from
from current_rows
where project_id in (
    select org_unit_id from {{ ref('int_org_chains') }}
    where layer = 'project'
)
