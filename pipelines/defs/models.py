"""The dbt project as one multi-asset in pool `warehouse`: any subset can be built from the UI.

The environment of dbt is set while its process starts.
"""

import contextlib
import os
import subprocess
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DbtCliResource, dbt_assets
from dagster_dbt.compat import DBT_PYTHON_VERSION

from connectors.core.failpoints import failpoint
from pipelines.dbt import dbt_command, dbt_env
from pipelines.defs.outliving import ends_with_this_process
from pipelines.kpis import Kpi
from pipelines.settings import DBT_PROJECT_DIR, home, settings
from pipelines.warehouse import writing

POOL = "warehouse"
OWNERS = ["team:data"]
ENDS_WITHIN_SECONDS = 3.0
"""How long dbt may take to end when the run is stopped, before it is killed; asked twice (SIGINT,
then SIGTERM)."""


class BuildConfig(dg.Config):
    """`full_refresh`: build every model from the landing, not only what is new.
    `restate_from`, `restate_to`: days (YYYY-MM-DD) to compute again although nothing changed."""

    full_refresh: bool = False
    restate_from: str = ""
    restate_to: str = ""


def build_arguments(
    *, full_refresh: bool = False, restate_from: str = "", restate_to: str = ""
) -> list[str]:
    """The arguments of `dbt build`. Raises ValueError when only one end of a period is given."""
    if bool(restate_from) != bool(restate_to):
        raise ValueError("restate_from and restate_to go together: give both or neither.")
    arguments = ["build"]
    if full_refresh:
        arguments.append("--full-refresh")
    if restate_from:
        variables = f"{{restate_from: '{restate_from}', restate_to: '{restate_to}'}}"
        arguments += ["--vars", variables]
    return arguments


def owners_by_model(manifest: Mapping[str, Any], kpis: Mapping[str, Kpi]) -> dict[str, list[str]]:
    """By unique id of a model: the owners of the KPIs that are computed from it directly."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    semantic_models = manifest.get("semantic_models", {})
    for metric in manifest.get("metrics", {}).values():
        if metric["name"] in kpis:
            for node in _semantic_models_of(manifest, metric["unique_id"]):
                for model in semantic_models[node]["depends_on"]["nodes"]:
                    found[model].add(f"team:{kpis[metric['name']].owner}")
    return {model: sorted(owners) for model, owners in found.items()}


def _semantic_models_of(manifest: Mapping[str, Any], unique_id: str) -> Iterator[str]:
    """The semantic models below a metric, also below the metrics it is made of."""
    for node in manifest["metrics"][unique_id]["depends_on"]["nodes"]:
        if node in manifest["metrics"]:
            yield from _semantic_models_of(manifest, node)
        elif node in manifest["semantic_models"]:
            yield node


class Translator(DagsterDbtTranslator):
    """How a dbt model looks in Dagster: its group is its folder, its owners are its KPIs'."""

    def __init__(self, owners: Mapping[str, list[str]]) -> None:
        super().__init__()
        self._owners = owners

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        folders = dbt_resource_props.get("fqn", [])[1:-1]
        return str(folders[0]) if folders else None

    def get_owners(self, dbt_resource_props: Mapping[str, Any]) -> list[str]:
        return self._owners.get(dbt_resource_props["unique_id"], OWNERS)


def model_assets(manifest: Mapping[str, Any], kpis: Mapping[str, Kpi]) -> dg.AssetsDefinition:
    """All models of the project."""

    @dbt_assets(
        manifest=manifest,
        name="models",
        pool=POOL,
        dagster_dbt_translator=Translator(owners_by_model(manifest, kpis)),
    )
    def models(context: dg.AssetExecutionContext, config: BuildConfig) -> Iterator[Any]:
        arguments = build_arguments(
            full_refresh=config.full_refresh,
            restate_from=config.restate_from,
            restate_to=config.restate_to,
        )
        yield from build(context, arguments)

    return models


class Dbt(DbtCliResource):
    """Starts dbt, and nothing before it. dagster-dbt would start it once more to ask its version,
    and load its macros into this process to look into the warehouse, which no event of ours needs:
    some eight seconds of CPU a night."""

    @cached_property
    def _cli_version(self) -> Any:
        return DBT_PYTHON_VERSION

    def _initialize_dbt_core_adapter(self, args: Sequence[str]) -> None:  # type: ignore[override]
        return None


def build(
    context: dg.AssetExecutionContext | dg.OpExecutionContext,
    arguments: list[str],
    manifest: Mapping[str, Any] | None = None,
) -> Iterator[Any]:
    """Run dbt, alone on the warehouse, and pass on what it reports. An op gives the manifest; an
    asset has it."""
    at = home()
    at.dbt_target.mkdir(parents=True, exist_ok=True)
    chosen = settings(at)
    variables = dbt_env(at, chosen)
    with writing(at, f"dbt build of run {context.run.run_id}", context.log.info):
        with _environment(variables):
            dbt = Dbt(
                project_dir=str(DBT_PROJECT_DIR),
                profiles_dir=str(DBT_PROJECT_DIR),
                dbt_executable=str(dbt_command(chosen.engine)),
            )
            process = dbt.cli(
                arguments, context=context, manifest=manifest, target_path=at.dbt_target
            )
            process.termination_timeout_seconds = ENDS_WITHIN_SECONDS
        failpoint("build.begun")
        try:
            with ends_with_this_process(process.process):
                for result in process.stream():
                    failpoint("build.result")
                    yield result
            failpoint("build.done")
        except subprocess.TimeoutExpired as late:
            # Told to stop, dagster-dbt waited for dbt to end; that it took long is no failure.
            raise (late.__context__ or late) from None
        finally:
            # A step that is ended in the UI must not leave a dbt behind that goes on writing.
            _end(process.process)


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(ENDS_WITHIN_SECONDS)
    except subprocess.TimeoutExpired:
        # In the middle of a long query. DuckDB's file is whole after that too.
        process.kill()
        process.wait()


@contextlib.contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.clear()  # with the secrets, which dbt has no use for
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
