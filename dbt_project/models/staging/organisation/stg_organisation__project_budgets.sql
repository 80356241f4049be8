-- One row is one landed version of one record of organisation.project_budgets, typed.
{% set fields = [
    'project_id', 'amount', 'valid_from', 'valid_to'
] %}
{% set casts = {
    'amount': 'decimal',
    'valid_from': 'business_date',
    'valid_to': 'date',
} %}
with

source as ({{ landed('organisation', 'project_budgets', fields, full=true) }}),

renamed as (
    select
        'organisation' as source,
        record_id,
        updated_at,
        is_deleted,
        load_id,
        project_id,
        {{ as_decimal('amount') }} as amount,
        {{ business_date('valid_from') }} as valid_from,
        {{ as_date('valid_to') }} as valid_to,
        {{ quarantine_reason(casts, required=['project_id', 'amount', 'valid_from']) }} as quarantine_reason
    from source
)

select * from renamed
