"""The sentences of the lint, by language: what is wrong, and what to do."""

Sentences = dict[str, tuple[str, str]]

ENGLISH: Sentences = {
    "vague": (
        "The definition says no more than the name: {text}",
        "Say what is counted, from when it counts, and what does not.",
    ),
    "one_sided": (
        "The definition does not say that it is divided by something ({denominator}).",
        "Say in words what is above and what is below the line.",
    ),
    "empty_words": (
        "Filled in because it had to be: smart.{fields}",
        "Write it so that somebody else can judge it.",
    ),
    "not_measured": (
        "No closed period has a value.",
        "Connect one of its sources ({sources}), or take the KPI out.",
    ),
    "stale": (
        "The data of {source} stop at {until}.",
        "See koers status and koers connect, or bring the export file.",
    ),
    "out_of_reach": (
        "The target is out of reach: {unit} reached it in {times} of {of} {periods}{more}. The "
        "next one reaches it with a probability of {low} to {high} %.",
        "Agree on what can be met, or on what will be done differently.",
    ),
    "too_easy": (
        "The target asks nothing: {unit} reached it in {times} of {of} {periods}{more}. The next "
        "one reaches it with a probability of {low} to {high} %.",
        "Raise it, or steer on something else.",
    ),
    "no_parent": (
        "It moves no KPI above it.",
        "Name it among the drivers of the KPI it serves, or take it out.",
    ),
    "no_end": (
        "It does not say until when the target holds: {text}",
        "Name a date in smart.time_bound.",
    ),
    "past_end": (
        "What was agreed held until {until}.",
        "Agree anew, and write the new date in smart.time_bound.",
    ),
    "target_ended": (
        "The target of {units} has ended; the last period with one began on {until}.",
        "Add a row to kpi_targets, or take the KPI out.",
    ),
    "no_owner": ("Nobody owns it.", "Name an owner."),
    "owner_left": (
        "Its owner ({owner}) is no longer in the organisation.",
        "Name another owner.",
    ),
    "owner_unknown": (
        "Its owner ({owner}) owns no unit, is no employee and has no channel.",
        "Write the name as org_units or people has it, or give it a channel in koers.yaml.",
    ),
    "no_target": (
        "It has no target, and moves no KPI that might have one.",
        "Agree on a target (kpi_targets), or name it among the drivers of another KPI.",
    ),
    "no_review_date": ("It has no review date.", "Say when the definition is looked at again."),
    "review_overdue": (
        "Its review was due on {due}.",
        "Look at it with the owner, and set the next date.",
    ),
    "jungle": (
        "{owner} owns {number} KPIs; more than {most} is a jungle.",
        "Keep those that are acted on; let others own the rest, or take them out.",
    ),
    "unused": (
        "No target, no KPI above it, no alert: nobody would miss it.",
        "Agree on a target, name it among the drivers of a KPI, or take it out.",
    ),
    "opposing": (
        "What is good for {one} is bad for {other}: rank correlation {correlation} of the changes "
        "over {weeks} weeks.",
        "Choose which of the two goes first, or give one of them a target as a limit.",
    ),
    "same": (
        "{one} and {other} say nearly the same: rank correlation {correlation} of the changes "
        "over {weeks} weeks.",
        "Steer on one of them.",
    ),
    "title": ("{kpis} KPIs, {findings} findings", ""),
    "none": ("{kpis} KPIs, nothing to say about them.", ""),
    "error": ("Cannot be steered on as it is", ""),
    "warning": ("To repair at the next review", ""),
    "note": ("Worth a thought", ""),
    "todo": ("To do", ""),
    "and_more": (" and {n} more", ""),
    "more_units": (" (and so {n} other units)", ""),
    "day": ("days", ""),
    "week": ("weeks", ""),
    "month": ("months", ""),
    "quarter": ("quarters", ""),
    "year": ("years", ""),
}

