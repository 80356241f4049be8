-- One row is one employee's place in one unit for one period; one place at a time.
with

given as (
    select person_id, org_unit_id, {{ valid_range() }}
    from {{ ref('stg_organisation__memberships') }}
    where quarantine_reason is null
    union all
    select {{ slug('person', 'person') }}, {{ slug('team', 'team') }}, {{ valid_range() }}
    from {{ ref('stg_organisation__org_chart') }}
    where quarantine_reason is null
)

{{ without_overlap('given', ['person_id'], ['org_unit_id']) }}
