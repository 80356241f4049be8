"""The report as an asset, and what has it made again when the ledger moves between two runs."""

from typing import TYPE_CHECKING

import dagster as dg

from pipelines.defs.dead_runs import goes_on
from pipelines.defs.models import OWNERS
from pipelines.publication import current
from pipelines.settings import home, settings

if TYPE_CHECKING:
    from dagster._core.definitions.unresolved_asset_job_definition import (
        UnresolvedAssetJobDefinition,
    )

REPORT = dg.AssetKey(["report"])


def report_asset(after: dg.AssetKey) -> dg.AssetsDefinition:
    """The pages of every audience. after: what has to be done first."""

    @dg.asset(
        key=REPORT,
        deps=[after],
        group_name="publication",
        kinds={"html"},
        owners=OWNERS,
        description="report/<audience>/: pages in Dutch and English, to open or to serve.",
    )
    def report(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        from pipelines.report import dbt_docs
        from pipelines.report.making import make_reports
        from pipelines.report.picture import scorecard

        at = home()
        models = dbt_docs.make(at, settings(at), context.log.info)
        done = make_reports(at, models=models, progress=context.log.info)
        for name, why in done.refused.items():
            context.log.error(f"audience {name} keeps its report of before: {why}")
        made = {name: str(each.folder / "index.html") for name, each in done.made.items()}
        publication = current(at)
        picture = scorecard(publication) if publication is not None else ""
        return dg.MaterializeResult(
            metadata={
                "pages": sum(each.pages for each in done.made.values()),
                "made_again": sorted(name for name, each in done.made.items() if each.is_new),
                "first_pages": dg.MetadataValue.json(made),
                "refused": dg.MetadataValue.json(done.refused),
                "scorecard": dg.MetadataValue.md(f"![scorecard]({picture})" if picture else "none"),
            }
        )

    return report


def report_job() -> "UnresolvedAssetJobDefinition":
    """Make the reports that are not up to date."""
    return dg.define_asset_job(
        "make_report",
        selection=dg.AssetSelection.assets(REPORT),
        description="Make the reports that are not up to date.",
        executor_def=dg.in_process_executor,
    )


@dg.sensor(
    job_name="make_report",
    minimum_interval_seconds=300,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Has the report made again when something was said of an alert.",
)
def report_sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
    from pipelines.report.making import out_of_date

    wanted = out_of_date(home())
    if not wanted:
        return dg.SkipReason("Every report is up to date.")
    if context.cursor == wanted:
        return dg.SkipReason("Asked for before.")
    if any(goes_on(context.instance, job) for job in ("transform", "nightly", "make_report")):
        return dg.SkipReason("A run goes on that makes it.")
    return dg.SensorResult(run_requests=[dg.RunRequest()], cursor=wanted)
