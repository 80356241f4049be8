"""The streams: one asset per stream, one multi-asset and one ingest job per connector.

A stream is materialised when it got a new load, so that its freshness policy tells how old the data
are, not when someone last looked. In a run that a person puts together in the UI every stream is
materialised: there, a stream without news would keep everything after it from running.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import dagster as dg

from connectors.core.contract import Connector, Stream
from connectors.core.export import IngestResult
from pipelines.ingest import ingest
from pipelines.settings import home, settings

CHECK = "complete"
OWNERS = ["team:data"]

FRESHNESS = dg.FreshnessPolicy.time_window(
    warn_window=dt.timedelta(hours=36), fail_window=dt.timedelta(days=7)
)
"""Of streams with activity: their tools are exported every working day."""

RARELY_CHANGED = dg.FreshnessPolicy.time_window(fail_window=dt.timedelta(days=400))
"""Of reference data, such as the organisation: looked at once a year at least."""


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
        name=job_name(connector.name),
        specs=[_spec(connector, stream) for stream in connector.streams],
        check_specs=[
            dg.AssetCheckSpec(
                CHECK,
                asset=stream_key(connector.name, stream.name),
                description="Every file was taken, every row could be read.",
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
        for name, stream in result.streams.items():
            if stream.load_id or not only_news:
                yield dg.MaterializeResult(
                    asset_key=stream_key(connector.name, name), metadata=_metadata(result, name)
                )
            yield _check(connector, result, name)

    return land


def ingest_job(connector: Connector) -> dg.UnresolvedAssetJobDefinition:
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
        group_name=connector.kind,
        kinds={connector.name, "parquet"},
        owners=OWNERS,
        skippable=True,
        freshness_policy=FRESHNESS if stream.activity else RARELY_CHANGED,
        metadata={"connector": connector.label, "fields": ", ".join(f.name for f in stream.fields)},
    )


def _metadata(result: IngestResult, stream: str) -> dict[str, int | str]:
    outcome = result.streams[stream]
    files = [file.name for file in result.files if file.stream == stream and not file.refused]
    return {
        "dagster/row_count": outcome.counts["loaded"],
        **outcome.counts,
        "load_id": outcome.load_id or "nothing new",
        "files": ", ".join(files) or "none",
    }


def _check(connector: Connector, result: IngestResult, stream: str) -> dg.AssetCheckResult:
    # A file of which the stream is not known concerns every stream of the connector.
    refused = [f for f in result.files if f.refused and f.stream in (stream, None)]
    rejected = result.streams[stream].counts["rejected"]
    return dg.AssetCheckResult(
        asset_key=stream_key(connector.name, stream),
        check_name=CHECK,
        passed=not refused and not rejected,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={
            "rejected_rows": rejected,
            "refused_files": len(refused),
            "refusals": dg.MetadataValue.md(
                "\n".join(f"- `{file.name}`: {file.refused}" for file in refused) or "none"
            ),
        },
    )
