"""Finds the connectors by their place: every module in `connectors/` holds one `CONNECTOR`."""

from __future__ import annotations

import importlib
import pkgutil
import re

import connectors
from connectors.core.contract import Connector

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_TAKEN = {"archive", "core"}


def discover() -> dict[str, Connector]:
    """The connectors by name, in alphabetical order.

    Raises ValueError, naming the module, where one holds no `CONNECTOR`, is named otherwise than
    its connector, or has a name that no folder or table can have.
    """
    found = {}
    for module in sorted(pkgutil.iter_modules(connectors.__path__), key=lambda m: m.name):
        if module.ispkg or module.name.startswith("_"):
            continue
        where = f"connectors/{module.name}.py"
        connector = getattr(importlib.import_module(f"connectors.{module.name}"), "CONNECTOR", None)
        if not isinstance(connector, Connector):
            raise ValueError(f"{where} holds no CONNECTOR = Connector(...)")
        if connector.name != module.name:
            raise ValueError(f"{where} declares {connector.name!r}; the two names must be the same")
        for name in (connector.name, *(stream.name for stream in connector.streams)):
            if not _NAME.fullmatch(name) or name in _TAKEN:
                raise ValueError(
                    f"{where}: {name!r} cannot be the name of a folder and a table; "
                    "use small letters, digits and _, other than 'archive' and 'core'"
                )
        found[connector.name] = connector
    return found
