"""A source that gives no more data: one alert to those who look after the data, and none of the
KPIs that wait for it. They are not judged anyway, since none of their periods closes.

The alert is one of the ledger like any other, of kind `stale_source`, with the connector in place
of the KPI. It is looked at with every run, also when nothing new was published.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from pipelines.marts import columns_of
from pipelines.publication import Clock, Publication, open_publication, utc_now
from pipelines.settings import Alerts, Channel
from pipelines.watch.drift import FIRING, RESOLVED, Event, Judged, Silence, dedup_key, is_silent
from pipelines.watch.endings import Ended, endings
from pipelines.watch.formats import date, label, number
from pipelines.watch.history import Told, latest, queue, record, silences
from pipelines.watch.ledger import open_ledger, timestamp, transaction
from pipelines.watch.letter import Entry, Letter, Section
from pipelines.watch.machine import AlertState, Reading, Rule, step
from pipelines.watch.messages import Message
from pipelines.watch.payload import alert_facts
from pipelines.watch.text import text
from pipelines.watch.words import WORDS

STALE = "stale_source"
OWNER = "data"
"""Who is told: the channels that name it among their owners."""

_WORDS = {
    "nl": {
        "off": "Geen gegevens",
        "back": "Weer gegevens",
        "ended": "Vervallen",
        "stale": "Koers: {source} levert geen gegevens meer (tot en met {until})",
        "alive": "Koers: {source} levert weer gegevens (tot en met {until})",
        "gone": "Koers: {source} is geen bron meer",
        "said": "De gegevens van {source} gaan tot en met {until}; ze mogen {days} dagen oud zijn.",
        "wait": "Hierop wachten {n} KPI's, die tot dan niet worden beoordeeld: {kpis}.",
        "next": "Kijk wat de bron zegt (koers status, koers connect), of lever het exportbestand.",
        "from": "De KPI's die erop wachtten worden weer beoordeeld.",
    },
    "en": {
        "off": "No data",
        "back": "Data again",
        "ended": "Removed",
        "stale": "Koers: {source} gives no more data (up to {until})",
        "alive": "Koers: {source} gives data again (up to {until})",
        "gone": "Koers: {source} is no source any more",
        "said": "The data of {source} go up to {until}; they may be {days} days old.",
        "wait": "{n} KPIs wait for it, and are not judged until then: {kpis}.",
        "next": "See what the source says (koers status, koers connect), or bring its export file.",
        "from": "The KPIs that waited for it are judged again.",
    },
}


@dataclass(frozen=True, slots=True)
class Source:
    """A connector, the last day that its data cover, how many days old they may be, and the labels
    (Dutch, English) of the KPIs that need it."""

    connector: str
    covers_until: dt.date
    days: int
    kpis: tuple[tuple[str, str], ...] = ()

    def is_stale(self, today: dt.date) -> bool:
        """Yesterday's data are 0 days old: today is not over yet."""
        return (today - self.covers_until).days - 1 > self.days


def sources(
    facts: duckdb.DuckDBPyConnection, pulled: Collection[str], alerts: Alerts
) -> list[Source]:
    """Those that have data. pulled: the connectors whose API is asked, which may be less old than
    files that people bring. None where a publication does not say how old its data are."""
    if not columns_of(facts, "fct_source_freshness"):
        return []
    rows = facts.execute(
        "select connector, max(covers_until) from fct_source_freshness group by connector "
        "having max(covers_until) is not null order by connector"
    ).fetchall()
    kpis: dict[str, list[tuple[str, str]]] = {}
    if "sources" in columns_of(facts, "dim_kpi"):
        for connector, dutch, english in facts.execute(
            "select unnest(string_split(sources, ', ')) as connector, label_nl, label_en "
            "from dim_kpi order by all"
        ).fetchall():
            kpis.setdefault(connector, []).append((dutch, english))
    usual = {True: alerts.stale_after_days, False: alerts.files_stale_after_days}
    return [
        Source(
            connector,
            until,
            alerts.stale_after.get(connector, usual[connector in pulled]),
            tuple(kpis.get(connector, ())),
        )
        for connector, until in rows
    ]


def connectors(facts: duckdb.DuckDBPyConnection) -> set[str] | None:
    """All that a publication knows of, with data or without; None where it does not say."""
    if not columns_of(facts, "fct_source_freshness"):
        return None
    rows = facts.execute("select distinct connector from fct_source_freshness").fetchall()
    return {connector for (connector,) in rows}


