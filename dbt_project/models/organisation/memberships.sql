-- One row is one employee's place in one unit for one period, and which part of the work it is.
-- A place without a share is the whole of somebody's work: the next place ends it. Places with a
-- share stand side by side until a place without one begins; what they leave open is nobody's team's.
with

current_rows as (
    {{ current_records('memberships', ['person_id', 'org_unit_id', 'share', 'valid_from', 'valid_to']) }}
),

chart as ({{ current_records('org_chart', ['person', 'team', 'valid_from', 'valid_to']) }}),

given as (
    select person_id, org_unit_id, share, {{ valid_range() }}
    from current_rows
    union all
    select
        {{ slug('person', 'person') }} as person_id,
        {{ slug('team', 'team') }} as org_unit_id,
        cast(null as integer) as share,
        {{ valid_range() }}
    from chart
),

-- On one day either one place without a share begins, or places with one do.
starting as (
    select *
    from given
    where valid_from <= valid_to
    qualify
        rank() over (
            partition by person_id, valid_from
            order by share is null, case when share is null then org_unit_id end nulls last
        ) = 1
        and row_number() over (
            partition by person_id, valid_from, org_unit_id order by share desc, valid_to desc
        ) = 1
),

ending as (
    select
        person_id,
        org_unit_id,
        share,
        valid_from,
        cast(least(valid_to, coalesce(
            min(case when share is null then valid_from end) over (
                partition by person_id order by valid_from
                range between interval 1 day following and unbounded following
            ),
            cast('9999-12-31' as date)
        ) - 1, case when share is null then coalesce(
            min(valid_from) over (
                partition by person_id order by valid_from
                range between interval 1 day following and unbounded following
            ),
            cast('9999-12-31' as date)
        ) - 1 else valid_to end) as date) as valid_to
    from starting
),

edges as (
    select
        person_id,
        valid_from as edge
    from ending
    union
    select
        person_id,
        valid_to + 1 as edge
    from ending
    where valid_to < cast('9999-12-30' as date)
),

stretches as (
    select
        person_id,
        edge as valid_from,
        cast(coalesce(
            lead(edge) over (partition by person_id order by edge) - 1, cast('9999-12-31' as date)
        ) as date) as valid_to
    from edges
),

side_by_side as (
    select
        stretches.person_id,
        ending.org_unit_id,
        stretches.valid_from,
        stretches.valid_to,
        coalesce(ending.share, 100) as share,
        sum(coalesce(ending.share, 100)) over (
            partition by stretches.person_id, stretches.valid_from
            order by ending.valid_from, ending.org_unit_id
            rows between unbounded preceding and current row
        ) as share_so_far
    from stretches
    inner join ending
        on
            stretches.person_id = ending.person_id
            and stretches.valid_from between ending.valid_from and ending.valid_to
),

-- Nobody works more than all of the time: the later place gets what is left.
within_the_whole as (
    select
        person_id,
        org_unit_id,
        least(share, 100 - (share_so_far - share)) as share,
        valid_from,
        valid_to
    from side_by_side
    where share_so_far - share < 100
),

left_open as (
    select
        placed.person_id,
        root.organisation_id as org_unit_id,
        100 - sum(placed.share) as share,
        placed.valid_from,
        placed.valid_to
    from within_the_whole as placed
    cross join {{ ref('int_org_root') }} as root
    group by placed.person_id, root.organisation_id, placed.valid_from, placed.valid_to
    having sum(placed.share) < 100
),

placed as (
    select * from within_the_whole
    union all
    select * from left_open
)

select
    person_id,
    org_unit_id,
    cast(share / 100.0 as decimal(5, 2)) as share,
    valid_from,
    valid_to
from placed
