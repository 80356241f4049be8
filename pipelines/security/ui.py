"""The Dagster UI, for its own pages only: `python -m pipelines.security.ui`, with the arguments of
`dagster-webserver`.

The UI has no passwords, and by itself takes a mutation from any page that a browser on this machine
has open (a form that posts to 127.0.0.1, a picture whose address holds one, a name that resolves to
127.0.0.1). Here a request must name a host of ours, must not come from another site where it could
change something, and a mutation must be a POST of JSON. Behind a proxy, `ui_hosts` in koers.yaml
names the host that people type.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Awaitable, Callable, Collection, MutableMapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

HOSTS_VARIABLE = "KOERS_UI_HOSTS"
OWN_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})

_Scope = MutableMapping[str, Any]
_Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
_Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
_App = Callable[[_Scope, _Receive, _Send], Awaitable[None]]


class OwnPagesOnly:
    """ASGI middleware; see the module. hosts: the names in a Host header, without a port."""

    def __init__(self, app: _App, hosts: Collection[str] = OWN_HOSTS) -> None:
        self.app, self.hosts = app, frozenset(host.lower() for host in hosts)

    async def __call__(self, scope: _Scope, receive: _Receive, send: _Send) -> None:
        why = refusal(scope, self.hosts) if scope["type"] in ("http", "websocket") else None
        if why is None:
            await self.app(scope, receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008, "reason": why})
        else:
            kind = [(b"content-type", b"text/plain; charset=utf-8")]
            await send({"type": "http.response.start", "status": 403, "headers": kind})
            await send({"type": "http.response.body", "body": f"{why}\n".encode()})


def refusal(scope: _Scope, hosts: Collection[str]) -> str | None:
    """Why a request is refused; None where it is not. scope: of ASGI."""
    headers = {name.lower(): value.decode("latin-1") for name, value in scope.get("headers", ())}
    host = headers.get(b"host", "")
    if _name(host) not in hosts:
        return "This host is not one of Koers: name it in `ui_hosts` of koers.yaml if it is."
    method = scope.get("method", "GET")
    if scope["type"] == "websocket" or method not in ("GET", "HEAD", "OPTIONS"):
        origin = headers.get(b"origin")
        if origin is not None and urlsplit(origin).netloc.lower() != host.lower():
            return "A page of another site may not do this."
        if headers.get(b"sec-fetch-site", "none") not in ("same-origin", "none"):
            return "A page of another site may not do this."
    if scope["type"] == "http" and scope.get("path", "").rstrip("/").endswith("/graphql"):
        if "query" in parse_qs(scope.get("query_string", b"").decode("latin-1")):
            return "A query goes in the body of a POST."
        if method == "POST" and not headers.get(b"content-type", "").startswith("application/json"):
            return "A query goes as application/json."
    return None


def _name(host: str) -> str:
    """Of a Host header, without its port."""
    try:
        return (urlsplit(f"//{host}").hostname or "").lower()
    except ValueError:
        return ""


def main() -> None:
    """`dagster-webserver` with the middleware around it."""
    cli: Any = importlib.import_module("dagster_webserver.cli")
    hosts = OWN_HOSTS | set(filter(None, os.environ.get(HOSTS_VARIABLE, "").split(",")))
    make = cli.create_app_from_workspace_process_context

    def guarded(*args: Any, **options: Any) -> Any:
        made = make(*args, **options)
        made.add_middleware(OwnPagesOnly, hosts=hosts)
        return made

    cli.create_app_from_workspace_process_context = guarded
    cli.cli(auto_envvar_prefix="DAGSTER_WEBSERVER")


if __name__ == "__main__":
    main()
