{{ staged('surveys', 'responses', [
    ['response_id', 'text'],
    ['respondent_key', 'text', 'respondent'],
    ['survey_type', 'text'],
    ['survey', 'text'],
    ['owner', 'text'],
    ['campaign', 'text'],
    ['score', 'integer'],
    ['responded_date', 'business_date', 'responded_at']
]) }}
