-- One row is one problem in the organisation's files, with what Koers did about it.
-- Every rule here has its counterpart in models/organisation, which does what `outcome` says.
{% set valid = ['valid_from', 'valid_to'] %}
with

units as (
    select record_id, org_unit_id, layer, parent_id, owner, {{ valid_range() }}
    from ({{ current_records('org_units', ['org_unit_id', 'layer', 'parent_id', 'owner'] + valid) }}) as given
),

people as (
    select record_id, person_id, name, {{ valid_range() }}
    from ({{ current_records('people', ['person_id', 'name'] + valid) }}) as given
),

members as (
    select record_id, person_id, org_unit_id, share, {{ valid_range() }}
    from ({{ current_records('memberships', ['person_id', 'org_unit_id', 'share'] + valid) }}) as given
),

innovations as (
    select
        record_id,
        kind
    from ({{ current_records('innovations', ['kind']) }}) as given
),

of_projects as (
    select
        'milestones' as stream,
        record_id,
        project_id
    from ({{ current_records('milestones', ['project_id']) }}) as given
    union all
    select
        'project_budgets' as stream,
        record_id,
        project_id
    from ({{ current_records('project_budgets', ['project_id']) }}) as given
),

chart as (
    select record_id, person, team, department, {{ valid_range() }}
    from ({{ current_records('org_chart', ['person', 'team', 'department'] + valid) }}) as given
),

users as (
    select record_id, source_name, source_user, person_id, org_unit_id, {{ valid_range() }}
    from (
        {{ current_records('source_users', ['source_name', 'source_user', 'person_id', 'org_unit_id'] + valid) }}
    ) as given
),

rules as (
    select record_id, source_name, rule_value, project_id, {{ valid_range() }}
    from ({{ current_records('project_rules', ['source_name', 'rule_value', 'project_id'] + valid) }}) as given
),

rates as (
    select record_id, currency, rate, {{ valid_range() }}
    from ({{ current_records('exchange_rates', ['currency', 'rate'] + valid) }}) as given
),

targets as (
    select record_id, kpi, org_unit_id, grain, tolerance_type, {{ valid_range() }}
    from (
        {{ current_records('kpi_targets', ['kpi', 'org_unit_id', 'grain', 'tolerance_type'] + valid) }}
    ) as given
),

events as (
    select record_id, event, org_unit_id, kpi, {{ valid_range() }}
    from ({{ current_records('known_events', ['event', 'org_unit_id', 'kpi'] + valid) }}) as given
),

known_sources (source_name) as (
    values ('*'){% for name in source_names() %}, ('{{ name }}'){% endfor %}

),

namesakes as (
    select name
    from {{ ref('people') }}
    group by name
    having count(distinct person_id) > 1
),

split_teams as (
    select {{ slug('team', 'team') }} as team_id
    from chart
    group by {{ slug('team', 'team') }}
    having count(distinct {{ slug('department', 'department') }}) > 1
),

known_units as (
    select
        org_unit_id,
        min(layer) as layer
    from {{ ref('int_org_tree') }}
    group by org_unit_id
),

reached as (
    select
        org_unit_id,
        sum({{ dbt.datediff('valid_from', 'valid_to', 'day') }} + 1) as reached_days
    from {{ ref('dim_org_unit_history') }}
    group by org_unit_id
),

-- What stands above a unit on any day.
hangs_under as (
    select distinct
        org_unit_id as start_key,
        parent_id as end_key
    from units
),

above as (
    {{ reachable('hangs_under') }}
),

circles as (
    select stated.org_unit_id
    from (
        select
            org_unit_id,
            sum({{ dbt.datediff('valid_from', 'valid_to', 'day') }} + 1) as stated_days
        from {{ ref('org_units') }}
        group by org_unit_id
    ) as stated
    inner join above
        on stated.org_unit_id = above.start_key and stated.org_unit_id = above.end_key
    left join reached on stated.org_unit_id = reached.org_unit_id
    where coalesce(reached.reached_days, 0) < stated.stated_days
),

-- Everything with a period: of one subject, only one thing can hold on one day.
periods as (
    select
        'org_units' as stream,
        record_id,
        'unit ' || org_unit_id as subject,
        coalesce(parent_id, '') as says,
        valid_from,
        valid_to
    from units
    union all
    select
        'memberships',
        record_id,
        'person ' || person_id,
        org_unit_id,
        valid_from,
        valid_to
    from members
    where share is null
    union all
    select
        'org_chart',
        record_id,
        'person ' || person,
        team,
        valid_from,
        valid_to
    from chart
    union all
    select
        'source_users',
        record_id,
        'user ' || source_user || ' of ' || source_name,
        coalesce(person_id, org_unit_id, ''),
        valid_from,
        valid_to
    from users
    union all
    select
        'project_rules',
        record_id,
        'value ' || rule_value || ' of ' || source_name,
        project_id,
        valid_from,
        valid_to
    from rules
    union all
    select
        'exchange_rates',
        record_id,
        'currency ' || currency,
        cast(rate as string),
        valid_from,
        valid_to
    from rates
    where rate > 0
    union all
    select
        'kpi_targets',
        record_id,
        'KPI ' || kpi || ' of ' || org_unit_id || ' per ' || coalesce(grain, ''),
        '',
        valid_from,
        valid_to
    from targets
    union all
    select
        'people',
        record_id,
        cast(null as string),
        '',
        valid_from,
        valid_to
    from people
    union all
    select
        'known_events',
        record_id,
        cast(null as string),
        '',
        valid_from,
        valid_to
    from events
),

