-- No row, and every type.
select * from {{ ref('dim_kpi') }}
where kpi = 'no such'
