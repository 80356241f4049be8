{#
  Casts of a landed text. What is no such value gives null, and `quarantine_reason` says so: it is
  given the same fields and kinds, so that no cell can turn into null without a word.
#}
{% macro as_decimal(cell) %}{{ return(as_kind(cell, 'decimal')) }}{% endmacro %}
{% macro as_number(cell) %}{{ return(as_kind(cell, 'number')) }}{% endmacro %}
{% macro as_rate(cell) %}{{ return(as_kind(cell, 'rate')) }}{% endmacro %}
{% macro as_integer(cell) %}{{ return(as_kind(cell, 'integer')) }}{% endmacro %}
{% macro as_date(cell) %}{{ return(as_kind(cell, 'date')) }}{% endmacro %}

{#
  kind: [SQL type, the text it accepts, in words]. The text is tested, since a bare cast would round
  12.7 to 13 and read `infinity` as a date. The calendar of Koers (dim_date) runs from 2000 to 2050:
  a day outside it would be in no period, so it is no business date.
#}
{% macro kinds() %}
  {{ return({
    'decimal': ['decimal(18, 2)', '[+-]?[0-9]+([.][0-9]+)?', 'decimal'],
    'number': ['decimal(18, 4)', '[+-]?[0-9]+([.][0-9]+)?', 'decimal'],
    'rate': ['decimal(18, 8)', '[+-]?[0-9]+([.][0-9]+)?', 'decimal'],
    'integer': ['bigint', '[+-]?[0-9]+', 'whole number'],
    'date': ['date', '[0-9]{4}-[0-9]{2}-[0-9]{2}', 'date'],
    'business_date': [none, '(20[0-4][0-9]|2050)-[0-9]{2}-[0-9]{2}([T ].+)?', 'date from 2000 to 2050'],
  }) }}
{% endmacro %}

{% macro as_kind(cell, kind) %}
  {% if kind == 'business_date' %}{{ return(business_date(cell)) }}{% endif %}
  {{ return(try_cast_to(cell, kinds()[kind][0], kinds()[kind][1])) }}
{% endmacro %}

{% macro try_cast_to(cell, type, pattern) %}
  {{ return(adapter.dispatch('try_cast_to', 'koers')(cell, type, pattern)) }}
{% endmacro %}
{% macro duckdb__try_cast_to(cell, type, pattern) -%}
case when regexp_full_match({{ cell }}, '{{ pattern }}') then try_cast({{ cell }} as {{ type }}) end
{%- endmacro %}
{% macro spark__try_cast_to(cell, type, pattern) -%}
case when {{ cell }} rlike '^({{ pattern }})$' then try_cast({{ cell }} as {{ type }}) end
{%- endmacro %}

{# The day in the business time zone of a date, or of a moment in UTC. #}
{% macro business_date(cell) %}{{ return(adapter.dispatch('business_date', 'koers')(cell)) }}{% endmacro %}
{% macro duckdb__business_date(cell) -%}
case
    when not regexp_full_match({{ cell }}, '{{ kinds()["business_date"][1] }}') then null
    when length({{ cell }}) = 10 then try_cast({{ cell }} as date)
    else cast(timezone('{{ env_var("KOERS_TIME_ZONE", "Europe/Amsterdam") }}', try_cast({{ cell }} as timestamptz)) as date)
end
{%- endmacro %}
{# The session's zone is UTC (profiles.yml), so a moment is shifted from there. #}
{% macro spark__business_date(cell) -%}
case
    when not {{ cell }} rlike '^({{ kinds()["business_date"][1] }})$' then null
    when length({{ cell }}) = 10 then try_cast({{ cell }} as date)
    else cast(from_utc_timestamp(try_cast({{ cell }} as timestamp), '{{ env_var("KOERS_TIME_ZONE", "Europe/Amsterdam") }}') as date)
end
{%- endmacro %}

{#
  Why a row cannot be used; null when it can. A deleted record needs no values.

  casts: {field: kind} of the source's fields. required: fields that must have a value.
  rules: {what is wrong: the condition under which it is}, over the source's fields.
#}
{% macro quarantine_reason(casts={}, required=[], rules={}) -%}
case
    when not is_deleted
        then nullif(concat_ws(
            '; ',
            null
            {%- for cell, kind in casts.items() %},
            case
                when {{ cell }} is not null and ({{ as_kind(cell, kind) }}) is null
                    then '{{ cell }}: ''' || left({{ cell }}, 60) || ''' is no {{ kinds()[kind][2] }}'
            end
            {%- endfor %}
            {%- for cell in required %},
            case when {{ cell }} is null then '{{ cell }}: is empty' end
            {%- endfor %}
            {%- for wrong, condition in rules.items() %},
            case when {{ condition }} then {{ quoted_text(wrong) }} end
            {%- endfor %}

        ), '')
end
{%- endmacro %}
