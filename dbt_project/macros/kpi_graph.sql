{#
  What the metric definitions say, read from dbt's graph while a model runs.
  dbt cannot ref() over its own graph, so the models that use these macros declare their
  dependencies by name (models_like), and read the definitions here. pipelines/kpis refuses what
  these macros do not know, with its file and a remedy, before dbt runs.

  A KPI is an expression over inputs. An input is one measure under one filter, taken in one way:
  of the period itself, or added up over a window of days before the end of the period.
#}

{% macro semantic_measures() %}
  {# Every measure by name: model, expr, agg, date, relation, node, unit, record_dates, dimensions
     (name: SQL). #}
  {% set found = {} %}
  {% if execute %}
    {% for model in graph.semantic_models.values() %}
      {% set dimensions = {} %}
      {% for dimension in model.dimensions %}
        {% do dimensions.update({dimension.name: dimension.expr or dimension.name}) %}
      {% endfor %}
      {% for measure in model.measures %}
        {% do found.update({measure.name: {
          'name': measure.name,
          'model': model.name,
          'expr': measure.expr or measure.name,
          'agg': measure.agg | string | lower | replace('aggregationtype.', ''),
          'date': measure.agg_time_dimension or model.defaults.agg_time_dimension,
          'relation': model.node_relation.relation_name,
          'node': model.depends_on.nodes[0],
          'unit': ((measure.config or {}).meta or {}).get('unit', 'count'),
          'record_dates': ((model.config or {}).meta or {}).get('record_dates') or {},
          'dimensions': dimensions,
        }}) %}
      {% endfor %}
    {% endfor %}
  {% endif %}
  {{ return(found) }}
{% endmacro %}

{% macro kpi_metrics() %}
  {#
    Every metric with config.meta.kpi, resolved: name, label, description, meta, type;
    inputs (see koers_input); numerator, denominator (none where there is none) and kpi_value, SQL
    over i1, i2, ... of its inputs; sample_size, SQL over i1, n1, ...; numerator_name and
    denominator_name, in words; parts (what it is of its child units: sum, ratio or none, see
    koers_parts); cadence; running (a balance); over_periods and over_units (whether it adds up so);
    version (changes with the definition); connectors and streams (the sources it depends on).
  #}
  {% if not execute %}{{ return([]) }}{% endif %}
  {# Found once in a run of dbt: a dozen models and tests ask, and it takes a second each time. #}
  {% if 'koers_kpis' not in graph %}
    {% set found = [] %}
    {% set measures = semantic_measures() %}
    {% set metrics = {} %}
    {% for metric in graph.metrics.values() %}
      {% do metrics.update({metric.name: metric}) %}
    {% endfor %}
    {% for metric in metrics.values() | sort(attribute='name') %}
      {% set meta = (metric.config.meta or {}).get('kpi') %}
      {% if meta %}
        {% do found.append(koers_kpi(metric, meta, metrics, measures)) %}
      {% endif %}
    {% endfor %}
    {% do graph.update({'koers_kpis': found}) %}
  {% endif %}
  {{ return(graph['koers_kpis']) }}
{% endmacro %}

{#
  The SQL of a part of a KPI (numerator, denominator, kpi_value, sample_size; see kpi_metrics) over
  the columns i1, n1, ...; none where it has no such part. A value over less than nothing (credit
  notes above the invoices) is none, as it is over nothing.
#}
{% macro koers_formula(kpi, part) %}
  {% if not kpi[part] %}{{ return(none) }}{% endif %}
  {% if part == 'kpi_value' and kpi.denominator %}
    {{ return('case when ' ~ kpi.denominator ~ ' > 0 then ' ~ kpi.kpi_value ~ ' end') }}
  {% endif %}
  {# Shares add up to no whole number; engines cut or round it off, each in its way. #}
  {% if part == 'sample_size' %}{{ return('round(' ~ kpi.sample_size ~ ')') }}{% endif %}
  {{ return(kpi[part] | string) }}
{% endmacro %}

{#
  By part: `formulas`, the different ones in the order in which KPIs have them, and `number`, by the
  name of a KPI which of these it has, counted from 1; 0 where it has none.
#}
{% macro kpi_formulas(kpis) %}
  {% set found = {} %}
  {% for part in ['numerator', 'denominator', 'kpi_value', 'sample_size'] %}
    {% set formulas, number = [], {} %}
    {% for kpi in kpis %}
      {% set formula = koers_formula(kpi, part) %}
      {% if formula is not none and formula not in formulas %}{% do formulas.append(formula) %}{% endif %}
      {% do number.update({kpi.name: 0 if formula is none else formulas.index(formula) + 1}) %}
    {% endfor %}
    {% do found.update({part: {'formulas': formulas, 'number': number}}) %}
  {% endfor %}
  {{ return(found) }}
{% endmacro %}

{#
  A part of each row, by the formula whose number is in the column <part>_formula. KPIs share a dozen
  formulas, so an engine looks at a row a dozen times, not once for every KPI.
#}
{% macro by_formula(formulas, part, type) %}
  {% if not formulas[part].formulas %}{{ return('cast(null as ' ~ type ~ ')') }}{% endif %}
    case {{ part }}_formula
    {% for formula in formulas[part].formulas %}
        when {{ loop.index }} then cast({{ formula }} as {{ type }})
    {% endfor %}
    end
{%- endmacro %}

{% macro koers_kpi(metric, meta, metrics, measures) %}
  {% set type = koers_type(metric) %}
  {% set inputs = [] %}
  {% set context = {'metrics': metrics, 'measures': measures, 'inputs': inputs, 'strict': false} %}
  {% set parts = namespace(numerator=none, denominator=none, value=none, n=none, d=none) %}
  {% if type == 'ratio' %}
    {% set filters = koers_filters(metric.filter) %}
    {% set top = metric.type_params.numerator %}
    {% set bottom = metric.type_params.denominator %}
    {% set parts.numerator = koers_sql(context, top.name, filters + koers_filters(top.filter)) %}
    {% set above = inputs | length %}
    {% set parts.denominator = koers_sql(context, bottom.name, filters + koers_filters(bottom.filter)) %}
    {% set parts.n = top.name %}
    {% set parts.d = bottom.name %}
    {% set below = inputs[above:] or inputs %}
  {% else %}
    {% set parts.value = koers_sql(context, metric.name, []) %}
    {% set below = inputs %}
    {% set average = type == 'simple' and inputs | length == 2 %}
    {% set parts.numerator = koers_slot(context, inputs[0]) if average else parts.value %}
    {% set parts.denominator = koers_slot(context, inputs[1]) if average else none %}
    {% set parts.n = inputs[0].measure if type != 'derived' else metric.type_params.expr %}
    {% set parts.d = 'records' if average else none %}
    {% if average %}{% set below = inputs[1:] %}{% endif %}
  {% endif %}
  {% set sizes = [] %}
  {% for input in below %}
    {% do sizes.append(
      'i' ~ input.slot if input.counts and type != 'simple' and type != 'cumulative'
      else 'n' ~ input.slot
    ) %}
  {% endfor %}
  {% set split = koers_parts(parts.value, parts.numerator, parts.denominator) %}
  {% if type == 'derived' and split.of %}
    {% set parts.numerator = split.numerator %}
    {% set below_the_line = split.denominator %}
    {% set names = modules.re.split(' */ *nullif *\\(', metric.type_params.expr) %}
    {% if split.denominator and names | length == 2 %}
      {% set parts.n = names[0] | trim %}
      {% set parts.d = names[1].rsplit(',', 1)[0] | trim %}
    {% endif %}
  {% else %}
    {% set below_the_line = parts.denominator %}
  {% endif %}
  {% set nodes = [] %}
  {% for input in inputs if input.node not in nodes %}{% do nodes.append(input.node) %}{% endfor %}
  {% set said = [] %}
  {% for input in inputs %}
    {% do said.append([input.key, input.expr, input.agg, input.days, input.to_date, input.fill]) %}
  {% endfor %}
  {% set adds_up = type in ('simple', 'cumulative') and inputs | length == 1 and inputs[0].agg in ('sum', 'count') %}
  {{ return({
    'name': metric.name,
    'label': metric.label,
    'description': metric.description,
    'meta': meta,
    'type': type,
    'inputs': inputs,
    'numerator': parts.numerator,
    'denominator': below_the_line,
    'parts': split.of,
    'cadence': meta.cadence,
    'kpi_value': parts.value if parts.denominator is none
      else koers_divided(parts.numerator, parts.denominator),
    'sample_size': sizes[0] if sizes | length == 1 else 'least(' ~ sizes | join(', ') ~ ')',
    'numerator_name': parts.n,
    'denominator_name': parts.d,
    'running': type == 'cumulative' and inputs[0].days is none and inputs[0].to_date is none,
    'over_periods': type == 'simple' and adds_up,
    'over_units': adds_up,
    'version': local_md5(tojson([type, parts.numerator, parts.denominator, parts.value, said]))[:8],
    'connectors': koers_connectors_above(nodes),
    'streams': koers_streams_above(nodes),
  }) }}
{% endmacro %}

{# The SQL of a metric over the slots of its inputs, which are added to context.inputs. #}
{% macro koers_sql(context, name, filters) %}
  {% set metric = context.metrics[name] %}
  {% set type = koers_type(metric) %}
  {% set params = metric.type_params %}
  {% set filters = filters + koers_filters(metric.filter) %}
  {% if type == 'simple' %}
    {% set measure = context.measures[params.measure.name] %}
    {% set filters = filters + koers_filters(params.measure.filter) %}
    {% set fill = params.measure.fill_nulls_with %}
    {% if measure.agg == 'average' %}
      {% set top = koers_input(context, measure, filters, fill=fill) %}
      {% set bottom = koers_input(context, measure, filters, agg='count', fill=fill) %}
      {{ return(koers_divided(koers_slot(context, top), koers_slot(context, bottom))) }}
    {% endif %}
    {{ return(koers_slot(context, koers_input(context, measure, filters, fill=fill))) }}
  {% elif type == 'cumulative' %}
    {% set how = params.cumulative_type_params %}
    {% set filters = filters + koers_filters(params.measure.filter) %}
    {{ return(koers_slot(context, koers_input(
      context, context.measures[params.measure.name], filters, running=true,
      days=how.window.count if how.window else none,
      to_date=(how.grain_to_date | string | lower | replace('timegranularity.', '')) if how.grain_to_date else none
    ))) }}
  {% elif type == 'ratio' %}
    {% set top = koers_sql(context, params.numerator.name, filters + koers_filters(params.numerator.filter)) %}
    {% set bottom = koers_sql(context, params.denominator.name, filters + koers_filters(params.denominator.filter)) %}
    {{ return(koers_divided(top, bottom)) }}
  {% elif type == 'derived' %}
    {% set parts = {} %}
    {% set strict = context.strict %}
    {% do context.update({'strict': true}) %}
    {% for input in params.metrics %}
      {% do parts.update({
        input.alias or input.name: koers_sql(context, input.name, filters + koers_filters(input.filter))
      }) %}
    {% endfor %}
    {% do context.update({'strict': strict}) %}
    {% set words = [] %}
    {% for word in modules.re.split('([A-Za-z_][A-Za-z_0-9]*)', params.expr) %}
      {% do words.append('(' ~ parts[word] ~ ')' if word in parts else word) %}
    {% endfor %}
    {{ return(koers_finite(words | join(''))) }}
  {% endif %}
  {{ exceptions.raise_compiler_error("Metric " ~ name ~ " is of type " ~ type ~ ", which the KPI facts do not know.") }}
{% endmacro %}

{#
  One input of a KPI, added to context.inputs unless it is there: slot, key (names the measure and
  its filter), measure, agg, expr, filters (SQL), running, days (of a window; none: since ever),
  to_date (month, quarter or year, since the start of which), fill (what no record counts as; none:
  unknown), counts (its value is a number of things).

  Nothing recorded adds up to 0. In a derived metric it is unknown unless fill_nulls_with says so,
  as in MetricFlow.
#}
{% macro koers_input(context, measure, filters, agg=none, running=false, days=none, to_date=none, fill=none) %}
  {% set agg = agg or ('sum' if measure.agg == 'average' else measure.agg) %}
  {% set is_count = measure.agg == 'average' and agg == 'count' %}
  {% if agg in ('min', 'max') %}{% set fill = none %}
  {% elif fill is none and (running or not context.strict) %}{% set fill = 0 %}{% endif %}
  {% set conditions = [] %}
  {% for filter in filters %}{% do conditions.append(koers_condition(filter, measure)) %}{% endfor %}
  {% set key = measure.name ~ ('__count' if is_count else '') %}
  {% if conditions %}
    {% set key = key ~ '__' ~ local_md5(conditions | sort | join(' and '))[:8] %}
  {% endif %}
  {% for known in context.inputs %}
    {% if known.key == key and known.days == days and known.to_date == to_date
        and known.running == running and known.fill == fill %}{{ return(known) }}{% endif %}
  {% endfor %}
  {% set input = {
    'slot': context.inputs | length + 1,
    'key': key,
    'measure': measure.name,
    'model': measure.model,
    'node': measure.node,
    'agg': 'weights' if is_count else agg,
    'weighted': measure.agg == 'average',
    'expr': measure.expr,
    'filters': conditions,
    'date': measure.date,
    'relation': measure.relation,
    'record_dates': measure.record_dates,
    'running': running,
    'days': days,
    'to_date': to_date,
    'fill': fill,
    'counts': is_count or (measure.unit == 'count' and agg in ('sum', 'count', 'count_distinct')),
  } %}
  {% do context.inputs.append(input) %}
  {{ return(input) }}
{% endmacro %}

{#
  An input in an expression. Within a derived metric as a double: products of exact decimals would
  outgrow their type.
#}
{% macro koers_slot(context, input) %}
  {{ return('cast(i' ~ input.slot ~ ' as double)' if context.strict else 'i' ~ input.slot) }}
{% endmacro %}

{# An expression that people wrote: what is no number, or no number a KPI can have, is unknown. #}
{% macro koers_finite(sql) %}
  {{ return('case when (' ~ sql ~ ') between -1e18 and 1e18 then (' ~ sql ~ ') end') }}
{% endmacro %}

{% macro koers_divided(numerator, denominator) %}
  {{ return(
    'cast((' ~ numerator ~ ') as double) / nullif(cast((' ~ denominator ~ ') as double), 0)'
  ) }}
{% endmacro %}

{# {{ Dimension('entity__name') }} of a filter as the SQL of that dimension. #}
{% macro koers_condition(filter, measure) %}
  {% set sql = namespace(text=filter) %}
  {% set calls = "(\\{\\{\\s*Dimension\\(\\s*['\"]([A-Za-z_0-9]+)['\"]\\s*\\)\\s*\\}\\})" %}
  {% for call, name in modules.re.findall(calls, filter) %}
    {% set dimension = name.split('__')[-1] %}
    {% if dimension not in measure.dimensions %}
      {{ exceptions.raise_compiler_error(
        "Filter " ~ filter ~ " on measure " ~ measure.name ~ ": semantic model " ~ measure.model
        ~ " has no dimension " ~ dimension ~ "."
      ) }}
    {% endif %}
    {% set sql.text = sql.text | replace(call, '(' ~ measure.dimensions[dimension] ~ ')') %}
  {% endfor %}
  {{ return(sql.text) }}
{% endmacro %}

{% macro koers_filters(filter) %}
  {% set found = [] %}
  {% for where in (filter.where_filters if filter else []) %}
    {% do found.append(where.where_sql_template) %}
  {% endfor %}
  {{ return(found) }}
{% endmacro %}

{% macro koers_type(metric) %}
  {{ return(metric.type | string | lower | replace('metrictype.', '')) }}
{% endmacro %}

{# Every input of every KPI once, by semantic model: what int_measure_days has to hold. #}
{% macro kpi_measures() %}
  {% set models = {} %}
  {% set seen = [] %}
  {% for kpi in kpi_metrics() %}
    {% for input in kpi.inputs if input.key not in seen %}
      {% do seen.append(input.key) %}
      {% do models.setdefault(input.model, []).append(input) %}
    {% endfor %}
  {% endfor %}
  {{ return(models) }}
{% endmacro %}

{# ... and what they are called there. #}
{% macro measure_keys() %}
  {% set found = [] %}
  {% for inputs in kpi_measures().values() %}
    {% for input in inputs %}{% do found.append(input.key) %}{% endfor %}
  {% endfor %}
  {{ return(found) }}
{% endmacro %}

{% macro koers_connectors_above(nodes) %}
  {# The connectors whose streams stand upstream of these nodes, the organisation's files apart. #}
  {% set connectors = [] %}
  {% for stream in koers_streams_above(nodes) if stream.split('.')[0] not in connectors %}
    {% do connectors.append(stream.split('.')[0]) %}
  {% endfor %}
  {{ return(connectors) }}
{% endmacro %}

{% macro koers_streams_above(nodes) %}
  {# The streams upstream of these nodes, as `hubspot.deals`, the organisation's files apart. #}
  {% set seen = [] %}
  {% set todo = nodes | list %}
  {% set streams = [] %}
  {% for _ in range(10000) if todo %}
    {% set node = todo.pop() %}
    {% if node not in seen %}
      {% do seen.append(node) %}
      {% if node.startswith('source.') %}
        {% set parts = node.split('.') %}
        {% if parts[2] != 'organisation' %}{% do streams.append(parts[2] ~ '.' ~ parts[3]) %}{% endif %}
      {% elif node in graph.nodes %}
        {% do todo.extend(graph.nodes[node].depends_on.nodes) %}
      {% endif %}
    {% endif %}
  {% endfor %}
  {{ return(streams | sort) }}
{% endmacro %}

{% macro grains() %}
  {{ return(['day', 'week', 'month', 'quarter', 'year']) }}
{% endmacro %}

{% macro org_columns(relation=none) %}
    {%- for column in [
      'attributed_on', 'org_unit_id', 'organisation_id', 'department_id', 'team_id', 'individual_id', 'project_id',
      'share'
    ] %}
    {{ relation ~ '.' if relation }}{{ column }}{{ ',' if not loop.last }}
    {%- endfor %}
{% endmacro %}

{# Who did it: null where that is not known. #}
{% macro person(relation) -%}
case when {{ relation }}.individual_id not like '%/unassigned-individual' then {{ relation }}.individual_id end
{%- endmacro %}

{% macro declare_dependencies(names) %}
  {# ref() each name while parsing, so that the graph has the edge. #}
  {% for name in names %}
-- depends_on: {{ ref(name) }}
  {% endfor %}
{% endmacro %}
