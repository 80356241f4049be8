with typed as (
{{ staged('ledger', 'entries', [
    ['entry_id', 'text'],
    ['entry_date', 'business_date'],
    ['account_code', 'text'],
    ['account_label', 'text', 'account_type'],
    ['cost_centre', 'text'],
    ['project_code', 'text'],
    ['amount', 'decimal(18, 2)'],
    ['currency_code', 'text', 'currency']
]) }}
)

select
    * exclude (account_label, currency_code, quarantine_reason),
    case
        when lower(account_label) in ('omzet', 'revenue', 'opbrengst', 'opbrengsten') then 'revenue'
        when lower(account_label) in ('kosten', 'cost', 'costs') then 'cost'
    end as account_type,
    coalesce(currency_code, '{{ env_var("KOERS_CURRENCY", "EUR") }}') as currency,
    coalesce(
        quarantine_reason,
        case
            when lower(account_label) not in ('omzet', 'revenue', 'opbrengst', 'opbrengsten', 'kosten', 'cost', 'costs')
                then 'account_type: ''' || account_label || ''' is neither revenue nor cost'
        end
    ) as quarantine_reason
from typed
