{# The currency that amounts are added up in, as SQL text. #}
{% macro base_currency() -%}
'{{ env_var("KOERS_CURRENCY", "EUR") }}'
{%- endmacro %}

{# A tool's word for a stage as won, lost or open: what is neither won nor lost is still open. #}
{% macro deal_stage(cell) -%}
case
    when lower(trim({{ cell }})) in ('won', 'closed won', 'closedwon', 'gewonnen', 'gesloten gewonnen') then 'won'
    when lower(trim({{ cell }})) in ('lost', 'closed lost', 'closedlost', 'verloren', 'gesloten verloren') then 'lost'
    when {{ cell }} is not null then 'open'
end
{%- endmacro %}

{# The same where the tool itself says whether a deal is closed and won: its stages may have any name. #}
{% macro deal_stage_of(cell, is_won, is_closed) -%}
case
    when lower({{ is_won }}) = 'true' then 'won'
    when lower({{ is_closed }}) = 'true' and lower({{ is_won }}) = 'false' then 'lost'
    else {{ deal_stage(cell) }}
end
{%- endmacro %}

{# A bookkeeping word as one of six kinds; null for another. #}
{% macro ledger_account_type(cell) -%}
case
    when lower(trim({{ cell }})) in ('omzet', 'revenue', 'opbrengst', 'opbrengsten') then 'revenue'
    when lower(trim({{ cell }})) in ('kostprijs', 'inkoop', 'inkoopkosten', 'cost of sales', 'cogs') then 'cost_of_sales'
    when lower(trim({{ cell }})) in ('marketingkosten', 'marketing cost', 'marketing costs') then 'marketing_cost'
    when lower(trim({{ cell }})) in ('kosten', 'cost', 'costs') then 'cost'
    when lower(trim({{ cell }})) in ('subsidie', 'subsidies', 'grant', 'grants') then 'subsidy'
    when lower(trim({{ cell }})) in ('bank', 'kas', 'liquide middelen', 'cash') then 'bank'
end
{%- endmacro %}

{# A word for what is new as Koers calls it; another word is left as it is, for the checks to name. #}
{% macro innovation_kind(cell) -%}
case lower(trim({{ cell }})) when 'markt' then 'market' else lower(trim({{ cell }})) end
{%- endmacro %}

{# A word for a layer as Koers calls it; another word is left as it is, for the checks to name. #}
{% macro org_layer(cell) -%}
case lower(trim({{ cell }}))
    when 'organisatie' then 'organisation'
    when 'organization' then 'organisation'
    when 'afdeling' then 'department'
    when 'medewerker' then 'individual'
    else lower(trim({{ cell }}))
end
{%- endmacro %}

{# One of the six kinds as a connector that knows them lands them; null for another word. #}
{% macro account_kind(cell) -%}
case
    when {{ cell }} in ('revenue', 'cost_of_sales', 'marketing_cost', 'cost', 'subsidy', 'bank') then {{ cell }}
end
{%- endmacro %}

{# A word for the side of a journal line as the sign of a debit amount; null for another word. #}
{% macro debit_sign(cell) -%}
case
    when lower(trim({{ cell }})) in ('d', 'debet', 'debit') then 1
    when lower(trim({{ cell }})) in ('c', 'credit') then -1
end
{%- endmacro %}

{# A word for how a target is said as Koers calls it; another word is left as it is, for the checks to name. #}
{% macro target_type(cell) -%}
case
    when {{ cell }} is null or lower(trim({{ cell }})) in ('absolute', 'absoluut') then 'absolute'
    when lower(trim({{ cell }})) in ('growth', 'groei') then 'growth'
    else lower(trim({{ cell }}))
end
{%- endmacro %}

{# A word for how many sides of a target have an edge; another word is left as it is, for the checks to name. #}
{% macro band_sides(cell) -%}
case
    when {{ cell }} is null or lower(trim({{ cell }})) in ('one', '1', 'een', 'één') then 'one'
    when lower(trim({{ cell }})) in ('two', '2', 'twee') then 'two'
    else lower(trim({{ cell }}))
end
{%- endmacro %}
