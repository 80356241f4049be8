-- One row is one employee for one period.
with

current_rows as (
    {{ current_records('people', ['person_id', 'name', 'valid_from', 'valid_to']) }}
),

chart as ({{ current_records('org_chart', ['person']) }})

select person_id, name, {{ valid_range() }}
from current_rows
union all
select distinct
    {{ slug('person', 'person') }} as person_id,
    person as name,
    cast('1900-01-01' as date) as valid_from,
    cast('9999-12-31' as date) as valid_to
from chart
