"""Whether each connector with an API has what it needs; with `ask`, whether the vendor takes it."""

from __future__ import annotations

from collections.abc import Iterator

from connectors.core.api.account import is_pulled
from connectors.core.api.declare import Window
from connectors.core.api.values import resolve
from connectors.core.contract import Connector
from connectors.core.discover import discover
from connectors.core.errors import CredentialsError
from pipelines.connecting import look as ask_vendor
from pipelines.operations.checks.look import Look
from pipelines.operations.finding import Finding

TOPIC = "credentials"


def credentials(look: Look) -> Iterator[Finding]:
    """A finding per connector that is configured, and one for all others."""
    bare = []
    for name, connector in discover().items():
        if connector.api is None:
            continue
        if is_pulled(connector):
            yield from _of(look, name, connector)
        else:
            bare.append(name)
    if bare:
        yield Finding("ok", TOPIC, f"not configured, so not pulled: {', '.join(bare)}")


def _of(look: Look, name: str, connector: Connector) -> Iterator[Finding]:
    api = connector.api
    if api is None:
        return
    try:
        missing = resolve(api.variables, look.environment).missing
    except CredentialsError as error:
        yield Finding("error", TOPIC, f"{name}: {error}", "", f"koers connect {name}")
        return
    if missing:
        yield Finding(
            "error", TOPIC, f"{name}: not everything it needs is set", ", ".join(missing),
            f"Set them; {api.setup}",
        )  # fmt: skip
        return
    if not look.ask:
        yield Finding("ok", TOPIC, f"{name}: everything is given (--ask asks the vendor)")
        return
    wrong = [each.text.strip() for each in ask_vendor(connector, look.home, Window(None, look.now))
             if each.is_wrong]  # fmt: skip
    for text in wrong:
        yield Finding("error", TOPIC, f"{name}: {text}", "", f"koers connect {name}")
    if not wrong:
        yield Finding("ok", TOPIC, f"{name}: the vendor takes them")
