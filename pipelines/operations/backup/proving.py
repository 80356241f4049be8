"""After a restore: builds and publishes, and compares the facts with those of the backup."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from pipelines.lock import held
from pipelines.operations.backup.manifest import Manifest
from pipelines.publishing import publish_all
from pipelines.rebuild import rebuild
from pipelines.settings import Home, settings
from pipelines.warehouse import writing


def prove(home: Home, manifest: Manifest, say: Callable[[str], None]) -> str | None:
    """What is not as it was, or None. Raises what building and publishing raise."""
    from pipelines.dbt import prepare_manifest

    with held(home.run_lock, "koers restore"):
        prepare_manifest(home, settings(home))
        rebuild(home, settings(home), say)
        say("publishing")
        with writing(home, "koers restore", say):
            done = publish_all(home, run_id=f"restore-{uuid.uuid4()}")
    now = done.made["management"].facts_hash
    if manifest.facts_hash in (None, now):
        return None
    return (
        f"The facts are not those of publication {manifest.publication_id}, which was current when "
        "the backup was made. That is so where the code or the settings changed since, or where a "
        "run had landed something that it had not published. `koers run` goes on from here."
    )
