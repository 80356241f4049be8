-- One row is one product or market that counts as new, for one period.
with

current_rows as ({{ current_records('innovations', ['kind', 'name', 'valid_from', 'valid_to']) }}),

given as (
    select
        {{ innovation_kind('kind') }} as kind,
        name,
        {{ valid_range() }}
    from current_rows
    where {{ innovation_kind('kind') }} in ('product', 'market')
)

{{ without_overlap('given', ['kind', 'name'], []) }}
