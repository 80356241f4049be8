"""After the build: the publication that readers get, the watch that judges it, and what it said."""

from collections.abc import Mapping
from typing import Any

import dagster as dg

from pipelines.defs.models import OWNERS, POOL
from pipelines.defs.report import report_asset
from pipelines.kept_back import tell_kept_back, told
from pipelines.marts import MARTS
from pipelines.operations.heartbeat import beat
from pipelines.publication import current, utc_now
from pipelines.publishing import publish_all
from pipelines.said.recording import record_all
from pipelines.settings import Home, home, settings
from pipelines.warehouse import writing
from pipelines.watch.links import linking
from pipelines.watch.watching import watch as judge

PUBLICATION = dg.AssetKey(["publication", "management"])
WATCH = dg.AssetKey(["watch"])
SAID = dg.AssetKey(["said"])


class NothingPublishedError(RuntimeError):
    """There is no publication to read yet."""


def publish_now(at: Home, context: dg.AssetExecutionContext | dg.OpExecutionContext) -> Any:
    """Publish the warehouse as it is for every audience; that of management is returned. Raises
    PublicationError; the old publication then stands."""
    with writing(at, f"publication of run {context.run.run_id}", context.log.info):
        done = publish_all(at, run_id=context.run.run_id)
    for name, why in done.refused.items():
        context.log.error(told(name, why))
    tell_kept_back(at, settings(at), done.refused)
    return done.made["management"]


def publication_assets(
    manifest: Mapping[str, Any], freshness: dg.FreshnessPolicy
) -> list[dg.AssetsDefinition]:
    """The publication of the marts that the project has, the watch on it, and what it says."""
    models = {node["name"] for node in manifest["nodes"].values()}
    marts = [dg.AssetKey([mart.name]) for mart in MARTS if mart.name in models]

    @dg.asset(
        key=PUBLICATION,
        deps=marts,
        group_name="publication",
        kinds={"duckdb", "parquet"},
        owners=OWNERS,
        pool=POOL,
        freshness_policy=freshness,
        description="published/management/koers.duckdb, swapped in whole; the Parquet beside it.",
    )
    def management(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        made = publish_now(home(), context)
        return dg.MaterializeResult(
            metadata={
                "publication_id": made.publication_id,
                "file": dg.MetadataValue.path(str(made.file)),
                "facts_hash": made.facts_hash,
                "changed": made.changed,
                "dagster/row_count": sum(made.tables.values()),
                "rows": dg.MetadataValue.json(made.tables),
            }
        )

    @dg.asset(
        key=WATCH,
        deps=[PUBLICATION],
        group_name="publication",
        kinds={"sqlite"},
        owners=OWNERS,
        description="Closed periods against their tolerance band, into state/alerts.sqlite.",
    )
    def watch() -> dg.MaterializeResult[None]:
        at = home()
        chosen = settings(at)
        publication = current(at)
        if publication is None:
            raise NothingPublishedError(f"{at.published} holds no publication: run the transform.")
        result = judge(
            publication,
            at.ledger,
            chosen.alerts.channels,
            language=chosen.alerts.language,
            languages=chosen.alerts.languages,
            currency=chosen.currency,
            links=linking(at, chosen, utc_now()),
        )
        beat(at)
        return dg.MaterializeResult(
            metadata={
                "publication_id": result.publication_id,
                "judged_now": result.evaluated,
                "series": result.judged,
                "fired": result.fired,
                "resolved": result.resolved,
                "open_alerts": result.open_alerts,
                "messages": result.messages,
            }
        )

    @dg.asset(
        key=SAID,
        deps=[PUBLICATION],
        group_name="publication",
        kinds={"parquet"},
        owners=OWNERS,
        description="What a publication says differently from the one before, into state/said.",
    )
    def said() -> dg.MaterializeResult[None]:
        return dg.MaterializeResult(metadata={"publications": record_all(home())})

    return [management, watch, said, report_asset(WATCH)]
