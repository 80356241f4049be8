-- One row: the organisation itself and the unassigned units below it.
with root as (
    select min(org_unit_id) as id from {{ ref('org_units') }}
    where layer = 'organisation'
)

select
    id as organisation_id,
    id || '/unassigned-department' as unassigned_department_id,
    id || '/unassigned-department/unassigned-team' as unassigned_team_id,
    id || '/unassigned-department/unassigned-team/unassigned-individual' as unassigned_id,
    id || '/unassigned-project' as unassigned_project_id
from root