def watch_sources(
    publication: Publication,
    ledger: Path,
    alerts: Alerts,
    *,
    today: dt.date,
    pulled: Collection[str] = (),
    clock: Clock = utc_now,
) -> list[Event]:
    """Begin and end the alerts about sources. `today` is that of the business time zone.

    Raises LedgerError or PublicationError when one of the two files cannot be used.
    """
    with open_publication(publication) as facts:
        found = sources(facts, pulled, alerts)
        there = connectors(facts)
    with open_ledger(ledger) as connection, transaction(connection):
        now = clock()
        known = {series: told for series, told in latest(connection).items() if series[2] == STALE}
        events = evaluate(
            found,
            known,
            publication.publication_id,
            today=today,
            now=now,
            holding=silences(connection, now),
            there=there,
        )
        by_connector = {source.connector: source for source in found}
        messages = [
            _message(event, by_connector.get(event.row.kpi), channel, alerts)
            for event in events
            if event.is_news
            for channel in alerts.channels
            if OWNER in channel.owners
        ]
        queue(connection, messages, timestamp(now))
        record(connection, events, now)
    return events


def evaluate(
    found: Sequence[Source],
    known: Mapping[tuple[str, str, str], Told],
    publication_id: str,
    *,
    today: dt.date,
    now: dt.datetime,
    holding: Sequence[Silence] = (),
    there: Collection[str] | None = None,
) -> list[Event]:
    """The transitions: pure, given the sources as they are and the alerts as they were. there: all
    connectors of the warehouse; an alert about another one ends. None where that is not known."""
    gone = {
        series: Ended("source_removed")
        for series in known
        if there is not None and series[0] not in there
    }
    events = endings(gone, known, publication_id, now=now, silences=holding)
    for source in found:
        told = known.get((source.connector, "", STALE))
        before = told.alert.at if told else AlertState()
        stale = source.is_stale(today)
        reading = Reading(today, "out" if stale else "in", int(stale), int(not stale))
        after = step(before, reading, Rule(), now)
        row = _row(source)
        quiet = is_silent(row, holding, now)
        news = False
        if after.state == FIRING and not after.is_told and not quiet:
            after, news = replace(after, is_told=True), True
        elif after.state == RESOLVED and before.state != RESOLVED:
            news = after.is_told and not quiet
        if after == before:
            continue
        goes_on = told is not None and (before.is_open or before.period_start == today)
        alert_id = f"{source.connector}/{STALE}/{source.covers_until.isoformat()}"
        number_of_events = 0
        if goes_on and told is not None:
            alert_id, number_of_events = told.alert.alert_id, told.alert.events
        events.append(
            Event(
                alert_id=alert_id,
                kind=STALE,
                state=after.state,
                publication_id=publication_id,
                dedup_key=dedup_key(alert_id, number_of_events, after.state),
                since=told.alert.since if goes_on and told else source.covers_until,
                row=row,
                at=after,
                is_news=news,
            )
        )
    return events


def _row(source: Source) -> Judged:
    nothing = dict.fromkeys(
        (
            "kpi_value", "target", "band_lower", "band_upper", "process_status",
            "process_band_lower", "process_band_centre", "process_band_upper", "process_score",
            "known_event", "definition_version",
        )
    )  # fmt: skip
    return Judged(
        kpi=source.connector,
        org_unit_id="",
        grain="day",
        period_start=source.covers_until,
        period_end=source.covers_until,
        status=STALE,
        label_nl=source.connector,
        label_en=source.connector,
        unit="count",
        unit_name="",
        layer="source",
        is_unassigned=False,
        owner=OWNER,
        kind=STALE,
        verdict="out",
        **nothing,  # type: ignore[arg-type]
    )


def _message(event: Event, source: Source | None, channel: Channel, alerts: Alerts) -> Message:
    """source: None where it was removed."""
    language = channel.read_in(OWNER, alerts.language, alerts.languages)
    words = _WORDS[language]
    said = {"source": label(event.row.kpi)}
    advice: tuple[str, str] | None = None
    if source is None:
        tone, title = "ended", "gone"
        lines = [WORDS[language]["source_removed"].capitalize()]
    else:
        said |= {
            "until": date(source.covers_until, language),
            "days": number(source.days, 0, language),
            "n": number(len(source.kpis), 0, language),
            "kpis": ", ".join(label(names[language == "en"]) for names in source.kpis),
        }
        fires = event.state == FIRING
        tone, title = ("off", "stale") if fires else ("back", "alive")
        advice = (WORDS[language]["next"], words["next"]) if fires else ("", words["from"])
        lines = [words["said"].format(**said)]
        if source.kpis and fires:
            lines.append(words["wait"].format(**said))
    key = hashlib.sha256(f"{channel.name}\n{event.dedup_key}".encode()).hexdigest()[:24]
    subject = words[title].format(**said)
    entry = Entry(
        tone=tone,
        kpi=label(event.row.kpi),
        unit="",
        period="",
        lines=tuple(lines),
        badge=words[tone],
        alert=alert_facts(event),
    )
    letter = Letter(
        language,
        subject,
        (),
        (Section(tone, "", (entry,)),),
        advice,
        WORDS[language]["reference"].format(publication=event.publication_id, key=key),
    )
    return Message(
        key,
        event.publication_id,
        OWNER,
        channel.name,
        subject,
        text(letter),
        (event.dedup_key,),
        letter,
    )
