"""One account of a connector, ready to be read: its variables resolved, its client made."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from connectors.core.api.client import Client
from connectors.core.api.clock import Clock, SystemClock
from connectors.core.api.transport import HttpTransport, Transport
from connectors.core.api.values import Values, is_configured, resolve
from connectors.core.contract import Connector
from connectors.core.errors import CredentialsError

Connect = Callable[..., Transport]
"""Makes the transport to a base URL and to the addresses of tokens."""


@dataclass(frozen=True)
class Account:
    """`values` are what the environment says, `client` talks to the vendor with them."""

    values: Values
    client: Client


def is_pulled(connector: Connector) -> bool:
    """Whether the environment holds credentials for the connector's API."""
    return connector.api is not None and is_configured(connector.api.variables)


@contextlib.contextmanager
def open_account(
    connector: Connector,
    *,
    environment: Mapping[str, str] | None = None,
    transport: Connect = HttpTransport,
    clock: Clock | None = None,
) -> Iterator[Account]:
    """The account that the environment names; nothing is sent yet.

    Raises CredentialsError, naming the variables that are missing or unusable, and
    UnsafeAddressError for an address that is neither encrypted nor on this machine.
    """
    api = connector.api
    if api is None:
        raise CredentialsError(f"{connector.label} is read from export files only")
    clock = clock or SystemClock()
    values = resolve(api.variables, os.environ if environment is None else environment)
    if missing := values.missing:
        instead = "" if missing[0].endswith("_FILE") else f", or {missing[0]}_FILE name its file"
        raise CredentialsError(
            f"{connector.name}: {' and '.join(missing)} must be set{instead}. See .env.example."
        )
    base = api.base_url(values)
    client = Client(
        connector.name,
        base,
        transport=transport(base, *api.token_urls(values)),
        auth=api.auth(values, clock),
        values=values,
        limits=api.limits(values),
        judge=api.judge,
        clock=clock,
    )
    try:
        yield Account(values, client)
    finally:
        client.close()
