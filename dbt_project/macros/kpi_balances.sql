{#
  A balance (order book, list size) as changes: what it was worth comes in on the first day and goes
  out on the day it ends, and moves when its owner moves or leaves. What goes out, goes out of the
  units where it came in (attributed_on), wherever its owner is by then. The running sum of the
  changes of a unit up to a day is then the balance of that unit on that day.

  relation: one row per spell: entity, source, from_date, until_date (first day it is no longer so;
  null while it lasts), the amount, the source user and the project column.
#}
{% macro balance_changes(relation, amount, source_user, project) %}
cuts as (
    select
        spell.source,
        spell.entity,
        spell.from_date as spell_from,
        spell.from_date as cut_date
    from {{ relation }} as spell
    union
    select
        spell.source,
        spell.entity,
        spell.from_date as spell_from,
        ownership.valid_from as cut_date
    from {{ relation }} as spell
    inner join {{ ref('int_attribution') }} as ownership
        on
            ownership.source in (spell.source, '*')
            and spell.{{ source_user }} = ownership.source_user
            and spell.from_date < ownership.valid_from
            and coalesce(spell.until_date, cast('9999-12-31' as date)) > ownership.valid_from
    union
    select
        spell.source,
        spell.entity,
        spell.from_date as spell_from,
        ownership.valid_to + 1 as cut_date
    from {{ relation }} as spell
    inner join {{ ref('int_attribution') }} as ownership
        on
            ownership.source in (spell.source, '*')
            and spell.{{ source_user }} = ownership.source_user
            and spell.from_date <= ownership.valid_to
            and ownership.valid_to < cast('9999-12-31' as date)
            and coalesce(spell.until_date, cast('9999-12-31' as date)) > ownership.valid_to + 1
),

pieces as (
    select
        spell.source,
        spell.entity,
        spell.{{ source_user }},
        spell.{{ project }},
        spell.{{ amount }} as balance,
        cuts.cut_date as piece_from,
        coalesce(
            lead(cuts.cut_date) over (
                partition by spell.source, spell.entity, spell.from_date order by cuts.cut_date
            ),
            spell.until_date
        ) as piece_until
    from {{ relation }} as spell
    inner join cuts
        on
            spell.source = cuts.source
            and spell.entity = cuts.entity
            and spell.from_date = cuts.spell_from
    where spell.{{ amount }} <> 0 and spell.from_date < coalesce(spell.until_date, cast('9999-12-31' as date))
),

placed as (
    {{ attributed('pieces', source_user=source_user, date='piece_from', project=project) }}
),

balance_changes as (
    select entity, piece_from as measure_date, {{ org_columns() }}, balance * share as balance_change
    from placed
    union all
    select entity, piece_until as measure_date, {{ org_columns() }}, -balance * share as balance_change
    from placed
    where piece_until is not null
)
{% endmacro %}
