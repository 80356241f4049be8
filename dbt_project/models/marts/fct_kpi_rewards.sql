-- Fairness comes first: nobody gets, or misses, a reward on a guess. Each guard says why.
{{ config(materialized='table') }}
{% set kpis = kpi_metrics() %}
{% set guards = {
    'guarded_no_target': [
        'er is geen doel afgesproken', 'no target was agreed'
    ],
    'guarded_no_last_year': [
        'er is groei afgesproken op een periode van vorig jaar die niet heel bekend is',
        'growth was agreed on a period of last year that is not known in whole'
    ],
    'guarded_incomplete': [
        'de gegevens dekken niet de hele periode', 'the data do not cover the whole period'
    ],
    'guarded_no_attainment': [
        'er is geen waarde om aan het doel te meten', 'there is no value to measure by the target'
    ],
} %}
with

curves (
    kpi, threshold_attainment, threshold_payout, target_attainment, target_payout, cap_attainment, cap_payout,
    min_sample_size
) as (
    values
    {% for kpi in kpis if kpi.meta.get('reward') %}
    {% set curve = kpi.meta.reward %}
    (
        {{ text_literal(kpi.name) }},
        {% for step in [curve.threshold, curve.target, curve.cap] %}
        cast({{ step.attainment }} as double), cast({{ step.payout }} as double),
        {% endfor %}
        {{ curve.min_sample_size }}
    ),
    {% endfor %}
    (null, null, null, null, null, null, null, null)
),

rewarded_layers (kpi, layer) as (
    values
    {% for kpi in kpis if kpi.meta.get('reward') %}
    {% for layer in kpi.meta.reward.get('layers') or [kpi.meta.home_layer] %}
    ({{ text_literal(kpi.name) }}, {{ text_literal(layer) }}),
    {% endfor %}
    {% endfor %}
    (null, null)
),

kpi_streams (kpi, connector, stream) as (
    values
    {% for kpi in kpis if kpi.meta.get('reward') %}
    {% for stream in kpi.streams %}
    ({{ text_literal(kpi.name) }}, {{ text_literal(stream.split('.')[0]) }}, {{ text_literal(stream.split('.')[1]) }}),
    {% endfor %}
    {% endfor %}
    (null, null, null)
),

-- A load brings the days after the load before it, up to its own last day; what is delivered again
-- up to the same day takes the place of what was there.
loads as (
    select
        connector,
        stream,
        covers_until,
        lag(covers_until) over (partition by connector, stream order by covers_until nulls last) as covered_before,
        refused_rows
    from (
        select
            loads.connector,
            loads.stream,
            loads.covers_until,
            quality.rows_rejected + quality.rows_quarantined as refused_rows
        from {{ landed_loads() }} as loads
        inner join {{ ref('fct_data_quality') }} as quality
            on
                loads.connector = quality.connector
                and loads.stream = quality.stream
                and loads.load_id = quality.load_id
        where loads.covers_until is not null
        qualify
            row_number() over (
                partition by loads.connector, loads.stream, loads.covers_until order by loads.load_id desc
            ) = 1
    ) as newest
),

judged as (
    select
        status.kpi,
        status.org_unit_id,
        units.layer,
        units.name as unit_name,
        status.grain,
        status.period_start,
        status.period_end,
        status.kpi_value,
        status.target,
        status.target_origin,
        status.attainment,
        status.sample_size,
        status.is_complete,
        kpis.label_nl,
        kpis.label_en,
        kpis.unit
    from {{ ref('fct_kpi_status') }} as status
    inner join {{ ref('dim_kpi') }} as kpis on status.kpi = kpis.kpi and status.grain = kpis.cadence
    inner join {{ ref('dim_org_unit') }} as units on status.org_unit_id = units.org_unit_id
    inner join rewarded_layers on status.kpi = rewarded_layers.kpi and units.layer = rewarded_layers.layer
    where status.is_closed and not units.is_unassigned
),

periods as (
    select distinct
        kpi,
        period_start,
        period_end
    from judged
),

refused as (
    select
        periods.kpi,
        periods.period_start,
        sum(loads.refused_rows) as refused_rows
    from periods
    inner join kpi_streams on periods.kpi = kpi_streams.kpi
    inner join loads
        on
            kpi_streams.connector = loads.connector
            and kpi_streams.stream = loads.stream
            and periods.period_start <= loads.covers_until
            and periods.period_end > coalesce(loads.covered_before, cast('1900-01-01' as date))
    group by periods.kpi, periods.period_start
),

