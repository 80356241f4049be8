{# A double as the decimal in which contributions add up; unknown where no KPI is as large. #}
{% macro exact(number) -%}
case when abs({{ number }}) < 1e18 then cast({{ number }} as decimal(38, 10)) end
{%- endmacro %}

{# The first day of the period before one, or of the same period a year before. Days and weeks are
   compared with 52 weeks before, so that weekdays meet. #}
{% macro compared_start(comparison, grain, start) %}
case {{ grain }}
    {% for each in grains() %}
    {% if comparison == 'previous_period' %}
    when '{{ each }}' then cast({{ dbt.dateadd(each, -1, start) }} as date)
    {% elif each in ('day', 'week') %}
    when '{{ each }}' then cast({{ dbt.dateadd('day', -364, start) }} as date)
    {% else %}
    when '{{ each }}' then cast({{ dbt.dateadd('year', -1, start) }} as date)
    {% endif %}
    {% endfor %}
end
{% endmacro %}

{#
  What one of several factors contributed to the change of their product, or of the first over the
  second: the Shapley value (Shorrocks 2013, "Decomposition procedures for distributional analysis:
  a unified framework based on the Shapley value"). It is what the result changes by when the factor
  goes from before to now, averaged over all orders in which the factors may go; so no order is
  preferred, and the contributions add up to the change whatever the signs and zeros.

  SQL over doubles now1, now2, ... and before1, before2, ...; position counts from 1.
#}
{% macro shapley(relation, factors, position) %}
  {% set factorial = [1, 1, 2, 6, 24] %}
  {% set terms = [] %}
  {% for subset in range(2 ** factors) if (subset // 2 ** (position - 1)) % 2 == 0 %}
    {% set moved = namespace(count=0, others=[]) %}
    {% set with = [] %}
    {% set without = [] %}
    {% for factor in range(1, factors + 1) %}
      {% set is_now = (subset // 2 ** (factor - 1)) % 2 == 1 %}
      {% if is_now %}{% set moved.count = moved.count + 1 %}{% endif %}
      {% do with.append(('now' if is_now or factor == position else 'before') ~ factor) %}
      {% do without.append(('now' if is_now else 'before') ~ factor) %}
    {% endfor %}
    {% set weight = factorial[moved.count] * factorial[factors - moved.count - 1] %}
    {% do terms.append(
      weight ~ ' * (' ~ relation_of(relation, with) ~ ' - ' ~ relation_of(relation, without) ~ ')'
    ) %}
  {% endfor %}
  ({{ terms | join(' + ') }}) / {{ factorial[factors] }}.0
{%- endmacro %}

{% macro relation_of(relation, values) -%}
{{ values[0] ~ ' / nullif(' ~ values[1] ~ ', 0)' if relation == 'ratio' else values | join(' * ') }}
{%- endmacro %}

{#
  The KPIs with a declared relation to their drivers: name, relation, scale, and drivers with their
  name, position, sign and whether they add up (their unknown is nothing).
#}
{% macro driver_relations() %}
  {% set kpis = kpi_metrics() %}
  {% set sums = kpis | selectattr('parts', 'equalto', 'sum') | map(attribute='name') | list %}
  {% set found = [] %}
  {% for kpi in kpis if kpi.meta.get('driver_relation') %}
    {% set signs = kpi.meta.get('driver_signs') or [] %}
    {% set drivers = [] %}
    {% for driver in kpi.meta.drivers %}
      {% do drivers.append({
        'name': driver,
        'position': loop.index,
        'sign': signs[loop.index0] if signs else 1,
        'adds_up': driver in sums,
      }) %}
    {% endfor %}
    {% do found.append({
      'name': kpi.name,
      'relation': kpi.meta.driver_relation,
      'scale': kpi.meta.get('driver_scale') or 1,
      'drivers': drivers,
    }) %}
  {% endfor %}
  {{ return(found) }}
{% endmacro %}

{# What a KPI has to be by its relation, in SQL over driver_1.kpi_value, driver_2.kpi_value, ... #}
{% macro related_value(kpi) %}
  {% set values = [] %}
  {% for driver in kpi.drivers %}
    {% set value = 'driver_' ~ driver.position ~ '.kpi_value' %}
    {% if kpi.relation == 'sum' %}
      {% do values.append(driver.sign ~ ' * coalesce(' ~ value ~ ', 0)') %}
    {% else %}
      {% do values.append('coalesce(' ~ value ~ ', 0)' if driver.adds_up else value) %}
    {% endif %}
  {% endfor %}
  {% if kpi.relation == 'sum' %}{{ return(values | join(' + ')) }}{% endif %}
  {{ return(kpi.scale ~ ' * ' ~ relation_of(kpi.relation, values)) }}
{% endmacro %}
