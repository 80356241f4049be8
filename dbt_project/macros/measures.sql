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

{#
  What has to be added up by day again, by semantic model: 'all'; a list of days, where it has
  records whose days are known beforehand; or nothing, where all it is made from is as it was.

  A model says of which records its rows are, one by one, and by which dates of them they can count
  (config.meta.record_dates: a list of columns for each entity). Of such a model the days of all
  versions of the records that came are enough, as long as nothing else it is made from changed. Of
  any other one everything is added up, and compared. So is all once a week, whatever was said.
#}
{% macro days_to_add_up(models) %}
  {% if not koers_remembers() %}{{ return(dict.fromkeys(models, 'all')) }}{% endif %}
  {% set above, stagings, tables, views = {}, {}, ['model.koers.int_org_chains'], [] %}
  {% for model, inputs in models.items() %}
    {% do koers_check_record_dates(model, inputs[0].record_dates) %}
    {% set found = inputs_above(inputs[0].node) %}
    {% do found.views.append(inputs[0].node) %}
    {% do above.update({model: found}) %}
    {% do stagings.update(found.stagings) %}
    {% for name in found.tables if name not in tables %}{% do tables.append(name) %}{% endfor %}
    {% for name in found.views if name not in views %}{% do views.append(name) %}{% endfor %}
  {% endfor %}
  {% set seen, marks = marks_seen(), marks_of(stagings, tables, views) %}
  {% for model, inputs in models.items() %}
    {% do marks.update({'measures of ' ~ model: local_md5(tojson(inputs, sort_keys=true))}) %}
  {% endfor %}
  {% set age = (run_started_at.date() - modules.datetime.date.fromisoformat(seen.get('all', '1970-01-01'))).days %}
  {% set all_again = age >= 7 or var('restate_from', none) is not none %}
  {% do note_marks(dict(marks, all=run_started_at.date().isoformat() if all_again else seen['all'])) %}
  {% set again = {} %}
  {% for model, inputs in models.items() %}
    {% set changed = [] %}
    {% set watched = ['model.koers.int_org_chains', 'measures of ' ~ model] %}
    {% do watched.extend(above[model].tables + above[model].views) %}
    {% for name in watched if marks[name] != seen.get(name) %}{% do changed.append(name) %}{% endfor %}
    {% set dates = namespace(select=[]) %}
    {% for name in above[model].stagings if marks[name] != seen.get(name) %}
      {% set columns = inputs[0].record_dates.get(name.split('__')[-1]) %}
      {% if columns %}
        {% do dates.select.append(dates_of_records(graph.nodes[name].relation_name, columns, seen.get(name, ''))) %}
      {% else %}
        {% do changed.append(name) %}
      {% endif %}
    {% endfor %}
    {% if all_again or changed %}
      {% do again.update({model: 'all'}) %}
    {% elif dates.select %}
      {% set days = run_query(dates.select | join('\nunion\n')).columns[0].values() %}
      {# A list that holds most of the days would be no shorter way. #}
      {% do again.update({model: days | list if days | length <= 400 else 'all'}) %}
    {% endif %}
  {% endfor %}
  {{ return(again) }}
{% endmacro %}

{% macro koers_check_record_dates(model, record_dates) %}
  {% for entity, columns in record_dates.items() %}
    {% set node = graph.nodes.get('model.koers.' ~ entity) %}
    {% for column in columns if node is none or column not in node.columns %}
      {{ exceptions.raise_compiler_error(
        "Semantic model " ~ model ~ ": config.meta.record_dates: there is no " ~ entity ~ "." ~ column
        ~ ". Write the name of a conformed table, and of its columns that hold the day on which a record counts."
      ) }}
    {% endfor %}
  {% endfor %}
{% endmacro %}

{# The days in all versions of the records of which a staging model got one after a load. #}
{% macro dates_of_records(relation, columns, load_id) %}
{% for column in columns %}
select distinct {{ column }} as record_date
from {{ relation }}
where
    record_id in (select record_id from {{ relation }} where load_id > '{{ load_id }}')
    and {{ column }} is not null
{{ 'union' if not loop.last }}
{% endfor %}
{% endmacro %}

{# Which rows of int_measure_days are compared with what days_to_add_up gave. #}
{% macro days_looked_at(models, again) %}
  {% set found = ['true'] %}
  {% for model, inputs in models.items() if again.get(model) != 'all' %}
    {% set keys = text_list(inputs | map(attribute='key')) %}
    {% set on_days = ' or measure_date in (' ~ date_list(again[model]) ~ ')' if model in again else '' %}
    {% do found.append('(measure not in (' ~ keys ~ ')' ~ on_days ~ ')') %}
  {% endfor %}
  {{ return(found | join('\n        and ')) }}
{% endmacro %}

{# The days as a list of SQL. #}
{% macro date_list(days) %}
{%- for day in days %}cast('{{ day }}' as date){{ ', ' if not loop.last }}{% endfor -%}
{% endmacro %}

{# What tells the rows of a day of a measure from others: how many, what they come to, and their hash. #}
{% macro days_told(relation, columns) %}
select
    measure,
    measure_date,
    count(*) as day_rows,
    sum(measure_value) as measure_value,
    sum(row_count) as row_count,
    {{ hash_of_rows(columns) }} as day_hash
from {{ relation }}
group by measure, measure_date
{% endmacro %}
