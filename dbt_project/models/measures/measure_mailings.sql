-- One row is one mailing on the day it was sent, with its totals so far.
with

mailings as (select * from {{ ref('mailings') }}),

attributed as (
    {{ attributed('mailings', source_user='sender', date='sent_date', project='campaign') }}
)

select
    source || '/' || mailing_id as mailing_key,
    sent_date as measure_date,
    {{ org_columns() }},
    list_id as mailing_list,
    sent * share as mails_sent,
    delivered * share as mails_delivered,
    unique_opens * share as mail_unique_opens,
    unique_clicks * share as mail_unique_clicks,
    unsubscribes * share as mail_unsubscribes,
    bounces * share as mail_bounces
from attributed
where sent_date is not null
