{# The SQL of an input's measure on a row; null where its filter leaves the row out. #}
{% macro measure_value(input) -%}
{%- if input.filters -%}
case when {% for filter in input.filters %}({{ filter }}){{ ' and ' if not loop.last }}{% endfor %} then {{ input.expr }} end
{%- else -%}
{{ input.expr }}
{%- endif -%}
{%- endmacro %}

{# ... and added up over rows. An average is a weighted sum over the weights of what it is taken of. #}
{% macro measure_aggregation(input) -%}
{%- if input.agg == 'weights' or input.agg == 'count' -%}
sum(case when {{ measure_value(input) }} is not null then share end)
{%- elif input.weighted -%}
sum(({{ measure_value(input) }}) * share)
{%- else -%}
{{ input.agg }}({{ measure_value(input) }})
{%- endif -%}
{%- endmacro %}

{#
  The rows of int_measure_days for which `condition` holds, on the units that they count for: the
  unit itself and everything above it on the day it was attributed; the project beside them; and
  apart (is_part), what every unit on the way did for the one it hung under that day. A day whose
  last row went is on no unit (org_unit_id '').
#}
{% macro on_units(relation, condition) %}
{% for is_part in [false, true] %}
select
    days.measure,
    days.aggregation,
    days.measure_date,
    days.entity,
    days.measure_value,
    days.row_count,
    days.build,
    {{ 'parts.part_id' if is_part else 'paths.ancestor_id' }} as org_unit_id,
    {{ is_part | lower }} as is_part
from {{ relation }} as days
inner join {{ ref('int_org_paths') }} as paths
    on
        days.org_unit_id = paths.leaf_id
        and days.team_id = paths.parent_id
        and days.attributed_on between paths.valid_from and paths.valid_to
{% if is_part %}
inner join {{ ref('int_org_parts') }} as parts
    on paths.ancestor_id = parts.parent_id and paths.child_id = parts.child_id
{% endif %}
where days.{{ condition }}
union all
{% endfor %}
select
    measure,
    aggregation,
    measure_date,
    entity,
    measure_value,
    row_count,
    build,
    case when row_count = 0 then '' else project_id end as org_unit_id,
    false as is_part
from {{ relation }}
where {{ condition }}
{% endmacro %}

{# What rows of one aggregation are together: the least, the most, or the sum. #}
{% macro added_up(aggregation, value) -%}
cast(
    case {{ aggregation }}
        when 'min' then min({{ value }})
        when 'max' then max({{ value }})
        else sum({{ value }})
    end as decimal(28, 4)
)
{%- endmacro %}