DUTCH: Sentences = {
    "vague": (
        "De definitie zegt niet meer dan de naam: {text}",
        "Zeg wat er geteld wordt, vanaf wanneer het telt, en wat niet.",
    ),
    "one_sided": (
        "De definitie zegt niet dat er door iets gedeeld wordt ({denominator}).",
        "Zeg in woorden wat boven en wat onder de streep staat.",
    ),
    "empty_words": (
        "Ingevuld omdat het moest: smart.{fields}",
        "Schrijf het zo dat een ander het kan beoordelen.",
    ),
    "not_measured": (
        "Geen enkele afgesloten periode heeft een waarde.",
        "Sluit een van de bronnen aan ({sources}), of schrap de KPI.",
    ),
    "stale": (
        "De gegevens van {source} houden op bij {until}.",
        "Kijk bij koers status en koers connect, of lever het exportbestand.",
    ),
    "out_of_reach": (
        "Het doel is onbereikbaar: {unit} haalde het in {times} van {of} {periods}{more}. De "
        "volgende haalt het met een kans van {low} tot {high}%.",
        "Spreek af wat haalbaar is, of wat er anders gaat.",
    ),
    "too_easy": (
        "Het doel vraagt niets: {unit} haalde het in {times} van {of} {periods}{more}. De "
        "volgende haalt het met een kans van {low} tot {high}%.",
        "Leg de lat hoger, of stuur op iets anders.",
    ),
    "no_parent": (
        "Er is geen KPI erboven die hij beweegt.",
        "Noem hem bij de drivers van de KPI waar hij voor dient, of schrap hem.",
    ),
    "no_end": (
        "Er staat niet tot wanneer het doel geldt: {text}",
        "Noem een datum in smart.time_bound.",
    ),
    "past_end": (
        "Wat was afgesproken gold tot en met {until}.",
        "Spreek opnieuw af, en zet de nieuwe datum in smart.time_bound.",
    ),
    "target_ended": (
        "Het doel van {units} is afgelopen; de laatste periode met een doel begon op {until}.",
        "Voeg een rij toe aan kpi_targets, of schrap de KPI.",
    ),
    "no_owner": ("Niemand is eigenaar.", "Wijs een eigenaar aan."),
    "owner_left": (
        "De eigenaar ({owner}) is niet meer in de organisatie.",
        "Wijs een andere eigenaar aan.",
    ),
    "owner_unknown": (
        "De eigenaar ({owner}) heeft geen eenheid, is geen medewerker en heeft geen kanaal.",
        "Schrijf de naam zoals in org_units of people, of geef er een kanaal aan in koers.yaml.",
    ),
    "no_target": (
        "Er is geen doel, en geen KPI met een doel die erdoor beweegt.",
        "Spreek een doel af (kpi_targets), of noem hem bij de drivers van een andere KPI.",
    ),
    "no_review_date": (
        "Er is geen datum om hem weer te bekijken.",
        "Zeg wanneer de definitie opnieuw bekeken wordt.",
    ),
    "review_overdue": (
        "Hij had op {due} opnieuw bekeken moeten zijn.",
        "Bekijk hem met de eigenaar, en kies de volgende datum.",
    ),
    "jungle": (
        "{owner} heeft {number} KPI's; meer dan {most} is een oerwoud.",
        "Houd die waarop iemand iets doet; geef de rest aan anderen, of schrap ze.",
    ),
    "unused": (
        "Geen doel, geen KPI erboven, geen melding: niemand zou hem missen.",
        "Spreek een doel af, noem hem bij de drivers van een KPI, of schrap hem.",
    ),
    "opposing": (
        "Wat goed is voor {one} is slecht voor {other}: rangcorrelatie {correlation} van de "
        "veranderingen over {weeks} weken.",
        "Kies welke van de twee voorgaat, of geef een ervan een doel als grens.",
    ),
    "same": (
        "{one} en {other} zeggen bijna hetzelfde: rangcorrelatie {correlation} van de "
        "veranderingen over {weeks} weken.",
        "Stuur op een van de twee.",
    ),
    "title": ("{kpis} KPI's, {findings} bevindingen", ""),
    "none": ("{kpis} KPI's, niets op aan te merken.", ""),
    "error": ("Zo valt er niet op te sturen", ""),
    "warning": ("Te herstellen bij de volgende bespreking", ""),
    "note": ("Om over na te denken", ""),
    "todo": ("Te doen", ""),
    "and_more": (" en nog {n}", ""),
    "more_units": (" (en zo nog {n} eenheden)", ""),
    "day": ("dagen", ""),
    "week": ("weken", ""),
    "month": ("maanden", ""),
    "quarter": ("kwartalen", ""),
    "year": ("jaren", ""),
}

SENTENCES = {"en": ENGLISH, "nl": DUTCH}
