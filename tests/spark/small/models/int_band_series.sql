-- Two years of weeks of two counts.
select
    named.kpi,
    'organisation/one' as org_unit_id,
    'week' as grain,
    date_add(date '2024-01-01', cast(weeks.id * 7 as int)) as period_start,
    cast(40 + (weeks.id * 7 + length(named.kpi)) % 11 as double) as kpi_value,
    cast(null as double) as denominator,
    named.kind,
    cast(1 as double) as budget,
    cast(null as string) as known_event
from range(104) as weeks
cross join (values ('calls', 'count'), ('revenue', 'amount')) as named (kpi, kind)
