{#
  A day's part of a target, in whole units of account (cents). What is due up to a day is rounded,
  never the part of a single day: so days, weeks, months and quarters add up to the target, and each
  is within a unit of what is due.

  units: the target in units of account. before, until: the part of the period's weight that lies
  before the day, and up to its end; 0 to 1. lower, upper: the stretch of the target that a unit
  takes part for, 0 to 1. Units side by side have stretches side by side, so what is due to all of
  them up to a day is what is due to the one above them, to the unit.
#}
{% macro target_part(units, before, until, lower='0', upper='1') -%}
cast(
    round({{ due(units, until) }} * {{ upper }}) - round({{ due(units, before) }} * {{ upper }})
    - round({{ due(units, until) }} * {{ lower }}) + round({{ due(units, before) }} * {{ lower }})
    as bigint
)
{%- endmacro %}

{# What is due of a target up to a part of its period, in whole units of account. #}
{% macro due(units, part) -%}
round(cast({{ units }} as double) * {{ part }})
{%- endmacro %}

{# How long a period of a grain is beside others: 1 is the shortest. #}
{% macro grain_rank(cell) -%}
case {{ cell }}{% for grain in grains() %} when '{{ grain }}' then {{ loop.index }}{% endfor %} end
{%- endmacro %}

{#
  The first day of the same period of last year. Days and weeks lie 52 weeks back, so that weekdays
  meet.
#}
{% macro last_year(grain, start) -%}
cast(
    case
        when {{ grain }} in ('day', 'week') then {{ start }} - 364
        else {{ dbt.dateadd('year', -1, start) }}
    end as date
)
{%- endmacro %}

{#
  How much of a target was met: 1 is all of it. The distance from the target as a part of its size,
  added where the value lies on the better side and taken off where it does not: value / target for
  a target above 0 of which more is better, 2 - value / target where less is. So it says the same
  below 0, and a cost twice the target is as far off (0) as a revenue of nothing. Of a KPI that has
  to lie within its band: 1 inside it, less by the distance outside it. Null for a target of 0,
  which has no size, unless it was met to the dot.
#}
{% macro attainment(direction, value, target, lower, upper) -%}
case
    when {{ direction }} = 'within' and {{ value }} between {{ lower }} and {{ upper }} then 1
    when {{ value }} = {{ target }} then 1
    when {{ direction }} = 'within'
        then 1 - greatest({{ lower }} - {{ value }}, {{ value }} - {{ upper }}) / nullif(abs({{ target }}), 0)
    when {{ direction }} = 'lower' then 1 - ({{ value }} - {{ target }}) / nullif(abs({{ target }}), 0)
    else 1 + ({{ value }} - {{ target }}) / nullif(abs({{ target }}), 0)
end
{%- endmacro %}
