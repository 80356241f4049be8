"""Every environment variable that Koers reads, as `.env.example` shows them."""

from __future__ import annotations

from collections.abc import Iterator

from connectors.core.discover import discover

OWN = {
    "KOERS_HOME": "Where everything is kept; default: .koers in the project folder",
    "KOERS_MEMORY_LIMIT": "Memory DuckDB may use, such as 4GiB; default: 60 % of what there is",
    "KOERS_PSEUDONYM_KEY": "The key that replaces personal data, or (better) its file:",
    "KOERS_PSEUDONYM_KEY_FILE": "default: ~/.config/koers/pseudonym.key, made by the first run",
    "KOERS_LINKS_KEY": "The key that signs the links in messages, or (better) its file:",
    "KOERS_LINKS_KEY_FILE": "default: ~/.config/koers/links.key, made when links are switched on",
    "KOERS_HEARTBEAT_URL": "An address that is posted to after each good night, or its file:",
    "KOERS_HEARTBEAT_URL_FILE": "without it nothing is posted (docs/alerts.md)",
    "KOERS_DAGSTER_POSTGRES_URL": "PostgreSQL for Dagster's runs instead of SQLite; secret; or:",
    "KOERS_DAGSTER_POSTGRES_URL_FILE": "a file that holds it (docs/production.md)",
    "KOERS_TARGET": "duckdb or spark: what builds the facts, before koers.yaml (docs/spark.md)",
    "KOERS_SPARK_MASTER": "Where Spark works, such as spark://… or sc://…; default: local[*]",
    "KOERS_SPARK_MEMORY": "Memory of Spark's driver; default: 4g",
    "KOERS_SPARK_PARTITIONS": "Tasks that a join or sum on Spark is cut into; default: 4",
    "KOERS_SPARK_WAREHOUSE": "Where a cluster keeps its tables, known to its Hive metastore",
    "KOERS_LANDING_URL": "Where Spark finds the landing, such as s3a://bucket/landing",
    "KOERS_LOG": "json: what a run says as one JSON object per line",
}
SECRET = (
    "KOERS_PSEUDONYM_KEY",
    "KOERS_LINKS_KEY",
    "KOERS_HEARTBEAT_URL",
    "KOERS_DAGSTER_POSTGRES_URL",
)

HANDED_ON = ("KOERS_NIGHTLY_AT", "KOERS_STALE_AFTER", "KOERS_TIME_ZONE", "KOERS_FAILPOINT",
             "KOERS_FAILPOINT_GROUP")  # fmt: skip
"""What Koers hands on to its own processes, or a test to Koers; nobody sets them."""


def env_example() -> str:
    """The text of `.env.example`: every variable, none of them set."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield "# Copy to .env, fill in what you use, and load it: set -a; . ./.env; set +a"
    yield "# Of every variable NAME, NAME_FILE may name a file that holds the value instead."
    yield ""
    for name, help_text in OWN.items():
        yield f"# {help_text}"
        yield f"#{name}="
    for connector in discover().values():
        if connector.api is None:
            continue
        yield ""
        yield f"# {connector.label}. {connector.api.setup}"
        for variable in connector.api.variables:
            needed = "" if variable.optional or variable.default else " (needed)"
            yield f"# {variable.help}{needed}{'; secret' if variable.secret else ''}"
            name = f"{variable.name}_FILE" if variable.kept else variable.name
            yield f"#{name}={variable.default or ''}"
