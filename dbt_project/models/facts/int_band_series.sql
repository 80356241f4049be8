-- One row is one closed and complete period of one KPI of one unit at its cadence, as the process
-- band judges it: what kind of figure it is, and which known event it falls in.
{% set kpis = kpi_metrics() %}

with

kpi_values as (select * from {{ ref('fct_kpi_values') }}),

known_events as (select * from {{ ref('known_events') }}),

bridge as (select * from {{ ref('bridge_org_unit') }}),

-- Counts of what happened, shares of cases, amounts, and all others as they are: from the unit and
-- from what is below the line. A balance is no count: it does not come about anew in each period.
-- A ratio of amounts is no share of cases.
kpis (kpi, cadence, kind, budget) as (
    values
    {% for kpi in kpis %}
    {% set ratio = kpi.denominator is not none %}
    {% set cases = kpi.inputs | rejectattr('counts') | list | length == 0 %}
    (
        {{ text_literal(kpi.name) }},
        {{ text_literal(kpi.meta.cadence) }},
        {% if kpi.meta.unit == 'count' and kpi.type == 'simple' %}'count'
        {% elif kpi.meta.unit == 'percent' and ratio and cases %}'rate'
        {% elif kpi.meta.unit in ('percent', 'score') %}'score'
        {% else %}'amount'{% endif %},
        cast(
            {{ (kpi.meta.get('band') or {}).get('budget', env_var('KOERS_FALSE_ALARM_BUDGET', '1.0')) }}
            as double
        )
    ),
    {% endfor %}
    (null, null, null, null)
),

judged as (
    select
        kpi_values.kpi,
        kpi_values.org_unit_id,
        kpi_values.grain,
        kpi_values.period_start,
        kpi_values.period_end,
        kpi_values.kpi_value,
        cast(kpi_values.denominator as double) as denominator,
        kpis.kind,
        kpis.budget
    from kpi_values
    inner join kpis on kpi_values.kpi = kpis.kpi and kpi_values.grain = kpis.cadence
    where kpi_values.is_closed and kpi_values.is_complete
),

units as (select distinct org_unit_id from judged),

periods as (
    select distinct
        grain,
        period_start,
        period_end
    from judged
),

-- An event without a unit is everyone's; one of a unit is also of the units under it. One without a
-- KPI is every KPI's.
event_units as (
    select
        known_events.event,
        coalesce(trim(known_events.kpi), '') as event_kpi,
        known_events.valid_from,
        known_events.valid_to,
        bridge.descendant as org_unit_id
    from known_events
    inner join bridge on known_events.org_unit_id = bridge.ancestor
    union
    select
        known_events.event,
        coalesce(trim(known_events.kpi), '') as event_kpi,
        known_events.valid_from,
        known_events.valid_to,
        units.org_unit_id
    from known_events
    cross join units
    where coalesce(trim(known_events.org_unit_id), '') = ''
),

event_days as (
    select
        event_units.event,
        event_units.event_kpi,
        event_units.org_unit_id,
        days.date_day
    from event_units
    inner join {{ ref('dim_date') }} as days
        on days.date_day between event_units.valid_from and event_units.valid_to
    where
        days.date_day between (select min(period_start) from judged)
        and (select max(period_end) from judged)
),

-- A period is an event's when the event holds on a quarter of its days or more: a day off is the
-- whole of its day, but no month is left out for it.
event_periods as (
    select
        periods.grain,
        periods.period_start,
        event_days.org_unit_id,
        event_days.event_kpi,
        event_days.event
    from periods
    inner join event_days
        on event_days.date_day between periods.period_start and periods.period_end
    group by
        periods.grain,
        periods.period_start,
        periods.period_end,
        event_days.org_unit_id,
        event_days.event_kpi,
        event_days.event
    having
        4 * count(distinct event_days.date_day)
        >= {{ dbt.datediff('periods.period_start', 'periods.period_end', 'day') }} + 1
),

event_kpis as (
    select distinct
        kpis.kpi,
        event_periods.grain,
        event_periods.period_start,
        event_periods.org_unit_id,
        event_periods.event
    from event_periods
    inner join kpis
        on
            event_periods.grain = kpis.cadence
            and (event_periods.event_kpi = '' or event_periods.event_kpi = kpis.kpi)
),

named as (
    select
        kpi,
        grain,
        period_start,
        org_unit_id,
        {{ joined_texts('event', ', ') }} as known_event
    from event_kpis
    group by kpi, grain, period_start, org_unit_id
)

select
    judged.kpi,
    judged.org_unit_id,
    judged.grain,
    judged.period_start,
    judged.kpi_value,
    judged.denominator,
    judged.kind,
    judged.budget,
    cast(named.known_event as string) as known_event
from judged
left join named
    on
        judged.kpi = named.kpi
        and judged.grain = named.grain
        and judged.period_start = named.period_start
        and judged.org_unit_id = named.org_unit_id
