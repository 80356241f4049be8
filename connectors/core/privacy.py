"""Pseudonyms of contacts: a keyed HMAC-SHA256, the same in every tool, without the key no way back.

The key lies outside `KOERS_HOME`: in the environment variable `KOERS_PSEUDONYM_KEY`, or in the file
that `KOERS_PSEUDONYM_KEY_FILE` names (default `~/.config/koers/pseudonym.key`), made on first need.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from pathlib import Path


class PseudonymKeyError(RuntimeError):
    """The key cannot be used; the text says which and what to do."""


def key_file() -> Path:
    """Where the key lies when it is not in the environment."""
    if named := os.environ.get("KOERS_PSEUDONYM_KEY_FILE"):
        return Path(named)
    base = os.environ.get("XDG_CONFIG_HOME")
    return (Path(base) if base else Path.home() / ".config") / "koers" / "pseudonym.key"


def load_key() -> bytes:
    """The key; a new one is written (readable by its owner only) if there is none yet."""
    if given := os.environ.get("KOERS_PSEUDONYM_KEY"):
        return given.encode()
    file = key_file()
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        key = file.read_bytes().strip()
        if not key:
            raise PseudonymKeyError(
                f"{file} is empty: put the key back from your backup."
            ) from None
        return key
    with os.fdopen(handle, "wb") as out:
        out.write(secrets.token_hex(32).encode())
        out.flush()
        os.fsync(out.fileno())
    return file.read_bytes()


def key_id(key: bytes) -> str:
    """What tells two keys apart without giving either away."""
    return hmac.new(key, b"koers key id", hashlib.sha256).hexdigest()[:12]


def pseudonym(key: bytes, value: str) -> str:
    """The pseudonym of an e-mail address, name or phone number, whatever its case."""
    return hmac.new(key, value.strip().casefold().encode(), hashlib.sha256).hexdigest()
