-- One row is one invitation to a survey, on the day it was sent (where that is not known: answered).
with

invited as (
    select
        source,
        response_id,
        owner,
        campaign,
        score,
        coalesce(invited_date, responded_date) as invited_date
    from {{ ref('survey_responses') }}
    where coalesce(upper(survey_type), 'NPS') = 'NPS'
),

attributed as (
    {{ attributed('invited', source_user='owner', date='invited_date', project='campaign') }}
)

select
    source || '/' || response_id as response_key,
    invited_date as measure_date,
    {{ org_columns() }},
    share as survey_invitations,
    case when score is not null then share else 0 end as survey_answers
from attributed
where invited_date is not null
