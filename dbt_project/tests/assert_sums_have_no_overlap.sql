{{ config(meta={'dagster': {'ref': {'name': 'fct_kpi_contributions'}}}) }}
-- Where everything is added up, the children are the unit: an overlap would hide work that is counted
-- twice or never. Only what is counted as distinct, a lowest or a highest may overlap.
{% set overlapping = [] %}
{% for kpi in kpi_metrics() %}
{% for input in kpi.inputs if input.agg in ('count_distinct', 'min', 'max') %}
{% do overlapping.append(kpi.name) %}
{% endfor %}
{% endfor %}
select
    kpi,
    org_unit_id,
    grain,
    period_start,
    comparison,
    contributor,
    contribution
from {{ ref('fct_kpi_contributions') }}
where
    contributor_type = 'child_unit'
    and contributor in ('(overlap)', '(remainder)')
    and kpi not in ({% for name in overlapping %}{{ text_literal(name) }}, {% endfor %}'')
