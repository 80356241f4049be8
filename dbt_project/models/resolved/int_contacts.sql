-- One row is one person who is a contact, in however many sources: the e-mail address (its HMAC) tells, and
-- that a lead was converted into a contact. Each date is the earliest that any source knows; owner and
-- campaign are those of the source that knew the lead first. A contact without an address is nobody else.
with

named as (
    select
        *,
        coalesce(contact_key, source || '/' || contact_id) as own_key
    from {{ ref('contacts') }}
),

-- Leads that became a contact under another address, read both ways.
conversions as (
    select
        leads.own_key as lead_key,
        converted.own_key as contact_key
    from named as leads
    inner join named as converted
        on leads.source = converted.source and leads.converted_to = converted.contact_id
    where leads.own_key <> converted.own_key
),

links as (
    select
        lead_key as start_key,
        contact_key as end_key
    from conversions
    union
    select
        contact_key as start_key,
        lead_key as end_key
    from conversions
),

-- Over a link and back is a way to oneself, so the smallest key is that of the whole group.
reached as (
    {{ reachable('links') }}
),

persons as (
    select
        start_key as own_key,
        min(end_key) as person_key
    from reached
    group by start_key
),

person_contacts as (
    select
        named.*,
        coalesce(persons.person_key, named.own_key) as person_key
    from named
    left join persons on named.own_key = persons.own_key
),

-- Most are contacts of one source only, of whom there is nothing to compare.
shared as (
    select person_key
    from person_contacts
    group by person_key
    having count(*) > 1
),

dated as (
    select
        *,
        min(created_date) over (partition by person_key) as first_created_date,
        min(mql_date) over (partition by person_key) as first_mql_date,
        min(customer_date) over (partition by person_key) as first_customer_date,
        row_number() over (
            partition by person_key
            order by mql_date nulls last, created_date nulls last, source, contact_id
        ) as place
    from person_contacts
    where person_key in (select person_key from shared)
)

select
    source,
    contact_id,
    contact_key,
    owner,
    campaign,
    first_created_date as created_date,
    first_mql_date as mql_date,
    first_customer_date as customer_date
from dated
where place = 1
union all
select
    source,
    contact_id,
    contact_key,
    owner,
    campaign,
    created_date,
    mql_date,
    customer_date
from person_contacts
where person_key not in (select person_key from shared)
