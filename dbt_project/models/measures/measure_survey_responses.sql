-- One row is one answered NPS question; an unanswered one counts neither for nor against.
with

answered as (
    select *
    from {{ ref('survey_responses') }}
    where score between 0 and 10 and coalesce(upper(survey_type), 'NPS') = 'NPS'
),

attributed as (
    {{ attributed('answered', source_user='owner', date='responded_date', project='campaign') }}
)

select
    source || '/' || response_id as response_key,
    responded_date as measure_date,
    {{ org_columns() }},
    share as nps_answers,
    case when score >= 9 then 100 when score <= 6 then -100 else 0 end * share as nps_points,
    -- Squared, for the margin of error.
    case when score >= 9 or score <= 6 then 10000 else 0 end * share as nps_squares
from attributed
where responded_date is not null
