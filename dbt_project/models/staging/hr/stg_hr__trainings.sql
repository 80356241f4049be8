-- One row is one landed version of one record of hr.trainings, typed.
{% set fields = [
    'training_id', 'employee', 'training_date', 'course', 'hours'
] %}
{% set casts = {
    'training_date': 'business_date',
    'hours': 'decimal',
} %}
with

source as ({{ landed('hr', 'trainings', fields) }}),

renamed as (
    select
        'hr' as source,
        record_id,
        updated_at,
        is_deleted,
        load_id,
        training_id,
        employee,
        {{ business_date('training_date') }} as training_date,
        course,
        {{ as_decimal('hours') }} as hours,
        {{ quarantine_reason(
            casts, required=['training_id', 'employee', 'training_date', 'hours']
        ) }} as quarantine_reason
    from source
)

select * from renamed
