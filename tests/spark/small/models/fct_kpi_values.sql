-- More rows than a batch has, in more than one file.
select
    cast(id as string) as kpi,
    cast(id as decimal(28, 4)) / 4 as numerator,
    case when id % 3 = 0 then null else cast(id as double) / 7 end as kpi_value
from range(0, 30000, 1, 3)
