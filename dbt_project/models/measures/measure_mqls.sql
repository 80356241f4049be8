-- One row is one contact on the day it became a marketing-qualified lead.
with

qualified as (
    select
        source,
        contact_id,
        owner,
        campaign,
        mql_date
    from {{ ref('int_contacts') }}
    where mql_date is not null
),

attributed as ({{ attributed('qualified', source_user='owner', date='mql_date', project='campaign') }})

select
    source || '/' || contact_id as contact_key,
    mql_date as measure_date,
    {{ org_columns() }},
    share as mql_count,
    case when project_id not like '%/unassigned-project' then share end as project_mql_count
from attributed
