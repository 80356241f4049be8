-- One row is one landed version of one record of hr.goals, typed.
{% set fields = [
    'goal_id', 'employee', 'goal', 'due_date', 'reached_date'
] %}
{% set casts = {
    'due_date': 'business_date',
    'reached_date': 'business_date',
} %}
with

source as ({{ landed('hr', 'goals', fields) }}),

renamed as (
    select
        'hr' as source,
        record_id,
        updated_at,
        is_deleted,
        load_id,
        goal_id,
        employee,
        goal,
        {{ business_date('due_date') }} as due_date,
        {{ business_date('reached_date') }} as reached_date,
        {{ quarantine_reason(casts, required=['goal_id', 'employee', 'due_date']) }} as quarantine_reason
    from source
)

select * from renamed
