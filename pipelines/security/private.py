"""What Koers writes is for its own account: folders 0700, files 0600."""

from __future__ import annotations

import os

UMASK = 0o077


def keep_private() -> None:
    """From now on this process, and those it starts, write for their own account only. Called where
    a process begins: by the command line and by the code location that Dagster loads."""
    os.umask(UMASK)
