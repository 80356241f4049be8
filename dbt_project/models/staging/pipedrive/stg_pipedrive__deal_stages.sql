-- One row is one landed version of one record of pipedrive.stages, typed.
{% set fields = [
    'pipeline_id', 'pipeline', 'stage_id', 'stage'
] %}
with

source as ({{ landed('pipedrive', 'stages', fields, full=true) }}),

renamed as (
    select
        'pipedrive' as source,
        record_id,
        updated_at,
        is_deleted,
        load_id,
        pipeline_id,
        pipeline,
        stage_id,
        stage as stage_name,
        {{ quarantine_reason({}, required=['stage_id']) }} as quarantine_reason
    from source
)

select * from renamed
