{#
  The names of the models that begin and end so. dbt cannot list its own models while it parses, so
  Koers passes their names in (pipelines/dbt.py); a new staging folder needs no other edit.
#}
{% macro models_like(prefix, suffix) %}
  {% set all = env_var('KOERS_MODELS', '') %}
  {% if not all %}
    {{ exceptions.raise_compiler_error(
      "KOERS_MODELS is not set. dbt needs the environment that Koers gives it (pipelines/dbt.py):"
      ~ " use `koers run` or `koers rebuild`, or export KOERS_MODELS=<model names, separated by commas>."
    ) }}
  {% endif %}
  {% set found = [] %}
  {% for name in all.split(',') %}
    {% if name.startswith(prefix) and name.endswith(suffix) %}{% do found.append(name) %}{% endif %}
  {% endfor %}
  {{ return(found) }}
{% endmacro %}

{# The staging models of an entity, as a list of {name, source}. #}
{% macro stagings_of(entity) %}
  {% set found = [] %}
  {% for name in models_like('stg_', '__' ~ entity) %}
    {% do found.append({'name': name, 'source': name.split('__')[0][4:]}) %}
  {% endfor %}
  {% if not found %}
    {{ exceptions.raise_compiler_error(
      "No staging model is called stg_<connector>__" ~ entity ~ ", so " ~ entity ~ " has no input."
    ) }}
  {% endif %}
  {{ return(found) }}
{% endmacro %}

{# The stream that a staging model reads: `entries` of stg_ledger__ledger_entries. #}
{% macro stream_of(staging) %}
  {% if execute %}
    {% for node in graph.nodes['model.koers.' ~ staging].depends_on.nodes if node.startswith('source.') %}
      {{ return(node.split('.')[-1]) }}
    {% endfor %}
  {% endif %}
  {{ return(staging.split('__')[1]) }}
{% endmacro %}

{# The connectors, the organisation's own files apart. #}
{% macro source_names() %}
  {% set found = [] %}
  {% if execute %}
    {% for source in graph.sources.values() if source.source_name not in found + ['organisation'] %}
      {% do found.append(source.source_name) %}
    {% endfor %}
  {% endif %}
  {{ return(found | sort) }}
{% endmacro %}
