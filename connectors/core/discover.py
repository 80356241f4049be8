"""The connectors there are: every module of `connectors/` that holds a `CONNECTOR`."""

from __future__ import annotations

import importlib
import pkgutil

import connectors
from connectors.core.contract import Connector


def discover() -> dict[str, Connector]:
    """Connectors by name, in alphabetical order."""
    found: dict[str, Connector] = {}
    for module in pkgutil.iter_modules(connectors.__path__):
        if module.ispkg:
            continue
        connector = getattr(importlib.import_module(f"connectors.{module.name}"), "CONNECTOR", None)
        if isinstance(connector, Connector):
            found[connector.name] = connector
    return dict(sorted(found.items()))
