{{ config(meta={'dagster': {'ref': {'name': 'int_attribution'}}}) }}
-- On no day may the shares of one source user add up to anything but 1: work would be lost or double.
with

edges as (
    select
        source,
        source_user,
        valid_from as edge
    from {{ ref('int_attribution') }}
    union
    select
        source,
        source_user,
        valid_to as edge
    from {{ ref('int_attribution') }}
)

select
    edges.source,
    edges.source_user,
    edges.edge,
    sum(attribution.share) as share
from edges
inner join {{ ref('int_attribution') }} as attribution
    on
        edges.source = attribution.source
        and edges.source_user = attribution.source_user
        and edges.edge between attribution.valid_from and attribution.valid_to
group by edges.source, edges.source_user, edges.edge
having sum(attribution.share) <> 1
