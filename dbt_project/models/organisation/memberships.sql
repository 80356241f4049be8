-- One row is one employee's place in one unit for one period; one place at a time.
with

current_rows as (
    {{ current_records('memberships', ['person_id', 'org_unit_id', 'valid_from', 'valid_to']) }}
),

chart as ({{ current_records('org_chart', ['person', 'team', 'valid_from', 'valid_to']) }}),

given as (
    select person_id, org_unit_id, {{ valid_range() }}
    from current_rows
    union all
    select
        {{ slug('person', 'person') }} as person_id,
        {{ slug('team', 'team') }} as org_unit_id,
        {{ valid_range() }}
    from chart
)

{{ without_overlap('given', ['person_id'], ['org_unit_id']) }}
