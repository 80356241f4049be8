{# One field of the landed record, as text; null where absent or empty. #}
{% macro field(name) %}{{ return(adapter.dispatch('field', 'koers')(name)) }}{% endmacro %}
{% macro duckdb__field(name) %}nullif(json_extract_string(record, '$.{{ name }}'), ''){% endmacro %}

{% macro try_cast_to(expr, type) %}{{ return(adapter.dispatch('try_cast_to', 'koers')(expr, type)) }}{% endmacro %}
{% macro default__try_cast_to(expr, type) %}try_cast({{ expr }} as {{ type }}){% endmacro %}

{# The business date of a UTC moment, or of a text that is one or is a date already. #}
{% macro business_date(expr) %}{{ return(adapter.dispatch('business_date', 'koers')(expr)) }}{% endmacro %}
{% macro duckdb__business_date(expr) -%}
case
    when length({{ expr }}) = 10 then try_cast({{ expr }} as date)
    else cast(
        timezone('{{ env_var("KOERS_TIME_ZONE", "Europe/Amsterdam") }}', try_cast({{ expr }} as timestamptz)) as date
    )
end
{%- endmacro %}
