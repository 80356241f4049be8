-- One row is one employee for one period.
select person_id, name, {{ valid_range() }}
from {{ ref('stg_organisation__people') }}
where quarantine_reason is null
union all
select distinct
    {{ slug('person', 'person') }}, person, cast('1900-01-01' as date), cast('9999-12-31' as date)
from {{ ref('stg_organisation__org_chart') }}
where quarantine_reason is null
