-- One row is one call, meeting or visit that an employee logged.
with

activities as (select * from {{ ref('activities') }}),

attributed as (
    {{ attributed('activities', source_user='owner', date='activity_date', project='campaign') }}
)

select
    attributed.source || '/' || attributed.activity_id as activity_key,
    attributed.activity_date as measure_date,
    {{ org_columns('attributed') }},
    attributed.share as activity_count,
    {{ person('attributed') }} as people_with_activities
from attributed
where attributed.activity_date is not null
