{# One look at all columns, where dbt's own not_null is one for each: of a view each makes it again.
   A row tells how many rows there are in which a column is null, by column. #}
{% test not_null_columns(model, columns) %}
select
    {% for column in columns %}
    sum(case when {{ column }} is null then 1 else 0 end) as {{ column }}{{ ',' if not loop.last }}
    {% endfor %}
from {{ model }}
having max(case when {{ columns | join(' is null or ') }} is null then 1 else 0 end) = 1
{% endtest %}
