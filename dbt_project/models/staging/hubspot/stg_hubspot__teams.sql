-- One row is one landed version of one record of hubspot.teams, typed.
{% set fields = [
    'team_id', 'name'
] %}
with

source as ({{ landed('hubspot', 'teams', fields, full=true) }}),

renamed as (
    select
        'hubspot' as source,
        record_id,
        updated_at,
        is_deleted,
        load_id,
        team_id,
        name as team_name,
        {{ quarantine_reason({}, required=['team_id']) }} as quarantine_reason
    from source
)

select * from renamed
