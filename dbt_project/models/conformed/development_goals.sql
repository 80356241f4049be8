-- One row is one development goal of one employee, in its latest good version.
{{ conformed('development_goals', [
    'goal_id',
    'employee',
    'goal',
    'due_date',
    'reached_date'
]) }}
