-- One row is one mailing on the day it was sent, with its totals so far. What a tool does not tell
-- of a mailing is null in it, and of each ratio only mailings are added up of which both parts are
-- known: the columns `mails_with_known_...` are its denominators. Where deliveries are not told,
-- opens and clicks count per mail that did not bounce, or else per mail sent.
{% set opens = (
    'coalesce(unique_human_opens, unique_opens)'
    if env_var('KOERS_MACHINE_OPENS', 'leave_out') == 'leave_out'
    else 'unique_opens'
) %}
with

mailings as (select * from {{ ref('mailings') }}),

counted as (
    select
        *,
        {{ opens }} as opens,
        coalesce(delivered, sent - bounces, sent) as reached
    from mailings
),

attributed as (
    {{ attributed('counted', source_user='sender', date='sent_date', project='campaign') }}
)

select
    source || '/' || mailing_id as mailing_key,
    sent_date as measure_date,
    {{ org_columns() }},
    list_id as mailing_list,
    sent * share as mails_sent,
    delivered * share as mails_delivered,
    opens * share as mail_unique_opens,
    unique_clicks * share as mail_unique_clicks,
    unsubscribes * share as mail_unsubscribes,
    bounces * share as mail_bounces,
    case when delivered is not null then sent * share end as mails_with_known_delivery,
    case when bounces is not null then sent * share end as mails_with_known_bounces,
    case when opens is not null then reached * share end as mails_with_known_opens,
    case when unique_clicks is not null then reached * share end as mails_with_known_clicks,
    case when unsubscribes is not null then reached * share end as mails_with_known_unsubscribes,
    case when opens is not null then unique_clicks * share end as clicks_of_known_opens,
    case when unique_clicks is not null then opens * share end as opens_of_known_clicks
from attributed
where sent_date is not null
