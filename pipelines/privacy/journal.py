"""What an erasure has still to do, in `state/privacy/erasing.json`: one that was killed goes on
where it was. It names the person, so it is for this user alone, and the last step removes it."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from connectors.core.durable import make_folder, sync
from pipelines.privacy.aliases import Aliases
from pipelines.privacy.person import Person
from pipelines.settings import Home


def folder(home: Home) -> Path:
    return home.state / "privacy"


def file_of(home: Home) -> Path:
    return folder(home) / "erasing.json"


@dataclass
class Journal:
    """`done`: the steps that are done; `told`: what each removed. `record_ids`: what becomes of
    record ids, decided before anything is changed."""

    person: Person
    secret: str = field(repr=False, default_factory=lambda: secrets.token_hex(32))
    started_at: str = ""
    record_ids: dict[str, dict[str, str]] = field(default_factory=dict)
    done: list[str] = field(default_factory=list)
    told: dict[str, Any] = field(default_factory=dict)

    @property
    def aliases(self) -> Aliases:
        return Aliases(bytes.fromhex(self.secret))

    def write(self, home: Home) -> None:
        file = file_of(home)
        make_folder(file.parent)
        new = file.with_name(f".{file.name}.new")
        content = {
            "person": self.person.to_json(),
            "secret": self.secret,
            "started_at": self.started_at,
            "record_ids": self.record_ids,
            "done": self.done,
            "told": self.told,
        }
        handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as out:
            json.dump(content, out, ensure_ascii=False)
        sync(new)
        new.replace(file)
        sync(file.parent)


def read(home: Home) -> Journal | None:
    """That of an erasure that was begun and not ended; None where there is none."""
    try:
        content = json.loads(file_of(home).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    content["person"] = Person.of_json(content["person"])
    return Journal(**content)


def end(home: Home) -> None:
    file = file_of(home)
    file.unlink(missing_ok=True)
    sync(file.parent)
