{% macro valid_range() %}
    coalesce(valid_from, cast('1900-01-01' as date)) as valid_from,
    coalesce(valid_to, cast('9999-12-31' as date)) as valid_to
{% endmacro %}

{# A readable id out of a name: `department/central`. #}
{% macro slug(prefix, name) %}'{{ prefix }}/' || replace(lower(trim({{ name }})), ' ', '-'){% endmacro %}

{#
  The rows of a relation with the units they belong to on their day, never null. Who works in two
  teams gives a row in each, with the share of it: shares of one row of the relation add up to 1.
  A mapping for the source itself goes before one for any source (`*`); what neither knows is on
  the unassigned units of the organisation.
#}
{% macro attributed(relation, source_user, date, project) %}
select
    facts.*,
    facts.{{ date }} as attributed_on,
    coalesce(own.org_unit_id, anywhere.org_unit_id, root.unassigned_id) as org_unit_id,
    root.organisation_id,
    coalesce(own.department_id, anywhere.department_id, root.unassigned_department_id) as department_id,
    coalesce(own.team_id, anywhere.team_id, root.unassigned_team_id) as team_id,
    coalesce(own.individual_id, anywhere.individual_id, root.unassigned_id) as individual_id,
    coalesce(own.share, anywhere.share, cast(1 as decimal(5, 2))) as share,
    coalesce(project.project_id, project_anywhere.project_id, root.unassigned_project_id) as project_id
from {{ relation }} as facts
cross join {{ ref('int_org_root') }} as root
left join {{ ref('int_attribution') }} as own
    on
        facts.source = own.source
        and facts.{{ source_user }} = own.source_user
        and facts.{{ date }} between own.valid_from and own.valid_to
left join {{ ref('int_attribution') }} as anywhere
    on
        own.source is null
        and anywhere.source = '*'
        and facts.{{ source_user }} = anywhere.source_user
        and facts.{{ date }} between anywhere.valid_from and anywhere.valid_to
left join {{ ref('project_rules') }} as project
    on
        facts.source = project.source
        and facts.{{ project }} = project.rule_value
        and facts.{{ date }} between project.valid_from and project.valid_to
left join {{ ref('project_rules') }} as project_anywhere
    on
        project_anywhere.source = '*'
        and facts.{{ project }} = project_anywhere.rule_value
        and facts.{{ date }} between project_anywhere.valid_from and project_anywhere.valid_to
{% endmacro %}

{# amount_base: the amount at the rate of the day; null, never a guess, where no rate is known. #}
{% macro in_base_currency(relation, amount, currency, date) %}
select
    priced.*,
    cast(
        case
            when priced.{{ currency }} = '{{ env_var("KOERS_CURRENCY", "EUR") }}' then priced.{{ amount }}
            else round(priced.{{ amount }} * rates.rate, 2)
        end as decimal(18, 2)
    ) as amount_base
from {{ relation }} as priced
left join {{ ref('exchange_rates') }} as rates
    on
        priced.{{ currency }} = rates.currency
        and priced.{{ date }} between rates.valid_from and rates.valid_to
{% endmacro %}

{# Periods of one key that do not overlap: the later agreement ends the earlier one. #}
{% macro without_overlap(relation, keys, columns) %}
select
    {{ (keys + columns) | join(', ') }},
    valid_from,
    cast(least(
        valid_to,
        coalesce(
            lead(valid_from) over (partition by {{ keys | join(', ') }} order by valid_from) - 1,
            cast('9999-12-31' as date)
        )
    ) as date) as valid_to
from (
    select *
    from {{ relation }}
    where valid_from <= valid_to
    qualify row_number() over (
        partition by {{ keys | join(', ') }}, valid_from order by {{ (columns + ['valid_to']) | join(' nulls last, ') }}
    ) = 1
) as one_per_start
{% endmacro %}

{# Whether an id is the alias of somebody who was erased (docs/privacy.md). Their work still counts for
   their team, on its unassigned individual; figures of their own they have none. #}
{% macro is_erased(column) %}{{ column }} like '%koers-erased-%'{% endmacro %}
