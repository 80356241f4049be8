"""Every KPI as an asset check on the KPI facts: where it stands, its alerts, and a small picture of
how it came there. The publication is read once for all of them."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import dagster as dg

from pipelines.course import Standing, headline, history, standings
from pipelines.defs.publication import PUBLICATION, WATCH
from pipelines.kpis import Kpi
from pipelines.movers import COMPARISONS, Mover, movers
from pipelines.plots import sparkline
from pipelines.publication import current, open_publication, utc_now
from pipelines.settings import Settings, home, settings
from pipelines.watch.messages import described
from pipelines.watch.standing import Open, raised

FACTS = dg.AssetKey(["fct_kpi_status"])


def kpi_checks(kpis: Mapping[str, Kpi]) -> dg.AssetChecksDefinition:
    """One check per KPI; any of them can be run alone from the UI."""

    @dg.multi_asset_check(
        name="kpi_checks",
        specs=[
            dg.AssetCheckSpec(
                name,
                asset=FACTS,
                additional_deps=[PUBLICATION, WATCH],
                description=f"{kpi.label.en}. {kpi.description.en}",
                metadata={"owner": kpi.owner, "home_layer": kpi.home_layer, "unit": kpi.unit},
            )
            for name, kpi in kpis.items()
        ],
        can_subset=True,
    )
    def check(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
        yield from results({key.name for key in context.selected_asset_check_keys})

    return check


def results(wanted: Collection[str]) -> Iterator[dg.AssetCheckResult]:
    """What the checks of these KPIs tell now, by the newest publication and the alert ledger."""
    at = home()
    publication = current(at)
    if publication is None:
        for name in sorted(wanted):
            yield _nothing(name, "nothing is published yet")
        return
    chosen = settings(at)
    alerts = raised(at.ledger, utc_now())
    by_kpi: defaultdict[str, list[Standing]] = defaultdict(list)
    with open_publication(publication) as facts:
        for standing in standings(facts):
            by_kpi[standing.kpi].append(standing)
        for name in sorted(wanted):
            if name not in by_kpi:
                yield _nothing(name, "no closed period with data")
                continue
            shown = headline(by_kpi[name])
            points = history(facts, name, shown.org_unit_id)
            moved = movers(facts, shown)
            told = _Alerts(alerts.get(name, []), chosen)
            status = points[-1].process_status
            plot = sparkline(points, unit=shown.unit, grain=shown.grain)
            yield _result(by_kpi[name], shown, plot, moved, told, status)


class _Alerts:
    """The alerts of a KPI that are not over, in words."""

    def __init__(self, alerts: Sequence[Open], chosen: Settings) -> None:
        self._alerts, self._zone, self.currency = alerts, chosen.zone, chosen.currency

    def __len__(self) -> int:
        return len(self._alerts)

    @property
    def counted(self) -> str:
        """Such as `1 acknowledged, 2 firing`; `none`."""
        states = Counter(each.told.alert.at.state for each in self._alerts)
        return ", ".join(f"{n} {state}" for state, n in sorted(states.items())) or "none"

    @property
    def table(self) -> str:
        if not self._alerts:
            return "none"
        rows = []
        for each in self._alerts[:50]:
            row = each.told.row
            cells = (
                each.said(self._zone),
                f"{row.unit_name} ({row.layer})",
                row.kind,
                str(each.told.alert.since),
                " ".join(described(row, "en", self.currency)),
                f"`koers alerts show {each.told.alert.alert_id}`",
            )
            rows.append("| " + " | ".join(cell.replace("|", " ") for cell in cells) + " |")
        head = "| state | unit | kind | since | figures | more |\n|---|---|---|---|---|---|\n"
        return head + "\n".join(rows)


def _nothing(name: str, why: str) -> dg.AssetCheckResult:
    # Missing data is no reason to say that all is well.
    return dg.AssetCheckResult(
        asset_key=FACTS,
        check_name=name,
        passed=False,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"status": "no_data", "why": why},
    )


def _result(
    of_kpi: list[Standing],
    shown: Standing,
    plot: str,
    moved: list[Mover],
    alerts: _Alerts,
    process_status: str | None,
) -> dg.AssetCheckResult:
    currency = alerts.currency
    off = [each for each in of_kpi if each.status == "off_course"]
    metadata: dict[str, Any] = {
        "status": shown.status,
        "process_status": process_status or "none",
        "unit": f"{shown.unit_name} ({shown.layer})",
        "period": shown.period,
        "value": shown.kpi_value if shown.kpi_value is not None else "none",
        "target": shown.target if shown.target is not None else "none",
        "band": shown.band(currency),
        "alerts": dg.MetadataValue.md(alerts.table),
        "history": dg.MetadataValue.md(f"![{shown.label}]({plot})"),
        "moved_by": dg.MetadataValue.md(_moved(moved, shown, currency)),
        "off_course": dg.MetadataValue.md(_table(off, currency)),
        "data_as_of": str(shown.data_as_of),
    }
    return dg.AssetCheckResult(
        asset_key=FACTS,
        check_name=shown.kpi,
        passed=not off and not len(alerts),
        severity=dg.AssetCheckSeverity.WARN,
        description=(
            f"{shown.label}, {shown.period}: {shown.shown(shown.kpi_value, currency)} "
            f"({shown.band(currency)}); units off course: {len(off)}; "
            f"open alerts: {alerts.counted}."
        ),
        metadata=metadata,
    )


def _moved(moved: list[Mover], shown: Standing, currency: str) -> str:
    """The largest contributions to the change of the unit that is shown."""
    if not moved:
        return "none"
    rows = [
        f"| {COMPARISONS[each.comparison]} | {shown.shown(float(each.change_total), currency)} "
        f"| {each.label.replace('|', ' ')} | {each.effect} "
        f"| {shown.shown(float(each.contribution), currency)} "
        f"| {'-' if each.share is None else format(each.share, '.0%')} |"
        for each in moved
    ]
    head = (
        "| compared with | change | by | effect | contribution | share |\n"
        "|---|---|---|---|---|---|\n"
    )
    return head + "\n".join(rows)


def _table(off: list[Standing], currency: str) -> str:
    """The units off course; of people only how many, since this is no place to name them."""
    people = sum(each.layer == "individual" for each in off)
    shown = [each for each in off if each.layer != "individual"]
    also = f"\n\nPeople off course: {people}." if people else ""
    if not shown:
        return "none" + also
    rows = [
        f"| {each.layer} | {each.unit_name.replace('|', ' ')} "
        f"| {each.shown(each.kpi_value, currency)} | {each.band(currency)} | {each.streak} |"
        for each in shown[:50]
    ]
    head = "| layer | unit | value | agreed | periods |\n|---|---|---|---|---|\n"
    return head + "\n".join(rows) + also
