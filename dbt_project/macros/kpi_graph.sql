{#
  What the metric definitions say, read from dbt's graph while a model runs.
  dbt cannot ref() over its own graph, so the models that use these macros declare their
  dependencies by name (models_like), and read the definitions here.
#}

{% macro semantic_measures() %}
  {# Every measure of every semantic model: name, expr, agg, relation and node id. #}
  {% set found = [] %}
  {% if execute %}
    {% for model in graph.semantic_models.values() | sort(attribute='name') %}
      {% for measure in model.measures %}
        {% set agg = measure.agg | string | lower | replace('aggregationtype.', '') %}
        {% if agg not in ('sum', 'count', 'average') %}
          {{ exceptions.raise_compiler_error(
            "Measure " ~ measure.name ~ " of semantic model " ~ model.name ~ " has agg " ~ agg
            ~ "; the KPI facts know sum, count and average."
          ) }}
        {% endif %}
        {% do found.append({
          'name': measure.name,
          'expr': measure.expr or measure.name,
          'agg': agg,
          'date': model.defaults.agg_time_dimension,
          'relation': model.node_relation.relation_name,
          'node': model.depends_on.nodes[0],
        }) %}
      {% endfor %}
    {% endfor %}
  {% endif %}
  {{ return(found) }}
{% endmacro %}

{% macro kpi_metrics() %}
  {#
    Every metric with config.meta.kpi, resolved to measures:
    name, meta, type, numerator, denominator (none for an amount or a count), running (a balance),
    version (changes with the definition) and connectors (the sources it depends on).
  #}
  {% set found = [] %}
  {% if execute %}
    {% set measures = {} %}
    {% for measure in semantic_measures() %}
      {% do measures.update({measure.name: measure}) %}
    {% endfor %}
    {% set metrics = {} %}
    {% for metric in graph.metrics.values() %}
      {% do metrics.update({metric.name: metric}) %}
    {% endfor %}
    {% for metric in metrics.values() | sort(attribute='name') %}
      {% set meta = (metric.config.meta or {}).get('kpi') %}
      {% if meta %}
        {% set type = metric.type | string | lower | replace('metrictype.', '') %}
        {% set params = metric.type_params %}
        {% set inputs = namespace(numerator=none, denominator=none, running=false) %}
        {% if type == 'ratio' %}
          {% set inputs.numerator = koers_input_measure(metrics, params.numerator.name, metric.name) %}
          {% set inputs.denominator = koers_input_measure(metrics, params.denominator.name, metric.name) %}
        {% elif type == 'cumulative' %}
          {% set inputs.numerator = params.measure.name %}
          {% set inputs.running = true %}
        {% elif type == 'simple' %}
          {% set inputs.numerator = params.measure.name %}
          {% if measures[inputs.numerator].agg == 'average' %}
            {% set inputs.denominator = inputs.numerator ~ '__count' %}
          {% endif %}
        {% else %}
          {{ exceptions.raise_compiler_error(
            "KPI " ~ metric.name ~ " is of type " ~ type
            ~ "; the KPI facts know simple, ratio and cumulative. Write it as one of those."
          ) }}
        {% endif %}
        {% set nodes = [measures[inputs.numerator].node] %}
        {% if inputs.denominator %}
          {% do nodes.append(measures[inputs.denominator | replace('__count', '')].node) %}
        {% endif %}
        {% do found.append({
          'name': metric.name,
          'label': metric.label,
          'description': metric.description,
          'meta': meta,
          'type': type,
          'numerator': inputs.numerator,
          'denominator': inputs.denominator,
          'running': inputs.running,
          'version': local_md5(tojson([
            type, inputs.numerator, inputs.denominator, metric.filter | string,
            measures[inputs.numerator].expr
          ]))[:8],
          'connectors': koers_connectors_above(nodes),
        }) %}
      {% endif %}
    {% endfor %}
  {% endif %}
  {{ return(found) }}
{% endmacro %}

{% macro koers_input_measure(metrics, name, kpi) %}
  {# The measure behind an input metric of a ratio. #}
  {% if name not in metrics %}
    {{ exceptions.raise_compiler_error("KPI " ~ kpi ~ " uses metric " ~ name ~ ", which does not exist.") }}
  {% endif %}
  {% set input = metrics[name] %}
  {% if (input.type | string | lower | replace('metrictype.', '')) != 'simple' %}
    {{ exceptions.raise_compiler_error(
      "KPI " ~ kpi ~ " divides by or into metric " ~ name ~ ", which is not a simple metric."
    ) }}
  {% endif %}
  {{ return(input.type_params.measure.name) }}
{% endmacro %}

{% macro koers_connectors_above(nodes) %}
  {# The connectors whose streams stand upstream of these nodes, the organisation's files apart. #}
  {% set seen = [] %}
  {% set todo = nodes | list %}
  {% set connectors = [] %}
  {% for _ in range(10000) if todo %}
    {% set node = todo.pop() %}
    {% if node not in seen %}
      {% do seen.append(node) %}
      {% if node.startswith('source.') %}
        {% set connector = node.split('.')[2] %}
        {% if connector != 'organisation' and connector not in connectors %}
          {% do connectors.append(connector) %}
        {% endif %}
      {% elif node in graph.nodes %}
        {% do todo.extend(graph.nodes[node].depends_on.nodes) %}
      {% endif %}
    {% endif %}
  {% endfor %}
  {{ return(connectors | sort) }}
{% endmacro %}

{% macro grains() %}
  {{ return(['day', 'week', 'month', 'quarter', 'year']) }}
{% endmacro %}

{% macro org_columns() %}
    attributed_on,
    org_unit_id,
    organisation_id,
    department_id,
    team_id,
    individual_id,
    project_id
{% endmacro %}

{% macro declare_dependencies(names) %}
  {# ref() each name while parsing, so that the graph has the edge. #}
  {% for name in names %}
-- depends_on: {{ ref(name) }}
  {% endfor %}
{% endmacro %}
