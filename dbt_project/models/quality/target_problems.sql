-- One row is one problem in the files of targets, profiles and shares, with what Koers did about it;
-- a part of organisation_problems. The rules that do so are in models/organisation and models/targets.
{% set valid = ['valid_from', 'valid_to'] %}
{% set agreed = ['kpi', 'org_unit_id', 'grain', 'target', 'target_type', 'profile', 'sides'] %}
{% set margins = ['tolerance_lower', 'tolerance_upper'] %}
with

targets as (
    select record_id, {{ (agreed + margins) | join(', ') }}, {{ valid_range() }}
    from ({{ current_records('kpi_targets', agreed + margins + valid) }}) as given
),

profiles as (
    select
        record_id,
        profile,
        month_number,
        weight
    from ({{ current_records('target_profiles', ['profile', 'month_number', 'weight']) }}) as given
),

shares as (
    select record_id, kpi, parent_id, child_id, weight, {{ valid_range() }}
    from ({{ current_records('target_shares', ['kpi', 'parent_id', 'child_id', 'weight'] + valid) }}) as given
),

kpis as (select * from {{ ref('dim_kpi') }}),

units as (select org_unit_id from {{ ref('dim_org_unit') }}),

usable_shares as (select * from {{ ref('target_shares') }}),

period_ends as (
    {% for grain in grains() %}
    select distinct
        '{{ grain }}' as grain,
        {{ period_end(grain, period_start(grain, 'date_day')) }} as period_end
    from {{ ref('dim_date') }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

held_targets as (
    select distinct targets.record_id
    from targets
    inner join period_ends
        on targets.grain = period_ends.grain and period_ends.period_end between targets.valid_from and targets.valid_to
),

grown as (
    select
        agreement_id as record_id,
        count(*) as periods,
        min(period_start) as first_period
    from {{ ref('int_kpi_targets') }}
    where target_origin = 'no_last_year' and depth = 0 and grain = agreed_grain
    group by agreement_id
),

problems as (
    select
        'kpi_targets' as stream,
        record_id,
        'kind of target ''' || target_type || ''' is unknown; use absolute or growth' as problem,
        'the target is not used' as outcome
    from targets
    where target_type not in ('absolute', 'growth')

    union all
    select
        'kpi_targets',
        record_id,
        'profile ''' || profile || ''' has no month with a weight in target_profiles',
        'the target is spread evenly over the days'
    from targets
    where profile is not null and profile not in (select profile from {{ ref('target_profiles') }})

    union all
    select
        'kpi_targets',
        targets.record_id,
        'profile ''' || targets.profile || ''' says how a target is spread; this KPI does not add up',
        'the target holds in every shorter period as it is'
    from targets
    inner join kpis on targets.kpi = kpis.kpi
    where targets.profile is not null and not kpis.adds_up_over_periods

    union all
    select
        'kpi_targets',
        record_id,
        'sides ''' || sides || ''' is unknown; use one or two',
        'only the side that hurts has an edge'
    from targets
    where sides not in ('one', 'two')

    union all
    select
        'kpi_targets',
        record_id,
        'a margin is below 0; write it without a minus',
        'the margin is taken as 0'
    from targets
    where tolerance_lower < 0 or tolerance_upper < 0

    union all
    select
        'kpi_targets',
        record_id,
        'a growth of ' || cast(target as double) || ' is ' || cast(target * 100 as bigint)
        || ' percent; write 0.08 for 8 percent',
        'the target is taken as it is'
    from targets
    where target_type = 'growth' and abs(target) >= 2

    union all
    select
        'kpi_targets',
        record_id,
        'no ' || grain || ' ends between ' || valid_from || ' and ' || valid_to
        || '; a target holds for the periods whose last day is in its dates',
        'the target is not used'
    from targets
    where
        grain in ('{{ grains() | join("', '") }}')
        and valid_from <= valid_to
        and record_id not in (select record_id from held_targets)

    union all
    select
        'kpi_targets',
        targets.record_id,
        'growth is on the same period of last year, which is not known in whole for ' || grown.periods
        || ' periods, the first from ' || grown.first_period,
        'these periods have no target'
    from targets
    inner join grown on targets.record_id = grown.record_id

    union all
    select
        'target_profiles',
        record_id,
        'month ' || month_number || ' is none; use 1 to 12',
        'the row is not used'
    from profiles
    where month_number not between 1 and 12

    union all
    select
        'target_profiles',
        record_id,
        'weight ' || weight || ' is not above 0; leave the row out where nothing is due in the month',
        'nothing is due in the month'
    from profiles
    where weight <= 0

    union all
    select
        'target_shares',
        record_id,
        'it ends (' || valid_to || ') before it begins (' || valid_from || ')',
        'the row is not used'
    from shares
    where valid_to < valid_from

    union all
    select
        'target_shares',
        record_id,
        'there is no KPI ' || kpi || '; use its name, or * for every one',
        'the row is not used'
    from shares
    where kpi <> '*' and kpi not in (select kpi from kpis)

    union all
    select
        'target_shares',
        record_id,
        'weight ' || weight || ' is not above 0; leave the row out where a unit takes no part',
        'the row is not used'
    from shares
    where weight <= 0

    union all
    select
        'target_shares',
        record_id,
        'unit ' || case when parent_id in (select org_unit_id from units) then child_id else parent_id end
        || ' does not exist',
        'the row is not used'
    from shares
    where
        parent_id not in (select org_unit_id from units)
        or child_id not in (select org_unit_id from units)

    union all
    select
        'target_shares',
        record_id,
        child_id || ' hangs under ' || parent_id || ' at no time',
        'the row is not used'
    from shares
    where
        weight > 0
        and parent_id in (select org_unit_id from units)
        and child_id in (select org_unit_id from units)
        and (parent_id, child_id) not in (
            select
                parent_id,
                child_id
            from usable_shares
        )
        and valid_from <= valid_to

    union all
    select
        'target_shares',
        later.record_id,
        'the share of ' || later.child_id || ' in ' || later.parent_id || ' of KPI ' || later.kpi
        || ' is in two rows, this one and ' || earlier.record_id,
        'the row that begins later holds from its first day on; of two that begin on one day, one is used'
    from shares as later
    inner join shares as earlier
        on
            later.kpi = earlier.kpi
            and later.parent_id = earlier.parent_id
            and later.child_id = earlier.child_id
            and (earlier.valid_from, earlier.record_id) < (later.valid_from, later.record_id)
            and later.valid_from <= earlier.valid_to
    where earlier.valid_from <= earlier.valid_to and later.valid_from <= later.valid_to
)

select
    stream,
    record_id,
    problem,
    outcome
from problems
