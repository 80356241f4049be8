-- One row is one landed version of one record of pipedrive.users, typed.
{% set fields = [
    'owner_id', 'email', 'name'
] %}
with

source as ({{ landed('pipedrive', 'users', fields, full=true) }}),

renamed as (
    select
        'pipedrive' as source,
        record_id,
        updated_at,
        is_deleted,
        load_id,
        owner_id,
        email as login,
        name as owner_name,
        {{ quarantine_reason({}, required=['owner_id']) }} as quarantine_reason
    from source
)

select * from renamed
