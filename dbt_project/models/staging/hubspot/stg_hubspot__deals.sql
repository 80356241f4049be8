with typed as (
{{ staged('hubspot', 'deals', [
    ['deal_id', 'text'],
    ['owner', 'text'],
    ['account', 'text'],
    ['product', 'text'],
    ['pipeline', 'text'],
    ['campaign', 'text'],
    ['stage_label', 'text', 'stage'],
    ['amount', 'decimal(18, 2)'],
    ['currency_code', 'text', 'currency'],
    ['created_date', 'business_date', 'created_at'],
    ['closed_date', 'business_date', 'closed_at']
]) }}
)

select
    * exclude (stage_label, currency_code),
    case
        when lower(stage_label) in ('won', 'closed won', 'closedwon', 'gewonnen', 'gesloten gewonnen') then 'won'
        when lower(stage_label) in ('lost', 'closed lost', 'closedlost', 'verloren', 'gesloten verloren') then 'lost'
        else 'open'
    end as stage,
    coalesce(currency_code, '{{ env_var("KOERS_CURRENCY", "EUR") }}') as currency
from typed
