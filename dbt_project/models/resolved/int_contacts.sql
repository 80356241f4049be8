-- One row is one person who is a contact, in however many sources: the e-mail address (its HMAC) tells.
-- Each date is the earliest that any source knows; owner and campaign are those of the source that knew
-- the lead first. A contact without an address is nobody else.
with

named as (
    select
        *,
        coalesce(contact_key, source || '/' || contact_id) as person_key
    from {{ ref('contacts') }}
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
    from named
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
