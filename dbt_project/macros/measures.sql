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
