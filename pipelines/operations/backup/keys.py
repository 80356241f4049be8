"""A copy of the pseudonym key, apart from the backups: together they tell who a contact is."""

from __future__ import annotations

import os
from pathlib import Path

from connectors.core.durable import make_folder, sync
from connectors.core.errors import UnusableKeyError
from connectors.core.landing import Landing
from connectors.core.privacy import KEY_VARIABLE, Pseudonyms, key_file, read_key
from pipelines.operations.backup.errors import BackupError
from pipelines.settings import Home


def copy_key(home: Home, destination: Path, to: Path) -> str:
    """Write the key to a new file of mode 0600, and return its id. The same key again is fine.

    Raises BackupError where the file would lie in the home or with the backups, holds something
    else, or where there is no key or another than the landing was made with.
    """
    to = to.absolute()
    for folder in (home.root, destination.resolve()):
        if to.resolve().is_relative_to(folder):
            raise BackupError(
                f"{to} lies in {folder}: who has the copy of the data would have the key as well. "
                "Name a file elsewhere, best in a password manager or on another medium."
            )
    try:
        text = os.environ.get(KEY_VARIABLE) or read_key(key_file(), may_make=False)
    except (FileNotFoundError, UnusableKeyError) as error:
        raise BackupError(f"There is no pseudonym key to copy: {key_file()}.") from error
    found = Pseudonyms(text.strip().encode()).key_id
    known = Landing(home.landing).key_id()
    if known not in (None, found):
        raise BackupError(f"The key here is {found}, but the landing was made with key {known}.")
    make_folder(to.parent)
    try:
        handle = os.open(to, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        if Pseudonyms(read_key(to, may_make=False).strip().encode()).key_id == found:
            return found
        raise BackupError(f"{to} holds something else. Nothing was written over it.") from None
    with os.fdopen(handle, "w", encoding="utf-8") as out:
        out.write(text.strip() + "\n")
        out.flush()
        os.fsync(out.fileno())
    sync(to.parent)
    return found
