-- One row says whose work a user, account or cost centre of a source is, for one period. A tool that
-- gives its users numbers tells their addresses too, so that nobody need look the numbers up.
select
    source,
    source_user,
    person_id,
    org_unit_id,
    valid_from,
    valid_to
from {{ ref('int_known_users') }}
union all
select
    source,
    source_user,
    person_id,
    org_unit_id,
    valid_from,
    valid_to
from {{ ref('int_owner_aliases') }}
