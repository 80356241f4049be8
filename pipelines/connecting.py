"""What `koers connect` tells of a connector: whether its credentials are there and good, what will
be pulled, and how many requests that takes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from connectors.core.api.account import Account, is_pulled, open_account
from connectors.core.api.declare import Listing, Pull, Window
from connectors.core.api.messages import at
from connectors.core.api.pull import account_id
from connectors.core.api.values import resolve
from connectors.core.contract import Connector, Stream
from connectors.core.errors import SourceError
from connectors.core.landing import Landing
from pipelines.settings import Home


@dataclass(frozen=True)
class Look:
    """One line of what was found; `is_wrong` where it keeps a pull from working."""

    text: str
    is_wrong: bool = False


def look(connector: Connector, home: Home, window: Window) -> Iterator[Look]:
    """Look at an account, stream by stream. `window` tells the moment; nothing is landed."""
    api = connector.api
    if api is None:
        yield Look(f"{connector.label} is read from export files only: {home.inbox}/", True)
        return
    yield Look(f"{connector.label}: {api.setup}")
    yield from _variables(connector)
    if not is_pulled(connector):
        yield Look("Not configured: no credentials are given, so nothing is pulled.", True)
        return
    try:
        with open_account(connector) as account:
            found = account_id(connector, account.client, account.values, Landing(home.landing))
            yield Look(f"Account    {found} at {account.client.base_url}")
            for stream in connector.streams:
                if stream.pull is not None:
                    yield from _stream(stream, stream.pull, account, window)
    except SourceError as error:
        yield Look(str(error), True)


def _variables(connector: Connector) -> Iterator[Look]:
    api = connector.api
    if api is None:
        return
    given: Mapping[str, str] = resolve(api.variables)
    for variable in api.variables:
        value = given[variable.name]
        shown = "set" if variable.secret and value else value or "not set"
        name = f"{variable.name}_FILE" if variable.kept else variable.name
        yield Look(f"  {name:<42}{shown:<30}{variable.help}")


def _stream(stream: Stream, declared: Pull, account: Account, window: Window) -> Iterator[Look]:
    shown = f"{stream.name:<16}"
    try:
        how, notices = declared.fitted(account.client, account.values)
        found = _told(how, account, window)
    except SourceError as error:
        note = f"  {shown}{error} Needs: {declared.needs or 'read access'}"
        yield Look(note, is_wrong=not declared.optional)
        return
    yield Look(f"  {shown}{found}")
    for notice in notices:
        yield Look(f"  {'':<16}{notice}")


def _told(how: Pull, account: Account, window: Window) -> str:
    """How much there is, or that it can be read. Raises SourceError."""
    listings = how.everything(account.values, window)
    if not listings:
        return f"{'not pulled':>12}; the variables above say so"
    if how.count is None:
        _try(listings[0], account)
        return f"{'readable':>12}; how many is known after the first pull"
    asked = how.count(account.values)
    counts = [int(at(account.client.send(r).json(), path) or 0) for r, path in asked]
    # A list that holds nothing, and those that are not counted, take a request each.
    calls = sum(-(-count // listings[0].size) or 1 for count in counts)
    calls += len(listings) - len(counts)
    return f"{sum(counts):>12,} records, {calls:,} requests for a first pull"


def _try(listing: Listing, account: Account) -> None:
    if listing.prepare is None:
        account.client.send(listing.request, listing.records.expect, listing.records.of)
