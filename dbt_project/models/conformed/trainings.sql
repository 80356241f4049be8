-- One row is one training of one employee, in its latest good version.
{{ conformed('trainings', [
    'training_id',
    'employee',
    'training_date',
    'course',
    'hours'
]) }}
