-- One row says whose work a user, account or cost centre of a source is, for one period, as the people
-- said, or by the name of the person.
{% set columns = ['source_name', 'source_user', 'person_id', 'org_unit_id', 'valid_from', 'valid_to'] %}
with

current_rows as ({{ current_records('source_users', columns) }}),

given as (
    select source_name as source, source_user, person_id, org_unit_id, {{ valid_range() }}
    from current_rows
),

explicit as (
    {{ without_overlap('given', ['source', 'source_user'], ['person_id', 'org_unit_id']) }}
),

-- A tool that names its users by their own names needs no mapping.
named as (
    select
        '*' as source,
        people.name as source_user,
        min(people.person_id) as person_id,
        cast(null as string) as org_unit_id,
        cast('1900-01-01' as date) as valid_from,
        cast('9999-12-31' as date) as valid_to
    from {{ ref('people') }} as people
    where
        not exists (
            select 1 from explicit
            where explicit.source = '*' and explicit.source_user = people.name
        )
    group by people.name
    having count(distinct people.person_id) = 1
)

select
    source,
    source_user,
    person_id,
    org_unit_id,
    valid_from,
    valid_to
from explicit
union all
select
    source,
    source_user,
    person_id,
    org_unit_id,
    valid_from,
    valid_to
from named