outcomes as (
    select
        judged.*,
        curves.threshold_attainment,
        curves.min_sample_size,
        cast(coalesce(refused.refused_rows, 0) as bigint) as refused_rows,
        round({{ payout('judged.attainment', 'curves') }}, 6) as curve_payout,
        case
            when judged.target_origin = 'no_last_year' then 'guarded_no_last_year'
            when judged.target is null then 'guarded_no_target'
            when not judged.is_complete then 'guarded_incomplete'
            when judged.attainment is null then 'guarded_no_attainment'
            when judged.sample_size < curves.min_sample_size then 'guarded_small_sample'
            when judged.layer = 'individual' and refused.refused_rows > 0 then 'guarded_refused_rows'
            when judged.attainment < curves.threshold_attainment then 'below_threshold'
            when judged.attainment >= curves.cap_attainment then 'capped'
            else 'paid'
        end as outcome
    from judged
    inner join curves on judged.kpi = curves.kpi
    left join refused on judged.kpi = refused.kpi and judged.period_start = refused.period_start
),

figures as (
    select
        *,
        label_nl || ' van ' || unit_name || ' van ' || period_start || ' tot en met ' || period_end || ': ' as about_nl,
        label_en || ' of ' || unit_name || ' from ' || period_start || ' to ' || period_end || ': ' as about_en,
        {{ written_value('kpi_value', 'unit', 'nl') }} || ' bij een doel van '
        || {{ written_value('target', 'unit', 'nl') }} || ', dus '
        || {{ written_part('attainment', 'nl') }} || ' behaald' as met_nl,
        {{ written_value('kpi_value', 'unit', 'en') }} || ' on a target of '
        || {{ written_value('target', 'unit', 'en') }} || ', so '
        || {{ written_part('attainment', 'en') }} || ' met' as met_en,
        {{ written_part('curve_payout', 'nl') }} as payout_nl,
        {{ written_part('curve_payout', 'en') }} as payout_en,
        {{ written_part('threshold_attainment', 'nl') }} as threshold_nl,
        {{ written_part('threshold_attainment', 'en') }} as threshold_en
    from outcomes
),

-- Why nothing is decided; null where something is.
guarded as (
    select
        *,
        case outcome
            {% for guard, said in guards.items() %}
            when '{{ guard }}' then '{{ said[0] }}'
            {% endfor %}
            when 'guarded_small_sample'
                then sample_size || ' gegevens zijn minder dan de ' || min_sample_size || ' van een eerlijk oordeel'
            when 'guarded_refused_rows'
                then refused_rows || ' regels van de bronnen over deze dagen zijn geweigerd'
        end as reason_nl,
        case outcome
            {% for guard, said in guards.items() %}
            when '{{ guard }}' then '{{ said[1] }}'
            {% endfor %}
            when 'guarded_small_sample'
                then sample_size || ' records are fewer than the ' || min_sample_size || ' of a fair judgement'
            when 'guarded_refused_rows'
                then refused_rows || ' rows of its sources for these days were refused'
        end as reason_en
    from figures
),

explained as (
    select
        *,
        case
            when reason_nl is not null then 'er is niets beslist, want ' || reason_nl || '.'
            when outcome = 'below_threshold' then met_nl || '; onder ' || threshold_nl || ' wordt niets uitbetaald.'
            when outcome = 'capped' then met_nl || '; meer dan ' || payout_nl || ' wordt niet uitbetaald.'
            else met_nl || '; er wordt ' || payout_nl || ' uitbetaald.'
        end as said_nl,
        case
            when reason_en is not null then 'nothing is decided, since ' || reason_en || '.'
            when outcome = 'below_threshold' then met_en || '; below ' || threshold_en || ' nothing is paid.'
            when outcome = 'capped' then met_en || '; no more than ' || payout_en || ' is paid.'
            else met_en || '; ' || payout_en || ' is paid.'
        end as said_en
    from guarded
)

select
    kpi,
    org_unit_id,
    layer,
    grain,
    period_start,
    period_end,
    kpi_value,
    target,
    attainment,
    sample_size,
    cast(min_sample_size as bigint) as min_sample_size,
    refused_rows,
    case when outcome not like 'guarded%' then curve_payout end as payout,
    outcome,
    about_nl || said_nl as explanation_nl,
    about_en || said_en as explanation_en
from explained
