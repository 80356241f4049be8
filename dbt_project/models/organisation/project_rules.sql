-- One row says which campaign, tag, pipeline or code belongs to a project, for one period.
with

current_rows as (
    {{ current_records('project_rules', ['source_name', 'rule_value', 'project_id', 'valid_from', 'valid_to']) }}
),

-- Only of projects that hang in the organisation: a fact of another would have no unit.
given as (
    select source_name as source, rule_value, project_id, {{ valid_range() }}
    from current_rows
    where
        source_name <> 'organisation'
        and project_id in (
            select org_unit_id from {{ ref('int_org_chains') }}
            where layer = 'project'
        )
    -- The organisation's own files call a project by its id.
    union all
    select distinct
        'organisation' as source,
        org_unit_id as rule_value,
        org_unit_id as project_id,
        cast('1900-01-01' as date) as valid_from,
        cast('9999-12-31' as date) as valid_to
    from {{ ref('int_org_chains') }}
    where layer = 'project'
)

{{ without_overlap('given', ['source', 'rule_value'], ['project_id']) }}