clashes as (
    select
        later.stream,
        later.record_id,
        later.subject,
        earlier.record_id as earlier_id,
        greatest(earlier.valid_from, later.valid_from) as from_day,
        least(earlier.valid_to, later.valid_to) as to_day
    from periods as later
    inner join periods as earlier
        on
            later.stream = earlier.stream
            and later.subject = earlier.subject
            and (earlier.valid_from, earlier.record_id) < (later.valid_from, later.record_id)
            and later.valid_from <= earlier.valid_to
    where earlier.valid_from <= earlier.valid_to and later.valid_from <= later.valid_to
),

problems as (
    select
        stream,
        record_id,
        'it ends (' || valid_to || ') before it begins (' || valid_from || ')' as problem,
        'the row is not used' as outcome
    from periods
    where valid_to < valid_from

    union all
    select
        stream,
        record_id,
        subject || ' is in two rows, this one and ' || earlier_id || ', from '
        || case when from_day = cast('1900-01-01' as date) then 'the beginning' else cast(from_day as string) end
        || case when to_day = cast('9999-12-31' as date) then ' on' else ' to ' || to_day end,
        'the row that begins later holds from its first day on; of two that begin on one day, one is used'
    from clashes

    union all
    select
        'org_units',
        record_id,
        'layer ''' || layer || ''' is unknown; use organisation, department, team or project',
        'the unit is not used; what is under it hangs under the organisation'
    from units
    where layer not in ('organisation', 'department', 'team', 'project')

    union all
    select
        'org_units',
        units.record_id,
        'there is more than one organisation; the other is ' || root.organisation_id,
        'this one is not used; what is under it hangs under ' || root.organisation_id
    from units
    cross join {{ ref('int_org_root') }} as root
    where units.layer = 'organisation' and units.org_unit_id <> root.organisation_id

    union all
    select
        'org_units',
        units.record_id,
        'it is a ' || units.layer || ' here and a ' || known_units.layer || ' in another row',
        'it is a ' || known_units.layer || ' on all days'
    from units
    inner join known_units on units.org_unit_id = known_units.org_unit_id
    where
        units.layer in ('department', 'team', 'project')
        and units.layer <> known_units.layer

    union all
    select
        'org_units',
        units.record_id,
        'it hangs under ' || units.parent_id || ', which '
        || case
            when parents.org_unit_id is null then 'does not exist' else 'is a ' || parents.layer
        end,
        'it hangs under the organisation'
    from units
    left join known_units as parents on units.parent_id = parents.org_unit_id
    where
        units.layer in ('department', 'team', 'project')
        and units.parent_id is not null
        and (
            parents.org_unit_id is null
            or parents.layer = 'individual'
            or (parents.layer = 'project' and units.layer <> 'project')
        )

    union all
    select
        'org_units',
        units.record_id,
        'it hangs under itself, by way of ' || units.parent_id,
        'the unit is not used on the days of the circle; the work of its people counts as unassigned'
    from units
    inner join circles on units.org_unit_id = circles.org_unit_id
    where units.parent_id is not null

    union all
    select
        'org_units',
        units.record_id,
        'on none of its days is the unit above it, ' || units.parent_id || ', in the organisation',
        'the unit is not used; the work of its people counts as unassigned'
    from units
    inner join known_units on units.org_unit_id = known_units.org_unit_id
    left join reached on units.org_unit_id = reached.org_unit_id
    where
        units.layer in ('department', 'team', 'project')
        and units.valid_from <= units.valid_to
        and reached.org_unit_id is null
        and units.org_unit_id not in (select org_unit_id from circles)

    union all
    select
        'org_units',
        record_id,
        'owner ' || owner || ' is no employee''s id or name',
        'the name is shown as it is; nobody is looked up by it'
    from units
    where
        owner is not null
        and owner not in (select person_id from {{ ref('people') }})
        and owner not in (select name from {{ ref('people') }})

    union all
    select
        'people',
        record_id,
        person_id || ' is also the id of a unit',
        'the person is not used; their work counts as unassigned'
    from people
    where person_id in (select org_unit_id from {{ ref('org_units') }})

    union all
    select
        'people',
        record_id,
        'another employee is also called ' || name,
        'work under that name alone counts as unassigned; name each in source_users'
    from people
    where name in (select name from namesakes)

    union all
    select
        'memberships',
        record_id,
        'person ' || person_id || ' is not in the file of people',
        'the row is not used; their work counts as unassigned'
    from members
    where person_id not in (select person_id from {{ ref('people') }})

    union all
    select
        'memberships',
        record_id,
        'unit ' || org_unit_id || ' does not exist, or is no department or team',
        'the person hangs under the organisation, without a team'
    from members
    where
        org_unit_id not in (
            select org_unit_id from known_units
            where layer in ('organisation', 'department', 'team')
        )

    union all
    select
        'org_chart',
        record_id,
        'team ' || team || ' is in more than one department',
        'the team is under one of them'
    from chart
    where {{ slug('team', 'team') }} in (select team_id from split_teams)

    union all
    select
        'source_users',
        record_id,
        case
            when person_id is not null then 'person ' || person_id || ' is unknown, or in no unit'
            else 'it names no person and no unit'
        end,
        case
            when org_unit_id is not null then 'the work counts for unit ' || org_unit_id
            else 'the work counts as unassigned'
        end
    from users
    where
        case
            when person_id is not null
                then person_id not in (
                    select org_unit_id from known_units
                    where layer = 'individual'
                ) and not ({{ is_erased('person_id') }})
            else org_unit_id is null
        end

    union all
    select
        'source_users',
        record_id,
        'unit ' || org_unit_id || ' does not exist, or is a project',
        'the work counts as unassigned, unless the person is known'
    from users
    where
        org_unit_id not in (
            select org_unit_id from known_units
            where layer <> 'project'
        )

    union all
    select
        stream,
        record_id,
        'source ''' || source_name || ''' is unknown; use one of: '
        || (select {{ joined_texts('source_name', ', ') }} from known_sources),
        'the row matches nothing'
    from (
        select
            'source_users' as stream,
            record_id,
            source_name
        from users
        union all
        select
            'project_rules' as stream,
            record_id,
            source_name
        from rules
    ) as named
    where source_name not in (select source_name from known_sources)

    union all
    select
        'project_rules',
        record_id,
        'project ' || project_id || ' does not exist',
        'the row is not used; what it matches is on the unassigned project'
    from rules
    where
        project_id not in (
            select org_unit_id from {{ ref('dim_org_unit') }}
            where layer = 'project'
        )

    union all
    select
        'exchange_rates',
        record_id,
        'rate ' || rate || ' is not above 0',
        'the row is not used; amounts in ' || currency || ' without a rate are in quarantine'
    from rates
    where rate <= 0

    union all
    select
        'kpi_targets',
        record_id,
        'there is no KPI ' || kpi,
        'the target is not used'
    from targets
    where kpi not in (select kpi from {{ ref('dim_kpi') }})

    union all
    select
        'kpi_targets',
        record_id,
        'unit ' || org_unit_id || ' does not exist',
        'the target is not used'
    from targets
    where org_unit_id not in (select org_unit_id from {{ ref('dim_org_unit') }})

    union all
    select
        'kpi_targets',
        record_id,
        'period ''' || grain || ''' is unknown; use {{ grains() | join(", ") }}',
        'the target is not used'
    from targets
    where grain not in ('{{ grains() | join("', '") }}')

    union all
    select
        'kpi_targets',
        record_id,
        'kind of margin ''' || tolerance_type || ''' is unknown; use percent or absolute',
        'the margin is taken as percent'
    from targets
    where tolerance_type not in ('percent', 'absolute')

    union all
    select
        'innovations',
        record_id,
        'kind ''' || kind || ''' is unknown; use product or market',
        'the row is not used'
    from innovations
    where {{ innovation_kind('kind') }} not in ('product', 'market')

    union all
    select
        stream,
        record_id,
        'project ' || project_id || ' does not exist',
        'the row is not used'
    from of_projects
    where
        project_id not in (
            select org_unit_id from {{ ref('dim_org_unit') }}
            where layer = 'project'
        )

    union all
    select
        'memberships',
        members.record_id,
        'person ' || members.person_id || ' would work ' || sum(beside.share) || ' percent on '
        || members.valid_from,
        'the later place gets what is left of 100'
    from members
    inner join members as beside
        on
            members.person_id = beside.person_id
            and members.valid_from between beside.valid_from and beside.valid_to
    where members.share is not null and beside.share is not null
    group by members.record_id, members.person_id, members.valid_from
    having sum(beside.share) > 100

    union all
    select
        'known_events',
        record_id,
        'unit ' || org_unit_id || ' does not exist',
        'the event explains nothing'
    from events
    where org_unit_id not in (select org_unit_id from {{ ref('dim_org_unit') }})

    union all
    select
        'known_events',
        record_id,
        'KPI ' || kpi || ' does not exist',
        'the event explains nothing'
    from events
    where trim(kpi) <> '' and trim(kpi) not in (select kpi from {{ ref('dim_kpi') }})

    union all
    select
        stream,
        record_id,
        problem,
        outcome
    from {{ ref('target_problems') }}
)

select
    stream,
    record_id,
    problem,
    outcome
from problems
