"""The organisation itself: units, people, targets and rates, in spreadsheets that people edit.

Each file holds everything there is of its kind (mode full): what is taken out of the file ends.
The files stay in `inbox/organisation/`; a changed file is read by the next run. Either give
`org_units`, `people` and `memberships`, or just `org_chart`: one flat list of who works where.
A period without `valid_from` began before all data; one without `valid_to` goes on. Who works in
two teams has a row for each with a `share`, in whole percents of their work. How targets are spread
over periods and units (`target_profiles`, `target_shares`): docs/targets.md.
"""

from connectors.core.contract import Connector, Field, FileFormat, Stream

VALID = (
    Field("valid_from", "date", headings=("Geldig vanaf", "From", "Vanaf")),
    Field("valid_to", "date", headings=("Geldig tot en met", "Until", "Tot en met")),
)

CONNECTOR = Connector(
    name="organisation",
    label="Organisation",
    kind="organisation",
    file_format=FileFormat(delimiter=";", decimal=",", date="dd-mm-yyyy"),
    keeps_files=True,
    streams=(
        Stream(
            name="org_units",
            description="One row is one unit under one parent for one period.",
            key=("org_unit_id", "valid_from"),
            mode="full",
            fields=(
                Field("org_unit_id", headings=("Eenheid", "Unit"), required=True),
                Field("layer", headings=("Laag",), required=True),
                Field("parent_id", headings=("Valt onder", "Parent")),
                Field("name", headings=("Naam",), required=True),
                Field("owner", headings=("Eigenaar",)),
                *VALID,
            ),
        ),
        Stream(
            name="people",
            description="One row is one employee.",
            key=("person_id", "valid_from"),
            mode="full",
            fields=(
                Field("person_id", headings=("Medewerker", "Person"), required=True),
                Field("name", headings=("Naam",), required=True),
                *VALID,
            ),
        ),
        Stream(
            name="memberships",
            description="One row is one employee's place in one unit for one period.",
            key=("person_id", "org_unit_id", "valid_from"),
            mode="full",
            fields=(
                Field("person_id", headings=("Medewerker", "Person"), required=True),
                Field("org_unit_id", headings=("Eenheid", "Unit", "Team"), required=True),
                Field("share", "integer", headings=("Aandeel", "Share")),
                *VALID,
            ),
        ),
        Stream(
            name="org_chart",
            description="One row is one employee's team and department for one period.",
            key=("person", "team", "valid_from"),
            mode="full",
            fields=(
                Field("person", headings=("Medewerker", "Employee", "Naam", "Name"), required=True),
                Field("team", headings=("Team",), required=True),
                Field("department", headings=("Afdeling", "Department"), required=True),
                *VALID,
            ),
        ),
        Stream(
            name="source_users",
            description="One row says whose work a user, account or cost centre of a source is.",
            key=("source", "source_user", "valid_from"),
            mode="full",
            fields=(
                Field("source", headings=("Bron",), required=True),
                Field("source_user", headings=("Gebruiker in bron", "User"), required=True),
                Field("person_id", headings=("Medewerker", "Person")),
                Field("org_unit_id", headings=("Eenheid", "Unit")),
                Field("kpi", headings=("KPI",)),
                *VALID,
            ),
        ),
        Stream(
            name="project_rules",
            description="One row says which campaign, tag, pipeline or code belongs to a project.",
            key=("source", "rule_value", "valid_from"),
            mode="full",
            fields=(
                Field("source", headings=("Bron",), required=True),
                Field("rule_value", headings=("Waarde", "Value", "Campaign"), required=True),
                Field("project_id", headings=("Project",), required=True),
                *VALID,
            ),
        ),
        Stream(
            name="exchange_rates",
            description="One row is the value of one unit of a currency in the base currency.",
            key=("currency", "valid_from"),
            mode="full",
            fields=(
                Field("currency", headings=("Valuta",), required=True),
                Field("rate", "decimal", headings=("Koers",), required=True),
                *VALID,
            ),
        ),
        Stream(
            name="known_events",
            description="One row is one holiday, campaign or outage that explains a movement.",
            key=("event", "kpi", "org_unit_id", "valid_from"),
            mode="full",
            fields=(
                Field("event", headings=("Gebeurtenis",), required=True),
                Field("kind", headings=("Soort",)),
                Field("org_unit_id", headings=("Eenheid", "Unit")),
                Field("kpi", headings=("KPI",)),
                *VALID,
            ),
        ),
        Stream(
            name="kpi_targets",
            description="One row is what was agreed for one KPI of one unit per period.",
            key=("kpi", "org_unit_id", "grain", "valid_from"),
            mode="full",
            fields=(
                Field("kpi", headings=("KPI",), required=True),
                Field("org_unit_id", headings=("Eenheid", "Unit"), required=True),
                Field("grain", headings=("Periode", "Period"), required=True),
                Field("target", "decimal", headings=("Doel", "Norm"), required=True),
                Field("tolerance_lower", "decimal", headings=("Marge omlaag", "Tolerance below")),
                Field("tolerance_upper", "decimal", headings=("Marge omhoog", "Tolerance above")),
                Field("tolerance_type", headings=("Soort marge", "Tolerance type")),
                Field("sides", headings=("Kanten", "Sides")),
                Field("target_type", headings=("Soort doel", "Target type")),
                Field("profile", headings=("Profiel", "Profile")),
                *VALID,
            ),
        ),
        Stream(
            name="target_profiles",
            description="One row is one month's weight in one way to spread a target over a year.",
            key=("profile", "month"),
            mode="full",
            fields=(
                Field("profile", headings=("Profiel",), required=True),
                Field("month", "integer", headings=("Maand",), required=True),
                Field("weight", "decimal", headings=("Gewicht",), required=True),
            ),
        ),
        Stream(
            name="target_shares",
            description="One row is one unit's share in the targets of the unit above it.",
            key=("kpi", "parent_id", "child_id", "valid_from"),
            mode="full",
            fields=(
                Field("kpi", headings=("KPI",), required=True),
                Field("parent_id", headings=("Van eenheid", "From unit"), required=True),
                Field("child_id", headings=("Naar eenheid", "To unit"), required=True),
                Field("weight", "decimal", headings=("Gewicht", "Weight"), required=True),
                *VALID,
            ),
        ),
        Stream(
            name="innovations",
            description="One row is one product or market and the days on which it counts as new.",
            key=("kind", "name", "valid_from"),
            mode="full",
            fields=(
                Field("kind", headings=("Soort",), required=True),
                Field("name", headings=("Naam",), required=True),
                *VALID,
            ),
        ),
        Stream(
            name="milestones",
            description="One row is one milestone of one project.",
            key=("project_id", "milestone"),
            mode="full",
            fields=(
                Field("project_id", headings=("Project",), required=True),
                Field("milestone", headings=("Mijlpaal",), required=True),
                Field("due_date", "date", headings=("Uiterlijk", "Due date"), required=True),
                Field("done_date", "date", headings=("Gereed op", "Done on")),
            ),
        ),
        Stream(
            name="project_budgets",
            description="One row is one budget of one project, granted on `valid_from`.",
            key=("project_id", "valid_from"),
            mode="full",
            fields=(
                Field("project_id", headings=("Project",), required=True),
                Field("amount", "decimal", headings=("Budget",), required=True),
                *VALID,
            ),
        ),
    ),
)
