{{ config(materialized='table') }}

with

kpis as (
    {% for kpi in kpi_metrics() %}
    {% set meta = kpi.meta %}
    {% set tolerance = meta.get('tolerance') or {} %}
    {% set alert = meta.get('alert') or {} %}
    {% set smart = meta.get('smart') or {} %}
    select
        {{ text_literal(kpi.name) }} as kpi,
        {{ text_literal(meta.label.nl) }} as label_nl,
        {{ text_literal(meta.label.en) }} as label_en,
        {{ text_literal(meta.description.nl) }} as description_nl,
        {{ text_literal(meta.description.en) }} as description_en,
        {{ text_literal(meta.home_layer) }} as home_layer,
        {{ text_literal(meta.owner) }} as owner,
        {{ text_literal(meta.unit) }} as unit,
        {{ text_literal(meta.direction) }} as direction,
        {{ text_literal(meta.cadence) }} as cadence,
        {{ text_literal(kpi.type) }} as metric_type,
        {{ 'true' if kpi.over_periods else 'false' }} as adds_up_over_periods,
        {{ 'true' if kpi.over_units else 'false' }} as adds_up_over_units,
        {{ text_literal(kpi.numerator_name) }} as numerator,
        {{ text_literal(kpi.denominator_name) }} as denominator,
        {{ text_literal((meta.get('drivers') or []) | join(', ')) }} as drivers,
        {{ text_literal(kpi.connectors | join(', ')) }} as sources,
        {{ text_literal(tolerance.get('type')) }} as tolerance_type,
        cast({{ tolerance.get('lower', 'null') }} as double) as tolerance_lower,
        cast({{ tolerance.get('upper', 'null') }} as double) as tolerance_upper,
        cast({{ alert.get('fire', 'null') }} as integer) as fire_periods,
        cast({{ alert.get('of', 'null') }} as integer) as of_periods,
        cast({{ alert.get('recover', 'null') }} as integer) as recover_periods,
        cast({{ alert.get('margin', 'null') }} as double) as recover_margin,
        {{ text_literal(smart.get('specific')) }} as smart_specific,
        {{ text_literal(smart.get('measurable')) }} as smart_measurable,
        {{ text_literal(smart.get('accepted')) }} as smart_accepted,
        {{ text_literal(smart.get('realistic')) }} as smart_realistic,
        {{ text_literal(smart.get('time_bound')) }} as smart_time_bound,
        cast({{ text_literal(meta.get('review_date')) }} as date) as review_date,
        {{ text_literal(kpi.version) }} as definition_version,
        {{ text_literal(kpi.parts) }} as split_over_units,
        {{ text_literal(meta.get('driver_relation')) }} as driver_relation
    {% if not loop.last %}union all{% endif %}
    {% endfor %}
)

select * from kpis
