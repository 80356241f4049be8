{{ config(meta={'dagster': {'ref': {'name': 'fct_kpi_values'}}}) }}
-- A balance that is not the sum of what its parts hold that day counts something twice or never.
{% set balances = kpi_metrics() | selectattr('running') | map(attribute='name') | list %}
with

days as (
    select
        kpi,
        period_start as balance_date,
        org_unit_id,
        numerator
    from {{ ref('fct_kpi_values') }}
    where
        grain = 'day'
        and kpi in ({% for name in balances %}{{ text_literal(name) }}, {% endfor %}'')
),

children as (
    select
        days.kpi,
        days.balance_date,
        units.parent_id as org_unit_id,
        -- Of somebody in two teams, the part that is in this one.
        sum(days.numerator * units.share) as numerator
    from days
    inner join {{ ref('dim_org_unit_history') }} as units
        on
            days.org_unit_id = units.org_unit_id
            and days.balance_date between units.valid_from and units.valid_to
    where units.layer <> 'project' and units.parent_id is not null
    group by days.kpi, days.balance_date, units.parent_id
)

select
    days.kpi,
    days.balance_date,
    days.org_unit_id,
    days.numerator as parent_balance,
    children.numerator as children_balance
from days
inner join {{ ref('dim_org_unit') }} as parents on days.org_unit_id = parents.org_unit_id
left join children
    on
        days.kpi = children.kpi
        and days.balance_date = children.balance_date
        and days.org_unit_id = children.org_unit_id
where
    parents.layer not in ('individual', 'project')
    and days.numerator <> coalesce(children.numerator, 0)
