{#
  Tests of tables that grow look at what was written since they last passed, and at what it may clash
  with. How far a test has passed is kept in seen_marks when a run of dbt ends; one that fails, or a
  run that is killed, leaves it where it was, so that the next looks at the same rows again. A table
  that was written from nothing is looked at whole (remember_marks).

  A test says by which column its model tells what is new (`written`): the number of the build, or
  the load of a record, of which each source has its own newest.
#}

{# SQL that is true of the rows written since the test at hand passed; none where it is to look at all. #}
{% macro since_passed(written) %}
  {% set found = [] %}
  {% if execute and written and target.type != 'spark' and internal_table_exists('seen_marks') %}
    {% for row in run_query(
      "select input, mark from " ~ seen_marks() ~ " where model = '" ~ model.unique_id ~ "' order by input"
    ).rows %}
      {% if written == 'load_id' %}
        {% do found.append("when '" ~ row[0] ~ "' then '" ~ row[1] ~ "'") %}
      {% else %}
        {{ return(written ~ ' > ' ~ row[1]) }}
      {% endif %}
    {% endfor %}
  {% endif %}
  {{ return("load_id > case source " ~ found | join(' ') ~ " else '' end" if found else none) }}
{% endmacro %}

{# When a run of dbt ends: how far its tests have passed. #}
{% macro remember_passed(results) %}
{% if execute and target.type != 'spark' and internal_table_exists('seen_marks') %}
{% for result in results if result.node.resource_type == 'test' and result.status == 'pass' %}
{% set node = result.node %}
{% set written = (node.test_metadata.kwargs if node.test_metadata else node.config.meta).get('written') %}
{% set tested = node.attached_node or 'model.koers.' ~ node.config.meta.get('written_in', '') %}
{% if written %}
delete from {{ seen_marks() }} where model = '{{ node.unique_id }}';
insert into {{ seen_marks() }}
select
    '{{ node.unique_id }}',
    {{ 'source' if written == 'load_id' else "'build'" }},
    cast(max({{ written }}) as varchar)
from {{ graph.nodes[tested].relation_name }}
{{ 'group by source' if written == 'load_id' else 'having count(*) > 0' }};
{% endif %}
{% endfor %}
{% endif %}
{% endmacro %}

{# What tests of a model passed is nothing to go by once it was written from nothing. #}
{% macro forget_passed() %}
{% if execute and not is_incremental() and target.type != 'spark' and internal_table_exists('seen_marks') %}
{% set tests = [] %}
{% for node in graph.nodes.values() if node.resource_type == 'test' and model.unique_id in node.depends_on.nodes %}
{% do tests.append("'" ~ node.unique_id ~ "'") %}
{% endfor %}
{% if tests %}
delete from {{ seen_marks() }} where model in ({{ tests | join(', ') }})
{% endif %}
{% endif %}
{% endmacro %}

{#
  Rows that may be the same by these columns: those whose hash is another's too. An engine may group
  by one number sooner than by all of the columns.
#}
{% macro maybe_twice(relation, columns) %}
  {{ return(adapter.dispatch('maybe_twice', 'koers')(relation, columns)) }}
{% endmacro %}
{% macro default__maybe_twice(relation, columns) %}
  {{ return('select ' ~ columns | join(', ') ~ ' from ' ~ relation) }}
{% endmacro %}
{% macro duckdb__maybe_twice(relation, columns) %}
  {% set key_hash = 'hash(' ~ columns | join(', ') ~ ')' %}
  {{ return(
    'select ' ~ columns | join(', ') ~ ' from ' ~ relation ~ ' where ' ~ key_hash ~ ' in (select ' ~ key_hash
    ~ ' from ' ~ relation ~ ' group by ' ~ key_hash ~ ' having count(*) > 1)'
  ) }}
{% endmacro %}
