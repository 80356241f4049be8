-- One row is one training that an employee followed.
with

trainings as (
    select
        *,
        cast(null as string) as campaign
    from {{ ref('trainings') }}
),

attributed as (
    {{ attributed('trainings', source_user='employee', date='training_date', project='campaign') }}
)

select
    source || '/' || training_id as training_key,
    training_date as measure_date,
    {{ org_columns() }},
    hours * share as training_hour_count
from attributed
