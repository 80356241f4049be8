"""Who may read and write the home."""

from __future__ import annotations

import os
from collections.abc import Iterator

from pipelines.operations.checks.look import Look
from pipelines.operations.finding import Finding
from pipelines.security.exposure import readable, secret_files
from pipelines.settings import UNFINISHED

TOPIC = "folders"
PRIVATE = ("inbox", "landing", "warehouse", "state", "dagster")
"""Folders that hold more than what is published; published/ and report/ are for others too."""


def folders(look: Look) -> Iterator[Finding]:
    """Whether this user can write, and whether others can read what is not for them."""
    root = look.home.root
    if not root.exists():
        yield Finding("note", TOPIC, "the home is not there yet", str(root), "koers run makes it")
        return
    if (root / UNFINISHED).exists():
        yield Finding(
            "error", TOPIC, "a restore was broken off: this home is half a home", str(root),
            "Restore again: koers restore does it over.",
        )  # fmt: skip
    there = [root, *(root / name for name in (*PRIVATE, "published", "report"))]
    there = [path for path in there if path.is_dir()]
    closed = [path for path in there if not os.access(path, os.R_OK | os.W_OK | os.X_OK)]
    for path in closed:
        yield Finding(
            "error", TOPIC, "this user cannot read and write it", str(path),
            f"Run Koers as the owner of it, or: chown -R $(id -un) {path}",
        )  # fmt: skip
    strange = [path for path in there if path.stat().st_uid != os.geteuid() and os.geteuid() != 0]
    for path in set(strange) - set(closed):
        yield Finding(
            "warning", TOPIC, "another user owns it: was Koers run as another user, or as root?",
            str(path), f"chown -R $(id -un) {root}",
        )  # fmt: skip
    open_things = list(secret_files(look.environment, look.chosen))
    # One closed folder above the home is enough.
    if all(path.stat().st_mode & 0o011 for path in root.parents):
        open_things += readable(look.home, look.chosen)
    for each in open_things:
        yield Finding(
            "warning", TOPIC, each.what, str(root), f"{each.remedy[:1].upper()}{each.remedy[1:]}."
        )
    if not (closed or strange or open_things):
        yield Finding("ok", TOPIC, "this user can write; others cannot read", str(root))
