"""The Dagster code location. Importing it reads one file, the dbt manifest of the home, and nothing
else; `koers` and `make` see to it that the manifest is there."""

import json
from typing import Any

from pipelines.defs.everything import build_definitions
from pipelines.security.private import keep_private
from pipelines.settings import home


class ManifestMissingError(RuntimeError):
    """The dbt manifest of the home is not there; the text says how to make it."""


def _manifest() -> dict[str, Any]:
    file = home().manifest
    try:
        content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ManifestMissingError(
            f"{file} is not there yet. Start Dagster by `koers up`, or run `koers run` once: both "
            "prepare it. Is KOERS_HOME set as it was there?"
        ) from error
    return content


keep_private()
defs = build_definitions(_manifest())
