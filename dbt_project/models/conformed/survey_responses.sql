-- One row is one answer to one invitation, in its latest good version.
{{ conformed('survey_responses', [
    'response_id',
    'respondent_key',
    'survey_type',
    'survey',
    'owner',
    'campaign',
    'score',
    'invited_date',
    'responded_date'
]) }}
