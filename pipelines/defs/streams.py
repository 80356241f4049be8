"""The streams: one asset per stream, one multi-asset and one ingest job per connector.

A stream is materialised when it got a new load, so that its freshness policy tells how old the data
are, not when someone last looked. In a run that a person puts together in the UI every stream is
materialised: there, a stream without news would keep everything after it from running.
"""

import datetime as dt
from collections.abc import Iterator
from typing import TYPE_CHECKING

import dagster as dg

from connectors.core.api.account import is_pulled
from connectors.core.contract import Connector, Stream
from pipelines.defs.freshness import RARELY_CHANGED, of_source
from pipelines.ingest import IngestFailedError, ingest
from pipelines.passes import Pass
from pipelines.settings import home, settings

if TYPE_CHECKING:
    from dagster._core.definitions.unresolved_asset_job_definition import (
        UnresolvedAssetJobDefinition,
    )

CHECK = "complete"
OWNERS = ["team:data"]


class IngestConfig(dg.Config):
    """`end_date`: the last day that the data cover (YYYY-MM-DD); empty takes the settings'."""

    end_date: str = ""


def job_name(connector: str) -> str:
    return f"ingest_{connector}"


def stream_key(connector: str, stream: str) -> dg.AssetKey:
    return dg.AssetKey([connector, stream])


def stream_assets(connector: Connector) -> dg.AssetsDefinition:
    """The multi-asset that lands the streams of a connector."""

    @dg.multi_asset(
        name=f"land_{connector.name}",
        specs=[_spec(connector, stream) for stream in connector.streams],
        check_specs=[
            dg.AssetCheckSpec(
                CHECK,
                asset=stream_key(connector.name, stream.name),
                description="Every file was taken, the API was read, every row could be.",
            )
            for stream in connector.streams
        ],
    )
    def land(
        context: dg.AssetExecutionContext, config: IngestConfig
    ) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
        at = home()
        result = ingest(
            connector,
            at,
            settings(at),
            now=dt.datetime.now(dt.UTC),
            end_date=dt.date.fromisoformat(config.end_date) if config.end_date else None,
            progress=context.log.info,
        )
        only_news = context.run.job_name == job_name(connector.name)
        if connector.api is not None and not is_pulled(connector):
            context.log.info(f"{connector.name}: no account is configured; files only")
        for stream in connector.streams:
            if result.of(stream.name) or not only_news:
                yield dg.MaterializeResult(
                    asset_key=stream_key(connector.name, stream.name),
                    metadata=_metadata(result, stream.name),
                )
            yield _check(connector, result, stream.name)
        if result.failed:
            # Raised at the end, so that the streams that were read count as read.
            raise IngestFailedError(result.failed)

    return land


def ingest_job(connector: Connector) -> "UnresolvedAssetJobDefinition":
    """The job that reads one connector, and no other."""
    return dg.define_asset_job(
        job_name(connector.name),
        selection=dg.AssetSelection.assets(
            *(stream_key(connector.name, stream.name) for stream in connector.streams)
        ),
        description=f"Land what is new in {connector.label}.",
        executor_def=dg.in_process_executor,
    )


def _spec(connector: Connector, stream: Stream) -> dg.AssetSpec:
    return dg.AssetSpec(
        stream_key(connector.name, stream.name),
        description=stream.description,
        group_name=f"landing_{connector.kind}",
        kinds={connector.name, "parquet"},
        owners=OWNERS,
        skippable=True,
        freshness_policy=of_source(connector) if stream.activity else RARELY_CHANGED,
        metadata={
            "connector": connector.label,
            "fields": ", ".join(f.name for f in stream.fields),
            "read from": "API or export files" if stream.pull else "export files",
        },
    )


def _metadata(result: Pass, stream: str) -> dict[str, int | str]:
    loads = result.of(stream)
    return {
        "dagster/row_count": sum(load.loaded for load in loads),
        "read": sum(load.read for load in loads),
        "loaded": sum(load.loaded for load in loads),
        "rejected": sum(load.rejected for load in loads),
        "duplicate": sum(load.duplicate for load in loads),
        "left out": sum(load.left_out for load in loads),
        "loads": ", ".join(load.load_id for load in loads) or "nothing new",
    }


def _check(connector: Connector, result: Pass, stream: str) -> dg.AssetCheckResult:
    # A file of which the stream is not known concerns every stream of the connector.
    refused = [file for file in result.refused if file.stream in (stream, None)]
    rejected = sum(load.rejected for load in result.of(stream))
    troubles = [each.reason for each in result.troubles if each.stream in (stream, None)]
    failed = any(each.is_failure for each in result.troubles if each.stream in (stream, None))
    return dg.AssetCheckResult(
        asset_key=stream_key(connector.name, stream),
        check_name=CHECK,
        passed=not refused and not rejected and not failed,
        severity=dg.AssetCheckSeverity.ERROR if failed else dg.AssetCheckSeverity.WARN,
        metadata={
            "rejected_rows": rejected,
            "refused_files": len(refused),
            "api": "\n".join(troubles) or "no trouble",
            "refusals": dg.MetadataValue.md(
                "\n".join(f"- `{file.name}`: {file.reason}" for file in refused) or "none"
            ),
        },
    )
