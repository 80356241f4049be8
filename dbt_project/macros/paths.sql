{#
  The way from the organisation down to a unit: a list of ids, of which the first is the organisation.
  Engines spell what is done with lists in their own ways.
#}
{% macro path_start(unit) %}{{ return(adapter.dispatch('path_start', 'koers')(unit)) }}{% endmacro %}
{% macro duckdb__path_start(unit) %}[{{ unit }}]{% endmacro %}
{% macro spark__path_start(unit) %}array({{ unit }}){% endmacro %}

{% macro path_step(path, unit) %}{{ return(adapter.dispatch('path_step', 'koers')(path, unit)) }}{% endmacro %}
{% macro duckdb__path_step(path, unit) %}list_append({{ path }}, {{ unit }}){% endmacro %}
{% macro spark__path_step(path, unit) %}array_append({{ path }}, {{ unit }}){% endmacro %}

{# A list as one text: of a path, so that two ways can be compared. #}
{% macro list_text(list, separator) %}
  {{ return(adapter.dispatch('list_text', 'koers')(list, separator)) }}
{% endmacro %}
{% macro duckdb__list_text(list, separator) %}array_to_string({{ list }}, '{{ separator }}'){% endmacro %}
{% macro spark__list_text(list, separator) %}array_join({{ list }}, '{{ separator }}'){% endmacro %}

{% macro path_contains(path, unit) %}{{ return(adapter.dispatch('path_contains', 'koers')(path, unit)) }}{% endmacro %}
{% macro duckdb__path_contains(path, unit) %}list_contains({{ path }}, {{ unit }}){% endmacro %}
{% macro spark__path_contains(path, unit) %}array_contains({{ path }}, {{ unit }}){% endmacro %}

{# How many steps a unit on the path lies above its end. #}
{% macro path_distance(path, unit) %}{{ return(adapter.dispatch('path_distance', 'koers')(path, unit)) }}{% endmacro %}
{% macro duckdb__path_distance(path, unit) %}len({{ path }}) - list_position({{ path }}, {{ unit }}){% endmacro %}
{% macro spark__path_distance(path, unit) %}size({{ path }}) - array_position({{ path }}, {{ unit }}){% endmacro %}

{# The lowest unit of a layer on the path; null where there is none. #}
{% macro path_lowest(path, layers, layer) %}
  {{ return(adapter.dispatch('path_lowest', 'koers')(path, layers, layer)) }}
{% endmacro %}
{% macro duckdb__path_lowest(path, layers, layer) -%}
{{ path }}[len({{ path }}) - list_position(list_reverse({{ layers }}), '{{ layer }}') + 1]
{%- endmacro %}
{% macro spark__path_lowest(path, layers, layer) -%}
case
    when array_contains({{ layers }}, '{{ layer }}')
        then element_at({{ path }}, cast(-array_position(reverse({{ layers }}), '{{ layer }}') as integer))
end
{%- endmacro %}

{#
  The units of each path, a row for each: `keys`, and path_unit, path_layer, path_child (the unit below
  it on the path) and path_depth (steps above the end).
#}
{% macro path_units(relation, keys) %}
  {{ return(adapter.dispatch('path_units', 'koers')(relation, keys)) }}
{% endmacro %}
{% macro duckdb__path_units(relation, keys) %}
select
    {{ keys | join(', ') }},
    unnest(path) as path_unit,
    unnest(path_layers) as path_layer,
    unnest(list_append(path[2:], cast(null as string))) as path_child,
    len(path) - unnest(range(1, len(path) + 1)) as path_depth
from {{ relation }}
{% endmacro %}
{% macro spark__path_units(relation, keys) %}
select
    {{ keys | join(', ') }},
    step.path as path_unit,
    step.path_layers as path_layer,
    get(ways.path, position + 1) as path_child,
    size(ways.path) - position - 1 as path_depth
from {{ relation }} as ways
lateral view posexplode(arrays_zip(ways.path, ways.path_layers)) steps as position, step
{% endmacro %}

{# The texts of a group in one, in their order. #}
{% macro joined_texts(text, separator) %}
  {{ return(adapter.dispatch('joined_texts', 'koers')(text, separator)) }}
{% endmacro %}
{% macro duckdb__joined_texts(text, separator) %}string_agg({{ text }}, '{{ separator }}' order by {{ text }}){% endmacro %}
{% macro spark__joined_texts(text, separator) -%}
listagg({{ text }}, '{{ separator }}') within group (order by {{ text }})
{%- endmacro %}

{#
  All pairs of which the second can be reached from the first over the rows of a relation, each of
  which leads from `start_key` to `end_key`; circles are allowed. `with` and all: put it in brackets.
#}
{% macro reachable(relation) %}{{ return(adapter.dispatch('reachable', 'koers')(relation)) }}{% endmacro %}
{% macro duckdb__reachable(relation) %}
with recursive found as (
    select start_key, end_key
    from {{ relation }}
    union
    select found.start_key, steps.end_key
    from found
    inner join {{ relation }} as steps on found.end_key = steps.start_key
)

select start_key, end_key from found
{% endmacro %}
{# Spark follows no circles, so its steps are written out: as many as no organisation is deep. #}
{% macro spark__reachable(relation) %}
  {% set found = namespace(sql='(select distinct start_key, end_key from ' ~ relation ~ ')') %}
  {% set steps = '(select start_key, end_key from ' ~ relation ~ ' union select end_key, end_key from '
    ~ relation ~ ')' %}
  {% for hop in range(16) %}
    {% set found.sql = '(select distinct found.start_key, steps.end_key from ' ~ found.sql
      ~ ' as found inner join ' ~ steps ~ ' as steps on found.end_key = steps.start_key)' %}
  {% endfor %}
  {{ return('select start_key, end_key from ' ~ found.sql ~ ' as reached') }}
{% endmacro %}
