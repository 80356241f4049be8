-- One row is one unit as a part of one unit it hangs under, at any time. A unit that moved, or
-- somebody in two teams, is a part of each; what it did for each is counted apart.
select distinct
    ancestor_id || '>' || child_id as part_id,
    ancestor_id as parent_id,
    child_id
from {{ ref('int_org_paths') }}
where child_id is not null
