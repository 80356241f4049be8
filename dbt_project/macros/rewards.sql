{#
  What attainment pays on a reward curve: nothing below the threshold, straight lines between the
  points, and no more than at the cap. curve: the relation that holds the points.
#}
{% macro payout(attainment, curve) -%}
case
    when {{ attainment }} < {{ curve }}.threshold_attainment then 0
    when {{ attainment }} < {{ curve }}.target_attainment
        then {{ curve }}.threshold_payout
            + ({{ curve }}.target_payout - {{ curve }}.threshold_payout)
            * ({{ attainment }} - {{ curve }}.threshold_attainment)
            / ({{ curve }}.target_attainment - {{ curve }}.threshold_attainment)
    when {{ attainment }} < {{ curve }}.cap_attainment
        then {{ curve }}.target_payout
            + ({{ curve }}.cap_payout - {{ curve }}.target_payout)
            * ({{ attainment }} - {{ curve }}.target_attainment)
            / ({{ curve }}.cap_attainment - {{ curve }}.target_attainment)
    when {{ attainment }} >= {{ curve }}.cap_attainment then {{ curve }}.cap_payout
end
{%- endmacro %}

{# A number as a reader of that language writes it: 1.234,5 (nl) or 1,234.5 (en). #}
{% macro written_number(cell, decimals, language) -%}
{{ return(adapter.dispatch('written_number', 'koers')(cell, decimals, language)) }}
{%- endmacro %}
{% macro duckdb__written_number(cell, decimals, language) -%}
{%- set english = "format('{:,." ~ decimals ~ "f}', cast(" ~ cell ~ " as double))" -%}
{{ return("translate(" ~ english ~ ", ',.', '.,')" if language == 'nl' else english) }}
{%- endmacro %}
{% macro spark__written_number(cell, decimals, language) -%}
{%- set english = "format_number(cast(" ~ cell ~ " as double), " ~ decimals ~ ")" -%}
{{ return("translate(" ~ english ~ ", ',.', '.,')" if language == 'nl' else english) }}
{%- endmacro %}

{# A KPI value in its unit as a reader of that language writes it. #}
{% macro written_value(cell, unit, language) -%}
case
    when {{ unit }} = 'percent' then {{ written_number(cell ~ ' * 100', 1, language) }} || '%'
    when {{ unit }} = 'currency' then {{ base_currency() }} || ' ' || {{ written_number(cell, 2, language) }}
    when {{ cell }} = round({{ cell }}) then {{ written_number(cell, 0, language) }}
    else {{ written_number(cell, 1, language) }}
end
{%- endmacro %}

{# A part as a percentage: 1 is 100%. #}
{% macro written_part(cell, language) -%}
{{ written_number(cell ~ ' * 100', 1, language) }} || '%'
{%- endmacro %}
