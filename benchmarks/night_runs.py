"""A whole nightly run under Dagster beside its steps called directly, and a night with nothing new
beside `dbt build` of a project of one model.

    make bench ONLY=dagster

Both runs begin with the export files of the sample company, and go through the same
`pipelines.nightly`; only the runner differs.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.harness import FailedError, Point, Result, Taken, alternate, child, python, tell

KOERS = str(Path(sys.executable).with_name("koers"))
DBT = str(Path(sys.executable).with_name("dbt"))
DAGSTER, DIRECT = "koers run (Dagster)", "its steps, called directly"
IDLE, EMPTY = "koers run, nothing new", "dbt build, one empty model"


class DirectRunner:
    """See `pipelines.nightly.Runner`: what the jobs of Dagster do, without it."""

    def ingest(self, connector: str) -> str | None:
        from connectors.core.discover import discover
        from pipelines.ingest import ingest
        from pipelines.settings import home, settings

        at = home()
        ingest(discover()[connector], at, settings(at), now=dt.datetime.now(dt.UTC))
        return None

    def transform(self, *, full_refresh: bool) -> str | None:
        from pipelines.dbt import prepare_manifest, run_dbt
        from pipelines.publication import current
        from pipelines.publishing import publish_all
        from pipelines.report import dbt_docs
        from pipelines.report.making import make_reports
        from pipelines.said.recording import record_all
        from pipelines.settings import home, settings
        from pipelines.warehouse import writing
        from pipelines.watch.watching import watch

        at = home()
        chosen = settings(at)
        prepare_manifest(at, chosen)
        with writing(at, "benchmark"):
            run_dbt(["build"], at, chosen)
        with writing(at, "benchmark"):
            publish_all(at, run_id="benchmark")
        publication = current(at)
        if publication is None:
            return "nothing was published"
        watch(publication, at.ledger, chosen.alerts.channels, currency=chosen.currency)
        record_all(at)
        make_reports(at, models=dbt_docs.make(at, chosen, lambda _: None), progress=lambda _: None)
        return None


def direct() -> None:
    """`koers run`, with the other runner."""
    from connectors.core.discover import discover
    from pipelines.nightly import nightly
    from pipelines.recovery.starting import ready
    from pipelines.reporting import renew
    from pipelines.settings import home, settings

    @contextlib.contextmanager
    def runner() -> Iterator[DirectRunner]:
        yield DirectRunner()

    at = home()
    ready(at)
    nightly(at, settings(at), list(discover()), runner)
    renew(at)


def sample() -> None:
    from pipelines.sample import write_sample
    from pipelines.settings import home

    yesterday = dt.datetime.now(dt.UTC).date() - dt.timedelta(days=1)
    write_sample(home(), end_date=yesterday, progress=lambda _: None)


def one_model(folder: Path) -> Path:
    """A dbt project of one model."""
    (folder / "models").mkdir(parents=True)
    (folder / "models" / "one.sql").write_text("select 1 as one\n", encoding="utf-8")
    (folder / "dbt_project.yml").write_text(
        "name: one\nversion: '1.0'\nprofile: one\nmodel-paths: [models]\n"
        "flags: {send_anonymous_usage_stats: false}\n",
        encoding="utf-8",
    )
    (folder / "profiles.yml").write_text(
        f"one: {{target: it, outputs: {{it: {{type: duckdb, path: '{folder}/one.duckdb'}}}}}}\n",
        encoding="utf-8",
    )
    return folder


def measure(size: str, rounds: int, folder: Path) -> list[Result]:
    """One size, that of the sample company, since what is measured here does not grow with data."""
    begun = folder / "begun"
    child(python("benchmarks.night_runs", "sample"), {"KOERS_HOME": str(begun)})
    last = folder / "last"

    def run(command: list[str]) -> Taken:
        if last.exists():
            shutil.rmtree(last)
        shutil.copytree(begun, last)
        return child(command, {"KOERS_HOME": str(last)})

    rows = "the sample company, 1.5 years"
    ways, left_out = alternate(
        {
            DIRECT: lambda: run(python("benchmarks.night_runs", "direct")),
            DAGSTER: lambda: run([KOERS, "run"]),
        },
        1 if size == "small" else min(rounds, 2),
    )
    if DAGSTER in left_out:
        raise FailedError(left_out[DAGSTER])
    project = one_model(folder / "one")
    dbt = {"DBT_PROFILES_DIR": str(project), "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"}
    tell("  nothing new")
    idle, missed = alternate(
        {
            EMPTY: lambda: child([DBT, "build"], dbt, cwd=project),
            IDLE: lambda: child([KOERS, "run"], {"KOERS_HOME": str(last)}),
        },
        rounds,
    )
    shutil.rmtree(last)
    return [
        Result("dagster", "Nightly run under Dagster", (Point("x1", rows, ways, left_out),),
               ((DAGSTER, DIRECT, 1.15),)),
        Result("idle", "A night with nothing new", (Point("x1", rows, idle, missed),),
               ((IDLE, EMPTY, 3.0),)),
    ]  # fmt: skip


if __name__ == "__main__":
    os.environ.setdefault("KOERS_PSEUDONYM_KEY", "made-up-key-of-the-benchmark")
    {"sample": sample, "direct": direct}[sys.argv[1]]()
    print(json.dumps({}))
