"""People (HR): trainings that employees followed, the development goals they set and the activities
that they logged, from exports. No package's export was seen: the headings are typical ones.

Employees are named by their number in the HR system; `source_users` in the organisation's files
says who that is.
"""

from connectors.core.contract import Connector, Field, FileFormat, Stream

EMPLOYEE = Field("employee", headings=("Personeelsnummer", "Employee number"), required=True)

CONNECTOR = Connector(
    name="hr",
    label="HR export",
    kind="hr",
    file_format=FileFormat(delimiter=";", decimal=",", date="dd-mm-yyyy"),
    streams=(
        Stream(
            name="trainings",
            description="One row is one training that one employee followed.",
            key=("training_id",),
            activity="training_date",
            fields=(
                Field("training_id", headings=("Training-ID", "Training ID"), required=True),
                EMPLOYEE,
                Field("training_date", "date", headings=("Datum", "Date"), required=True),
                Field("course", headings=("Cursus", "Course")),
                Field("hours", "decimal", headings=("Uren", "Hours"), required=True),
            ),
        ),
        Stream(
            name="goals",
            description="One row is one development goal of one employee, as it is now.",
            key=("goal_id",),
            activity="due_date",
            fields=(
                Field("goal_id", headings=("Doel-ID", "Goal ID"), required=True),
                EMPLOYEE,
                Field("goal", headings=("Doel", "Goal")),
                Field("due_date", "date", headings=("Uiterlijk", "Due date"), required=True),
                Field("reached_date", "date", headings=("Bereikt op", "Reached on")),
            ),
        ),
        Stream(
            name="activities",
            description="One row is one call, meeting or visit that one employee logged.",
            key=("activity_id",),
            activity="activity_date",
            fields=(
                Field("activity_id", headings=("Activiteit-ID", "Activity ID"), required=True),
                EMPLOYEE,
                Field(
                    "activity_date",
                    "date",
                    headings=("Datum", "Activiteitsdatum", "Date", "Activity date"),
                    required=True,
                ),
                Field("activity_type", headings=("Soort", "Type", "Activity type")),
                Field("campaign", headings=("Campagne", "Project", "Campaign")),
            ),
        ),
    ),
)
