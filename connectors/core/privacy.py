"""Personal fields of contacts leave nothing behind but a keyed HMAC.

The same address gives the same HMAC in every tool, so contacts still join; without the key nobody
can tell whose it is, nor try addresses until one fits. The key is never in KOERS_HOME: a copy of
the data is no copy of the key.

A key that was replaced stays part of the new one: the originals are gone, so an old pseudonym can
only be hashed once more, and a new value has to come out the same. What is called a key here is
therefore one key, or a chain of them, one per line: each hashes what the one before it gave.
"""

from __future__ import annotations

import functools
import hmac
import os
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from connectors.core.durable import make_folder, sync
from connectors.core.errors import UnusableKeyError
from connectors.core.failpoints import failpoint

KEY_VARIABLE = "KOERS_PSEUDONYM_KEY"
FILE_VARIABLE = "KOERS_PSEUDONYM_KEY_FILE"
SHORTEST = 16
EMAIL = re.compile(r"[^\s@<>\"'(),;:|]{1,64}@[^\s@<>\"'(),;:|]{1,255}")


@dataclass(frozen=True)
class Pseudonyms:
    """Replaces personal values. The keys are kept out of `repr`. later: those that came after the
    first."""

    key: bytes = field(repr=False)
    later: tuple[bytes, ...] = field(default=(), repr=False)

    def of(self, value: str) -> str:
        """The HMAC-SHA256 (hex) of a value, after trimming and case-folding."""
        return self.of_each([value])[0] or ""

    def of_each(self, values: Iterable[str | None]) -> list[str | None]:
        """The same of each; None stays None."""
        # Copying a keyed hash takes half the time of making one.
        copy = self._keyed.copy
        found: list[str | None] = []
        for value in values:
            if value is None:
                found.append(None)
                continue
            keyed = copy()
            keyed.update(value.strip().casefold().encode())
            text = keyed.hexdigest()
            for key in self.later:
                text = rehashed(text, key)
            found.append(text)
        return found

    @functools.cached_property
    def _keyed(self) -> hmac.HMAC:
        return hmac.new(self.key, digestmod="sha256")

    @property
    def key_id(self) -> str:
        """Tells keys apart without telling anything of the key."""
        text = hmac.digest(self.key, b"koers key id", "sha256").hex()
        for key in self.later:
            text = rehashed(text, key)
        return text[:12]

    def stages(self, value: str) -> list[str]:
        """What a value becomes under each key of the chain, the last of which is its pseudonym."""
        found = [Pseudonyms(self.key).of(value)]
        for key in self.later:
            found.append(rehashed(found[-1], key))
        return found

    def followed_by(self, key: bytes) -> Pseudonyms:
        """The chain with one more key."""
        return Pseudonyms(self.key, (*self.later, key))


def rehashed(pseudonym: str, key: bytes) -> str:
    """What a pseudonym becomes under a key that comes after its own."""
    return hmac.digest(key, pseudonym.encode(), "sha256").hex()


def parse_key(text: str) -> Pseudonyms | None:
    """A key, or a chain of keys one per line; None where one is too short."""
    keys = [line.strip().encode() for line in text.strip().splitlines() if line.strip()]
    if not keys or min(map(len, keys)) < SHORTEST:
        return None
    return Pseudonyms(keys[0], tuple(keys[1:]))


def key_file() -> Path:
    """Where the key stands, unless the environment holds the key itself."""
    named = os.environ.get(FILE_VARIABLE)
    return Path(named) if named else key_folder() / "pseudonym.key"


def key_folder() -> Path:
    """Where the keys of this user stand, outside any KOERS_HOME."""
    config = os.environ.get("XDG_CONFIG_HOME")
    return (Path(config) if config else Path.home() / ".config") / "koers"


def resolve_pseudonyms(home: Path, known_key_id: str | None) -> Pseudonyms:
    """The key to use for the landing of `home`.

    known_key_id: the id of the key that this landing was made with, or None for a landing without
        personal fields so far; only then is a missing key file made (mode 0600).

    Raises UnusableKeyError when there is no key, it is too short, it lies inside `home`, or it is
    another than the landing was made with.
    """
    if text := os.environ.get(KEY_VARIABLE):
        where = f"the environment variable {KEY_VARIABLE}"
    else:
        file = key_file()
        where = str(file)
        if file.resolve().is_relative_to(home.resolve()):
            raise UnusableKeyError(
                f"The pseudonym key {file} lies inside {home}, so that every copy of the data is a "
                f"copy of the key. Move it elsewhere and set {FILE_VARIABLE}."
            )
        try:
            text = read_key(file, may_make=known_key_id is None)
        except FileNotFoundError:
            raise UnusableKeyError(
                f"The pseudonym key is gone: {file} does not exist, but the landing was made with "
                f"one. Restore that file, or set {KEY_VARIABLE} or {FILE_VARIABLE}."
            ) from None
    found = parse_key(text)
    if found is None:
        raise UnusableKeyError(f"The key in {where} is shorter than {SHORTEST} characters.")
    if known_key_id not in (None, found.key_id):
        raise UnusableKeyError(
            f"The landing in {home} was made with pseudonym key {known_key_id}; {where} holds key "
            f"{found.key_id}. With another key a contact would become two. Put the first key back, "
            "or, where the key was being replaced, run `koers privacy rotate-key` again."
        )
    return found


def read_key(file: Path, *, may_make: bool) -> str:
    """The text of a key file; made first (mode 0600) where it may be.

    Raises FileNotFoundError where there is none and it may not be made; UnusableKeyError for one
    that cannot be read.
    """
    try:
        if may_make and not file.exists():
            _make(file)
        return file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise
    except (OSError, UnicodeDecodeError) as error:
        raise UnusableKeyError(f"The key {file} cannot be read: {error}") from error


def _make(file: Path) -> None:
    """Make a key. A reader never sees half of one, and of two makers one wins."""
    make_folder(file.parent)
    draft = file.with_name(f".{file.name}.{os.getpid()}.{secrets.token_hex(4)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as out:
            out.write(secrets.token_hex(32) + "\n")
            out.flush()
            os.fsync(out.fileno())
        failpoint("privacy.before_key")
        try:
            file.hardlink_to(draft)
        except FileExistsError:
            return
    finally:
        draft.unlink()
    sync(file.parent)


def mask(text: str) -> str:
    """Text for people in which whatever looks like an e-mail address is replaced: a column that
    slipped puts an address where no field expects one."""
    return EMAIL.sub("<e-mail>", text) if "@" in text else text
