{#
  What an incremental model has seen of what it is made from, kept in a table of the warehouse: per
  input a mark, a text that changes when the input does. What has the mark that the model saw last
  need not be read again.
#}

{# The table: model, input, mark. #}
{% macro seen_marks() %}{{ return(target.schema ~ '.seen_marks') }}{% endmacro %}

{% macro keep_marks() %}
{% if target.type != 'spark' %}
create table if not exists {{ seen_marks() }} (model varchar, input varchar, mark varchar)
{% endif %}
{% endmacro %}

{# Whether what the model at hand sees is to be remembered: not on Spark, where all is made anew; not
   while a unit test puts something else in the place of the inputs; not where SQL is only looked at. #}
{% macro koers_remembers() %}
  {{ return(
    execute and target.type != 'spark' and model.resource_type == 'model' and flags.WHICH in ('build', 'run', 'retry')
  ) }}
{% endmacro %}

{# By input, the marks that the model at hand saw when it was last written; nothing where it is
   written from nothing. #}
{% macro marks_seen() %}
  {% set found = {} %}
  {% if koers_remembers() and is_incremental() %}
    {% for row in run_query(
      "select input, mark from " ~ seen_marks() ~ " where model = '" ~ this.identifier ~ "'"
    ).rows %}
      {% do found.update({row[0]: row[1]}) %}
    {% endfor %}
  {% endif %}
  {{ return(found) }}
{% endmacro %}

{# To be remembered by remember_marks, once the model is written. #}
{% macro note_marks(marks) %}
  {% if koers_remembers() %}{% do graph.update({'koers_marks_' ~ this.identifier: marks}) %}{% endif %}
{% endmacro %}

{# A post-hook, so in the transaction that writes the model: both are there, or neither. #}
{% macro remember_marks() %}
{% if execute and target.type != 'spark' and internal_table_exists('seen_marks') %}
{% set marks = graph.get('koers_marks_' ~ this.identifier, {}) %}
delete from {{ seen_marks() }} where model = '{{ this.identifier }}';
{% if marks %}
insert into {{ seen_marks() }} values
{% for input, mark in marks.items() %}
('{{ this.identifier }}', {{ text_literal(input) }}, {{ text_literal(mark) }}){{ ',' if not loop.last }}
{% endfor %}
{% endif %}
{% endif %}
{% endmacro %}

{# The number of this build of the model at hand, for its rows: one more than of any row before. #}
{% macro this_build() -%}
{%- if is_incremental() -%}
cast((select coalesce(max(build), 0) + 1 from {{ this }}) as bigint)
{%- else -%}
cast(1 as bigint)
{%- endif -%}
{%- endmacro %}

{# By model, the newest build of it that the model at hand has seen. Noted is the newest there is, and
   what else is to be (`besides`, by input). #}
{% macro note_builds(models, besides={}) %}
  {% set newest, builds = dict(besides), {} %}
  {% set seen = marks_seen() %}
  {% for model in models %}
    {% do builds.update({model: seen.get(model, 0) | int}) %}
    {% if koers_remembers() %}
      {% set found = run_query('select coalesce(max(build), 0) from ' ~ ref(model)) %}
      {% do newest.update({model: found.columns[0].values()[0] | string}) %}
    {% endif %}
  {% endfor %}
  {% do note_marks(newest) %}
  {{ return(builds) }}
{% endmacro %}

{# One number over the rows of a group, whatever their order, that changes with any of them. #}
{% macro hash_of_rows(columns) %}{{ return(adapter.dispatch('hash_of_rows', 'koers')(columns)) }}{% endmacro %}
{% macro default__hash_of_rows(columns) %}{{ return('sum(hash(' ~ columns | join(', ') ~ '))') }}{% endmacro %}

{#
  What a node is made from: stagings, the staging models of conformed records with the conformed model
  that reads them; views, with what they are made from in turn; and tables, which is every other
  model. By the ids of nodes.
#}
{% macro inputs_above(node, found=none) %}
  {% set found = found or {'stagings': {}, 'tables': [], 'views': []} %}
  {% set known = found.tables + found.views %}
  {% for name in graph.nodes[node].depends_on.nodes if name in graph.nodes and name not in known %}
    {% set above = graph.nodes[name] %}
    {% if above.fqn[1] == 'conformed' %}
      {% for staging in above.depends_on.nodes %}{% do found.stagings.update({staging: above.name}) %}{% endfor %}
    {% elif above.config.materialized == 'view' %}
      {% do found.views.append(name) %}
      {% do inputs_above(name, found) %}
    {% else %}
      {% do found.tables.append(name) %}
    {% endif %}
  {% endfor %}
  {{ return(found) }}
{% endmacro %}

{#
  By input, its mark: of the stagings of conformed records the newest load that is among them
  (remember_loads), of views what they say (the SQL, with the settings it was made with), of tables
  all their rows.
#}
{% macro marks_of(stagings, tables, views) %}
  {% set readers = stagings.values() | unique | join("', '") %}
  {% set asked = ["select input, mark from " ~ seen_marks() ~ " where model in ('" ~ readers ~ "')"] %}
  {% for name in tables %}
    {% do asked.append(
      "select '" ~ name ~ "', count(*) || '/' || coalesce(" ~ hash_of_rows(['looked_at']) ~ ", 0) from "
      ~ graph.nodes[name].relation_name ~ " as looked_at"
    ) %}
  {% endfor %}
  {% for name in views %}
    {% do asked.append(
      "select '" ~ name ~ "', max(view_definition) from information_schema.views where table_schema = '"
      ~ graph.nodes[name].schema ~ "' and table_name = '" ~ graph.nodes[name].name ~ "'"
    ) %}
  {% endfor %}
  {% set marks = {} %}
  {% for row in run_query(asked | join('\nunion all\n')).rows %}
    {% do marks.update({row[0]: local_md5(row[1] or '') if row[0] in views else row[1]}) %}
  {% endfor %}
  {{ return(marks) }}
{% endmacro %}

{# A post-hook of conformed records: up to which load of each staging model they have read. #}
{% macro remember_loads() %}
{% if execute and target.type != 'spark' and internal_table_exists('seen_marks') %}
delete from {{ seen_marks() }} where model = '{{ this.identifier }}';
insert into {{ seen_marks() }}
{% for name in model.depends_on.nodes %}
select '{{ this.identifier }}', '{{ name }}', coalesce(max(load_id), '') from {{ graph.nodes[name].relation_name }}
{{ 'union all' if not loop.last }}
{% endfor %}
{% endif %}
{% endmacro %}
