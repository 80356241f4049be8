"""`koers privacy rotate-key`: gives every pseudonym of a home a new key.

The originals are gone, so a pseudonym cannot be made again from them; it is hashed once more, with
a new key: new = HMAC(new key, old). What comes in later goes through the same chain of keys, so
joins hold across tools and across the rotation. Whoever has the old key and the old data can do
nothing with the new data, and the other way round; both keys together make the chain, so the chain
stays as secret as a key.

The new chain is written beside the key file first, then the loads are changed one by one (each
manifest names its key), then the list of forgotten people, then the chain takes the key file's
place by one rename: the old key alone is nowhere any more. A kill at any moment: run it again. In
between nothing is landed, since the landing then names another key than the key file.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from connectors.core.contract import Stream
from connectors.core.discover import discover
from connectors.core.durable import sync
from connectors.core.errors import UnusableKeyError
from connectors.core.failpoints import failpoint
from connectors.core.forgotten import PREFIX, key_id_of, read_forgotten
from connectors.core.landing import Landing
from connectors.core.locks import exclusive
from connectors.core.privacy import (
    KEY_VARIABLE,
    Pseudonyms,
    key_file,
    parse_key,
    read_key,
    rehashed,
)
from connectors.core.rewriting import (
    Change,
    Landed,
    LoadChange,
    as_record,
    change_load,
    record_id_of,
)
from connectors.core.spool import connect
from pipelines.lock import held
from pipelines.privacy import journal
from pipelines.privacy.erasing import WAIT_SECONDS, Makers, replace_warehouse
from pipelines.settings import Home, Settings

Say = Callable[[str], None]


@dataclass(frozen=True)
class Rotated:
    """loads: how many were given new pseudonyms. key_id: of the new chain."""

    loads: int
    key_id: str


def rotate(home: Home, settings: Settings, say: Say, makers: Makers = Makers()) -> Rotated:  # noqa: B008
    """Replace the key of a home, or end a replacement that was interrupted.

    Raises UnusableKeyError where the key stands in the environment: then it is not ours to change.
    """
    if os.environ.get(KEY_VARIABLE):
        raise UnusableKeyError(
            f"The pseudonym key stands in {KEY_VARIABLE}, where it cannot be replaced. Put it into "
            f"the file {key_file()} (mode 0600), unset the variable, and run this again."
        )
    with held(home.run_lock, "koers privacy rotate-key", wait_seconds=WAIT_SECONDS):
        if journal.read(home) is not None:
            raise UnusableKeyError(
                "An erasure was interrupted; its journal names pseudonyms of the old key. End it "
                "first: koers forget --resume."
            )
        file = key_file()
        chain = file.with_name(f"{file.name}.next")
        old = _parsed(file)
        new = _parsed(chain) if chain.exists() else _begin(file, chain, old)
        say("rotating: the landing")
        loads = _loads(home, old, new)
        _list(home, old, new)
        say("rotating: the warehouse")  # no pseudonym is ever published
        replace_warehouse(home, settings, makers, say)
        failpoint("rotation.before_key")
        chain.replace(file)
        sync(file.parent)
        return Rotated(loads, new.key_id)


def _parsed(file: Path) -> Pseudonyms:
    found = parse_key(read_key(file, may_make=False)) if file.exists() else None
    if found is None:
        raise UnusableKeyError(f"{file} holds no usable key.")
    return found


def _begin(file: Path, chain: Path, old: Pseudonyms) -> Pseudonyms:
    """Write the new chain beside the key, whole at once."""
    key = secrets.token_hex(32)
    draft = chain.with_name(f".{chain.name}.draft")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as out:
        out.write(f"{file.read_text(encoding='utf-8').strip()}\n{key}\n")
        out.flush()
        os.fsync(out.fileno())
    draft.replace(chain)
    sync(chain.parent)
    failpoint("rotation.begun")
    return old.followed_by(key.encode())


def _loads(home: Home, old: Pseudonyms, new: Pseudonyms) -> int:
    landing, number = Landing(home.landing), 0
    key = new.later[-1]
    with connect() as db:
        for name, connector in discover().items():
            for stream in connector.streams:
                if not any(each.personal for each in stream.fields):
                    continue
                with exclusive(landing.stream_lock(name, stream.name), "rotating the key"):
                    for load_id in landing.load_ids(name, stream.name):
                        manifest = landing.manifest(name, stream.name, load_id)
                        if manifest.key_id in (None, new.key_id):
                            continue
                        if manifest.key_id != old.key_id:
                            raise UnusableKeyError(
                                f"{name}.{stream.name}, load {load_id}, was made with another key."
                            )
                        change_load(
                            db,
                            landing.load_folder(name, stream.name, load_id),
                            LoadChange("true", _change(stream, key), key_id=new.key_id, once=True),
                        )
                        number += 1
                        failpoint("rotation.after_load")
    return number


def _change(stream: Stream, key: bytes) -> Change:
    personal = [each.name for each in stream.fields if each.personal]

    def changed(row: Landed) -> tuple[str, str]:
        content = json.loads(row.record)
        new = dict(content)
        for name in personal:
            value = content.get(name)
            if value and not value.startswith(PREFIX):
                new[name] = rehashed(value, key)
        record_id = row.record_id
        if record_id_of(content, stream.key) == record_id:
            record_id = record_id_of(new, stream.key)
        return as_record(new), record_id

    return changed


def _list(home: Home, old: Pseudonyms, new: Pseudonyms) -> None:
    if key_id_of(home.landing) in (None, new.key_id):
        return
    read_forgotten(home.landing, old).rotated(new.later[-1]).write(home.landing)
    failpoint("rotation.after_list")
