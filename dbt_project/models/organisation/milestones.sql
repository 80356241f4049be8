-- One row is one milestone of one project that hangs in the organisation.
with

current_rows as (
    {{ current_records('milestones', ['project_id', 'milestone', 'due_date', 'done_date']) }}
)

select
    project_id,
    milestone,
    due_date,
    done_date,
    lower(trim(milestone)) in ('lancering', 'launch') as is_launch
from current_rows
where project_id in (
    select org_unit_id from {{ ref('int_org_chains') }}
    where layer = 'project'
)
