"""A published table for hierarchies in a BI tool: each unit with the unit above it in every layer.

Made from the tables of the publication itself, so it holds no unit that the audience may not see:
where the parent of a unit is not shown, the nearest unit above it that is shown takes its place.
"""

from __future__ import annotations

from collections.abc import Collection

import duckdb

from pipelines.marts import columns_of

NAME = "dim_org_unit_layers"

ABOUT = "One row is one unit, with the unit above it in every layer."
COLUMNS = {
    "org_unit_id": "The unit.",
    "unit": "Its name; with the unit above it where more units of that layer are called so.",
    "layer": "organisation, department, team, project or individual.",
    "parent_id": "The nearest unit above it that is in this publication; null at the top.",
    "depth": "Steps from the top, which is 1. Units of one depth are never inside one another.",
    "owner": "Who answers for it.",
    "is_unassigned": "It holds what belongs to its parent and to no unit of this layer in it.",
    "organisation": "The organisation it is in.",
    "department": "The department it is or is in; null for the organisation.",
    "team": "The team it is or is in; a team in a team is called after both.",
    "project": "The project it is; null for other units.",
    "individual": "The person it is; null for other units.",
}

_SELECT = """
with recursive
unit as (
    select org_unit_id, layer, coalesce(name, org_unit_id) as name, parent_id, owner, is_unassigned
    from published.main.dim_org_unit
),
nearest as (
    select descendant, ancestor
    from published.main.bridge_org_unit
    where depth > 0 and ancestor in (select org_unit_id from unit)
    qualify row_number() over (partition by descendant order by depth, ancestor) = 1
),
placed as (
    select u.*, coalesce(p.org_unit_id, n.ancestor) as above, p.name as parent_name
    from unit as u
    left join unit as p on u.parent_id = p.org_unit_id
    left join nearest as n on u.org_unit_id = n.descendant
),
named as (
    select
        * exclude (parent_name),
        name || case
            when count(*) over (partition by layer, name) = 1 then ''
            when count(*) over (partition by layer, name, parent_name) > 1
                then ' (' || org_unit_id || ')'
            else coalesce(' (' || parent_name || ')', '')
        end as label
    from placed
),
-- No tree is 50 deep: a circle of parents ends.
chain as (
    select org_unit_id, org_unit_id as ancestor, 0 as steps from named
    union all
    select c.org_unit_id, n.above, c.steps + 1
    from chain as c inner join named as n on c.ancestor = n.org_unit_id
    where n.above is not null and c.steps < 50
),
layered as (
    select
        c.org_unit_id,
        cast(count(*) as integer) as depth,
        {layers}
    from chain as c inner join named as a on c.ancestor = a.org_unit_id
    group by c.org_unit_id
)
select
    n.org_unit_id, n.label as unit, n.layer, n.above as parent_id, l.depth, n.owner,
    n.is_unassigned, l.organisation, l.department, l.team, l.project, l.individual
from named as n inner join layered as l on n.org_unit_id = l.org_unit_id
order by n.org_unit_id
"""

_NEEDED = {
    "dim_org_unit": {"org_unit_id", "layer", "name", "parent_id", "owner", "is_unassigned"},
    "bridge_org_unit": {"ancestor", "descendant", "depth"},
}


def add_unit_layers(
    connection: duckdb.DuckDBPyConnection, tables: Collection[str]
) -> tuple[str, ...]:
    """Add the table to the attached database `published`; its name, or nothing where the tables it
    is made from are not there."""
    if not all(
        table in tables and columns <= set(columns_of(connection, table, "published"))
        for table, columns in _NEEDED.items()
    ):
        return ()
    layers = ", ".join(
        f"string_agg(a.label, ' › ' order by c.steps desc) filter (a.layer = '{layer}') as {layer}"
        for layer in ("organisation", "department", "team", "project", "individual")
    )
    table = f"published.main.{NAME}"
    connection.execute(f"create table {table} as {_SELECT.format(layers=layers)}")
    connection.execute(f"comment on table {table} is '{ABOUT}'")
    for column, comment in COLUMNS.items():
        connection.execute(f"comment on column {table}.{column} is '{comment}'")
    return (NAME,)
