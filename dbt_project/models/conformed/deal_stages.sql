-- One row is one stage of one deal pipeline, in its latest good version.
{{ conformed('deal_stages', [
    'pipeline_id',
    'pipeline',
    'stage_id',
    'stage_name'
]) }}
