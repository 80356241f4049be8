{# Whether a double is a number that can be compared: not null, NaN or infinite. #}
{% macro is_finite(value) %}{{ return(adapter.dispatch('is_finite', 'koers')(value)) }}{% endmacro %}
{% macro duckdb__is_finite(value) %}coalesce(isfinite({{ value }}), false){% endmacro %}
{# NaN is above every number to Spark, so it is not below infinity. #}
{% macro spark__is_finite(value) %}coalesce(abs({{ value }}) < cast('infinity' as double), false){% endmacro %}
