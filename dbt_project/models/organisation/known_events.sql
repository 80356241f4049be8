-- One row is one holiday, campaign or outage that explains a movement.
select event, kind, org_unit_id, {{ valid_range() }}
from {{ ref('stg_organisation__known_events') }}
where quarantine_reason is null
