"""Which environment variables hold secrets, and an environment without them.

What does not need a secret does not get it: whoever may write a dbt model or a KPI could else have
dbt print it (`env_var`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from connectors.core.discover import discover
from pipelines.settings import Settings
from pipelines.variables import SECRET

_OF_OTHERS = ("TOKEN", "SECRET", "PASSWORD", "PASSWD", "CREDENTIAL", "API_KEY", "PRIVATE_KEY")
"""In the name of a variable that is not Koers' own: of a cloud, a database, a package index."""


def secret_names(settings: Settings) -> frozenset[str]:
    """The variables that hold a secret of Koers, or name the file of one."""
    names = set(SECRET)
    for connector in discover().values():
        if connector.api is not None:
            names |= {v.name for v in connector.api.variables if v.secret}
    for channel in settings.alerts.channels:
        names |= {channel.url_env, *filter(None, (channel.secret_env,))}
    return frozenset(names | {f"{name}_FILE" for name in names})


def without_secrets(environment: Mapping[str, str], settings: Settings) -> dict[str, str]:
    """The environment without any secret; Koers' own other variables stay."""
    return {
        name: value
        for name, value in environment.items()
        if name not in secret_names(settings) and not _looks_secret(name)
    }


def secrets_of(environment: Mapping[str, str], settings: Settings) -> Iterable[str]:
    """The values of the secrets that are set, not the paths of their files."""
    for name in secret_names(settings):
        if not name.endswith("_FILE") and (value := environment.get(name, "").strip()):
            yield value


def _looks_secret(name: str) -> bool:
    return any(part in name.upper() for part in _OF_OTHERS)
