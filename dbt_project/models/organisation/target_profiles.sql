-- One row is one month's weight in one profile, a way to spread a target over a year.
with

current_rows as ({{ current_records('target_profiles', ['profile', 'month_number', 'weight']) }})

select
    profile,
    month_number,
    weight
from current_rows
where month_number between 1 and 12 and weight > 0
qualify row_number() over (partition by profile, month_number order by record_id) = 1
