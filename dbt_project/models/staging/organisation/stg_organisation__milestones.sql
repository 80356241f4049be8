-- One row is one landed version of one record of organisation.milestones, typed.
{% set fields = [
    'project_id', 'milestone', 'due_date', 'done_date'
] %}
{% set casts = {
    'due_date': 'business_date',
    'done_date': 'business_date',
} %}
with

source as ({{ landed('organisation', 'milestones', fields, full=true) }}),

renamed as (
    select
        'organisation' as source,
        record_id,
        updated_at,
        is_deleted,
        load_id,
        project_id,
        milestone,
        {{ business_date('due_date') }} as due_date,
        {{ business_date('done_date') }} as done_date,
        {{ quarantine_reason(casts, required=['project_id', 'milestone', 'due_date']) }} as quarantine_reason
    from source
)

select * from renamed
