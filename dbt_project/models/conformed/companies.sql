-- One row is one company, in its latest good version.
{{ conformed('companies', [
    'company_id',
    'company',
    'country'
]) }}
