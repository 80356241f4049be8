{{ config(meta={'dagster': {'ref': {'name': 'fct_kpi_contributions'}}}) }}
-- An explanation that does not add up to the change explains something else. To the last digit, in
-- decimals; and a change of a unit that has parts is always split over them.
with

explained as (
    select
        kpi,
        org_unit_id,
        grain,
        period_start,
        comparison,
        contributor_type,
        max(change_total) as change_total,
        sum(contribution) as contribution
    from {{ ref('fct_kpi_contributions') }}
    group by kpi, org_unit_id, grain, period_start, comparison, contributor_type
),

parts as (
    select distinct
        kpi,
        org_unit_id,
        grain,
        period_start
    from {{ ref('int_kpi_parts') }}
),

not_split as (
    select
        comparisons.kpi,
        comparisons.org_unit_id,
        comparisons.grain,
        comparisons.period_start,
        comparisons.comparison,
        'child_unit' as contributor_type,
        comparisons.change_total,
        cast(0 as decimal(38, 10)) as contribution
    from {{ ref('int_kpi_comparisons') }} as comparisons
    inner join parts
        on
            comparisons.kpi = parts.kpi
            and comparisons.org_unit_id = parts.org_unit_id
            and comparisons.grain = parts.grain
            and comparisons.period_start = parts.period_start
    left join explained
        on
            comparisons.kpi = explained.kpi
            and comparisons.org_unit_id = explained.org_unit_id
            and comparisons.grain = explained.grain
            and comparisons.period_start = explained.period_start
            and comparisons.comparison = explained.comparison
            and explained.contributor_type = 'child_unit'
    where
        comparisons.parts is not null
        and comparisons.comparison <> 'target'
        and comparisons.change_total <> 0
        and explained.kpi is null
)

select * from explained
where contribution <> change_total
union all
select * from not_split
