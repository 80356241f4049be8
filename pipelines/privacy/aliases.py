"""What stands in the place of a person's ids and addresses: drawn at random, so that nothing leads
back from it; equal for equal texts within one erasure, so that records still join."""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass, field

from connectors.core.forgotten import PREFIX
from pipelines.privacy.marks import Marks
from pipelines.privacy.person import Person

_SURE = re.compile(r"(?=.*\D).{4,}|\d{6,}")
"""An id that is hardly ever anything else in a text: four characters that are not all digits, or
six digits."""


@dataclass(frozen=True)
class Aliases:
    """Aliases of one erasure. Its secret is thrown away with the erasure's journal."""

    secret: bytes = field(repr=False)

    def of(self, text: str) -> str:
        digest = hmac.digest(self.secret, text.strip().casefold().encode(), "sha256")
        return PREFIX + digest.hex()[:16]

    def marks(self, person: Person, connector: str | None = None) -> Marks:
        """What to look for in texts: of a connector, its ids too."""
        ids = set(person.units)
        if connector is not None:
            ids |= {value for scope, value in person.ids if scope in (connector, "*")}
            ids |= {value for scope, _, value in person.keys if scope == connector}
        named = person.named | person.pseudonyms
        return Marks(
            {text: self.of(text) for text in named},
            {text: self.of(text) for text in ids if _SURE.fullmatch(text)},
        )
