-- One row is one landed version of one record of hubspot.owners, typed.
{% set fields = [
    'owner_id', 'email', 'first_name', 'last_name'
] %}
with

source as ({{ landed('hubspot', 'owners', fields, full=true) }}),

renamed as (
    select
        'hubspot' as source,
        record_id,
        updated_at,
        is_deleted,
        load_id,
        owner_id,
        email as login,
        nullif(trim(concat_ws(' ', first_name, last_name)), '') as owner_name,
        {{ quarantine_reason({}, required=['owner_id']) }} as quarantine_reason
    from source
)

select * from renamed
