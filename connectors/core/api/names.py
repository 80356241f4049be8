"""What a user writes into the name of a mailing, post or page to say which project it is of."""

from __future__ import annotations

import re

from connectors.core.api.messages import Json

_IN_BRACKETS = re.compile(r"\[([^\[\]]+)\]")


def in_brackets(name: Json) -> str | None:
    """`reactivatie` of `Lente-actie [reactivatie]`; None where there is no such word. Tools without
    a field for the campaign have a name that nobody but the sender sees."""
    found = _IN_BRACKETS.search(name) if isinstance(name, str) else None
    return (found[1].strip() or None) if found else None
