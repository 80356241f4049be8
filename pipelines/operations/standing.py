"""What `koers status` prints, for people, for programs and for Prometheus."""

from __future__ import annotations

import json
from typing import Any

import duckdb
import typer

from pipelines.operations.finding import EXIT_CODES
from pipelines.operations.monitoring import monitoring, schema
from pipelines.publication import PublicationError, utc_now
from pipelines.settings import home
from pipelines.status import lines, status
from pipelines.watch.ledger import LedgerError


def print_status(*, as_json: bool, metrics: bool, schema_only: bool) -> int:
    """Print it; the exit code that a check gives. Raises what cannot be read only where it is told
    to people: a program gets the problems there are."""
    if schema_only:
        typer.echo(json.dumps(schema(), indent=2))
        return 0
    at, now = home(), utc_now()
    if metrics:
        from pipelines.operations.figures import figures
        from pipelines.operations.metrics import metrics as of
        from pipelines.operations.metrics import text_of

        typer.echo(text_of(of(figures(at, now))), nl=False)
        return 0
    found = monitoring(at, now)
    code = EXIT_CODES[found.level]
    if not as_json:
        for problem in found.problems:
            typer.echo(f"{problem.level.capitalize():<10} {problem.what}")
        typer.echo("\n".join(lines(status(at))))
        return code
    standing: dict[str, Any] = {"home": str(at.root)}
    try:
        standing = status(at)
    except (PublicationError, LedgerError, duckdb.Error):
        code = EXIT_CODES["error"]  # `monitoring` says which
    typer.echo(json.dumps({**standing, "monitoring": found.model_dump()}, indent=1))
    return code
