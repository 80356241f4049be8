"""Finds the fake vendors by their place: every module beside this one that holds a `VENDOR`."""

from __future__ import annotations

import datetime as dt
import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import pipelines.sandbox
from pipelines.sandbox.server import App
from pipelines.sandbox.tables import Tables


class Account(App, Protocol):
    """A vendor's account, whose records a test can count and change."""

    def counts(self) -> Mapping[str, tuple[int, int]]:
        """By stream: how many records there are, and how many are known to be gone."""

    def change(self, stream: str, records: int) -> None:
        """Change the newest records of a stream, now."""

    def remove(self, stream: str, records: int) -> None:
        """Take the oldest records of a stream away, as a user of the vendor would."""


@dataclass(frozen=True)
class Vendor:
    """A fake of one connector's vendor.

    account: a new account that holds the tables. environment: the variables that make the connector
    talk to it at a base URL, with credentials that are right.

    The rest says what the contract suite may expect of it. longest: the stream with the most
    records and a part of the path of its first list. told: a stream of which the vendor tells
    deletions at once; None where it tells none. pinned: the attribute of the account that tells it
    from another. quick: variables that lift rate limits and make pages small. many: tables with so
    many records of the longest stream, made from others; None where no account has that many.
    lately: the tables as the suite gives them to a vendor that is asked for the last days only,
    with news of the days before a given one.
    lacks: what this vendor cannot do, by the name of the fault or check, with the reason.
    """

    connector: str
    longest: tuple[str, str]
    account: Callable[[Tables], Account]
    environment: Callable[[str], dict[str, str]]
    pinned: str
    told: str | None = None
    quick: Mapping[str, str] = field(default_factory=dict)
    many: Callable[[Tables, int], Tables] | None = None
    lately: Callable[[Tables, dt.date], Tables] | None = None
    lacks: Mapping[str, str] = field(default_factory=dict)


def vendors() -> dict[str, Vendor]:
    """The fake vendors by the name of their connector."""
    found = {}
    for module in pkgutil.iter_modules(pipelines.sandbox.__path__):
        vendor = getattr(
            importlib.import_module(f"pipelines.sandbox.{module.name}"), "VENDOR", None
        )
        if isinstance(vendor, Vendor):
            found[vendor.connector] = vendor
    return found
