{#
  A table that is too large to be made at once is made in batches, of measures or of KPIs that bear on
  no other: the model's own SQL makes the first, and a post-hook, in the same transaction, renders it
  anew for each other one. A night, which is small, is one batch.
#}

{# Of these names, those of the batch at hand. `rows`: SQL that tells about how many rows all will be. #}
{% macro of_this_batch(names, rows) %}
  {% if not koers_remembers() or is_incremental() %}{{ return(names) }}{% endif %}
  {% set state = graph.setdefault('koers_batch_' ~ this.identifier, {'number': 0}) %}
  {% if state.number == 0 %}
    {% set wanted = (run_query(rows).columns[0].values()[0] or 0) // (var('rows_of_a_batch', 5000000) | int) + 1 %}
    {% do state.update({'count': [wanted, names | length] | min | int}) %}
  {% endif %}
  {{ return(names[state.number::state.count]) }}
{% endmacro %}

{% macro write_other_batches() %}
{% set state = graph.get('koers_batch_' ~ this.identifier, {}) if execute else {} %}
{% for number in range(1, state.get('count', 1)) %}
{% do state.update({'number': number}) %}
insert into {{ this }} select * from (
{{ render(model.raw_code) }}
) as batch;
{% endfor %}
{% do state.update({'number': 0, 'count': 1}) %}
{% endmacro %}
