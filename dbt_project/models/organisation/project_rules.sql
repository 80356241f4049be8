-- One row says which campaign, tag, pipeline or code belongs to a project, for one period.
with given as (
    select source_name as source, rule_value, project_id, {{ valid_range() }}
    from {{ ref('stg_organisation__project_rules') }}
    where
        quarantine_reason is null
        and project_id in (select org_unit_id from {{ ref('org_units') }} where layer = 'project')
)

{{ without_overlap('given', ['source', 'rule_value'], ['project_id']) }}
