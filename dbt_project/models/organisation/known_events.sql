-- One row is one holiday, campaign or outage that explains a movement.
{% set columns = ['event', 'kind', 'org_unit_id', 'kpi'] %}
with

current_rows as ({{ current_records('known_events', columns + ['valid_from', 'valid_to']) }})

select {{ columns | join(', ') }}, {{ valid_range() }}
from current_rows
