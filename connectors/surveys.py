"""Surveys (NPS), from CSV, XLSX or JSON exports of any survey tool.

A score is 0 to 10, written as `9`, `9,0` or `9 - very likely`; words without a number are refused,
and so is what lies outside. An empty score is "not answered", which counts neither for nor against
in the score, and as no response in the response rate, so export the invitations that nobody
answered too. Who answered is a keyed HMAC of the e-mail address.
"""

from connectors.core.contract import Connector, Field, FileFormat, Stream

CONNECTOR = Connector(
    name="surveys",
    label="Survey export",
    kind="survey",
    file_format=FileFormat(),
    streams=(
        Stream(
            name="responses",
            description="One row is one answer to one invitation.",
            key=("response_id",),
            activity="responded_at",
            fields=(
                Field("response_id", headings=("Response ID", "Antwoord-ID", "#"), required=True),
                Field("respondent", headings=("Email", "E-mail", "Respondent"), personal=True),
                Field("survey_type", headings=("Survey type", "Type enquete", "Type enquête")),
                Field("survey", headings=("Survey", "Survey name", "Enquete", "Enquête")),
                Field("owner", headings=("Owner", "Account manager", "Accountmanager")),
                Field("campaign", headings=("Campaign", "Campagne")),
                Field("score", "score", headings=("Score", "NPS", "Cijfer")),
                Field("invited_at", "datetime", headings=("Invited at", "Sent at", "Verstuurd op")),
                Field(
                    "responded_at",
                    "datetime",
                    headings=("Submitted at", "Submit Date (UTC)", "Ingevuld op"),
                ),
            ),
        ),
    ),
)
