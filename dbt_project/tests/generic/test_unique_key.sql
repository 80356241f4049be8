{# `written`: by which column the rows since the last pass are told (macros/passed.sql). #}
{% test unique_key(model, columns, written=none) %}
{% set since = since_passed(written) %}
with

suspects as (
    {% if since %}
    select {{ columns | join(', ') }}
    from {{ model }}
    where ({{ columns | join(', ') }}) in (
        select {{ columns | join(', ') }}
        from {{ model }}
        where {{ since }}
    )
    {% else %}
    {{ maybe_twice(model, columns) }}
    {% endif %}
)

select {{ columns | join(', ') }}
from suspects
group by {{ columns | join(', ') }}
having count(*) > 1
{% endtest %}
