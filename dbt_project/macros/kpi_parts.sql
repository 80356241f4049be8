{#
  How a KPI is made up of what its parts (child units) have.

  Sums over parts hold for an input that is added up, and for what is linear in such inputs. So a
  KPI whose value is linear is the sum of its parts, and one that is linear over linear is a ratio of
  such sums; of any other expression the parts have no figures of their own that add up to it.
#}

{#
  of: `sum` (numerator is the value), `ratio` (numerator over denominator) or none; numerator and
  denominator: SQL over i1, i2, ..., in which what is unknown of a part counts as nothing.
#}
{% macro koers_parts(value, numerator, denominator) %}
  {% if denominator is not none %}
    {% set top = koers_linear(koers_plain(numerator)) %}
    {% set bottom = koers_linear(koers_plain(denominator)) %}
    {% set found = {'of': 'ratio' if top and bottom else none, 'numerator': top, 'denominator': bottom} %}
    {{ return(found) }}
  {% endif %}
  {% set sql = koers_plain(value) %}
  {% if koers_linear(sql) %}
    {{ return({'of': 'sum', 'numerator': koers_linear(sql), 'denominator': none}) }}
  {% endif %}
  {% set number = '[0-9]+(?:\\.[0-9]+)?' %}
  {% set top = '((?:' ~ number ~ ' \\* )?(?:i[0-9]+|\\([^()]*\\)))' %}
  {% set divided = modules.re.match('^' ~ top ~ ' / nullif\\(([^()]*|\\([^()]*\\)), 0\\)$', sql) %}
  {% if divided %}
    {% set top = koers_linear(divided.group(1)) %}
    {% set bottom = koers_linear(divided.group(2)) %}
    {{ return({'of': 'ratio' if top and bottom else none, 'numerator': top, 'denominator': bottom}) }}
  {% endif %}
  {{ return({'of': none, 'numerator': none, 'denominator': none}) }}
{% endmacro %}

{# SQL over slots without what koers_sql puts around them. #}
{% macro koers_plain(sql) %}
  {% set plain = namespace(text=sql) %}
  {% set plain.text = modules.re.sub('cast\\((i[0-9]+) as double\\)', '\\1', plain.text) %}
  {% set finite = modules.re.match('^case when \\((.*)\\) between -1e18 and 1e18 then \\(\\1\\) end$', plain.text) %}
  {% if finite %}{% set plain.text = finite.group(1) %}{% endif %}
  {% set plain.text = modules.re.sub('(?<![a-z])\\((i[0-9]+)\\)', '\\1', plain.text) %}
  {{ return(modules.re.sub('\\s+', ' ', plain.text) | trim) }}
{% endmacro %}

{# The SQL with every unknown slot as 0, if it is linear in its slots without a constant; else none. #}
{% macro koers_linear(sql) %}
  {% set number = '[0-9]+(?:\\.[0-9]+)?' %}
  {% set term = '(?:' ~ number ~ ' ?\\* ?)?i[0-9]+(?: ?\\* ?' ~ number ~ ')?' %}
  {% set sum = '-? ?' ~ term ~ '(?: ?[-+] ?' ~ term ~ ')*' %}
  {% set whole = '^(?:' ~ sum ~ '|(?:' ~ number ~ ' \\* )?\\(' ~ sum ~ '\\))$' %}
  {% if modules.re.match(whole, sql) %}
    {{ return(modules.re.sub('(i[0-9]+)', 'coalesce(\\1, 0)', sql)) }}
  {% endif %}
  {{ return(none) }}
{% endmacro %}

{# The grains at which a KPI is explained: its cadence and the coarser ones. #}
{% macro explained_grains(cadence) %}
  {{ return(grains()[grains().index(cadence):] if cadence in grains() else []) }}
{% endmacro %}

{#
  Which rows of parts are kept, by grain, as SQL over placed.measure: all at the grains at which a
  KPI is explained; by day those that are added up over the days before a period too.
#}
{% macro measures_of_parts() %}
  {% set explained = [] %}
  {% set running = ["''"] %}
  {% for kpi in kpi_metrics() %}
    {% do explained.extend(explained_grains(kpi.cadence)) %}
    {% for input in kpi.inputs if input.running and text_literal(input.key) not in running %}
      {% do running.append(text_literal(input.key)) %}
    {% endfor %}
  {% endfor %}
  {% set found = {} %}
  {% for grain in grains() %}
    {% set by_day = 'measure in (' ~ running | join(', ') ~ ')' if grain == 'day' else 'false' %}
    {# Months and quarters also for the years that are added up from them. #}
    {% set summed = grain in ('month', 'quarter') and ('quarter' in explained or 'year' in explained) %}
    {% do found.update({grain: 'true' if grain in explained or summed else by_day}) %}
  {% endfor %}
  {{ return(found) }}
{% endmacro %}
