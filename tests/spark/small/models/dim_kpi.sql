-- One row is one value of every type that Koers' models have, or none of them.
select
    cast('one' as string) as kpi,
    cast(concat('Één "quote" ''', char(10), 'x') as string) as a_text,
    date '2024-02-29' as a_date,
    cast(timestamp '2026-03-29 03:30:00.123456 Europe/Amsterdam' as timestamp) as a_moment,
    cast('-0.1200' as decimal(28, 4)) as an_amount,
    cast('12345678901234567890123456.0123456789' as decimal(38, 10)) as a_long_decimal,
    cast(0.1 as double) as a_double,
    cast(9223372036854775807 as bigint) as a_long,
    cast(-5 as int) as an_int,
    true as a_flag
union all
select
    'two', '', date '1970-01-01', timestamp '1969-12-31 23:59:59.999999',
    cast('9.9999' as decimal(28, 4)), cast(0 as decimal(38, 10)), cast('NaN' as double),
    cast(-9223372036854775807 as bigint), 0, false
union all
select
    'three', 'z', date '9999-12-31', timestamp '9999-12-31 23:59:59',
    cast('-999999999999999999999999.9999' as decimal(28, 4)), cast(1 as decimal(38, 10)),
    cast('-Infinity' as double), cast(0 as bigint), 2147483647, null
union all
select 'none', null, null, null, null, null, null, null, null, null
