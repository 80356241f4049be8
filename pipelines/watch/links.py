"""Links in a message that do one thing about one alert: acknowledge, snooze, or show it.

A link is a signed permission: alert, act, recipient, language and the moment it expires, with an
HMAC-SHA256 over all of it. An alert's id names its episode, so a link does nothing to what begins
later. The key lies outside KOERS_HOME, as the pseudonym key does. The token stands in the path,
never in a query string; the endpoint logs no paths.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import hashlib
import hmac
import json
import logging
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

from connectors.core.errors import UnusableKeyError
from connectors.core.privacy import SHORTEST, key_folder, read_key
from pipelines.settings import Home, Settings
from pipelines.watch.letter import Link
from pipelines.watch.link_words import LINK_WORDS
from pipelines.watch.report_links import report_links

Act = Literal["acknowledge", "snooze_day", "snooze_week", "show"]
ACTS: tuple[Act, ...] = get_args(Act)
DAYS: dict[Act, int] = {"snooze_day": 1, "snooze_week": 7}
KEY_VARIABLE = "KOERS_LINKS_KEY"
FILE_VARIABLE = "KOERS_LINKS_KEY_FILE"
LONGEST = 1500
"""Characters of a token: the ids of a KPI and a unit are far shorter."""

_PURPOSE = b"koers alert link 1\n"
_log = logging.getLogger(__name__)


class BadLinkError(ValueError):
    """No link of ours, or an altered one. The text says nothing of what was wrong with it."""


@dataclass(frozen=True, slots=True)
class Permission:
    """What a link allows: one act on one alert, by one recipient, until a moment (aware)."""

    act: Act
    alert_id: str
    recipient: str
    language: str
    expires: dt.datetime


@dataclass(frozen=True)
class Signer:
    """Signs and checks permissions. The key is kept out of `repr`."""

    key: bytes = field(repr=False)

    def token(self, allowed: Permission) -> str:
        """A permission as text for a URL's path: what it says, a dot, and the signature."""
        said = [
            ACTS.index(allowed.act),
            int(allowed.expires.timestamp()),
            allowed.language,
            allowed.recipient,
            allowed.alert_id,
        ]
        text = _text(json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode())
        return f"{text}.{self._signature(text)}"

    def permission(self, token: str) -> Permission:
        """What a token allows, whether or not it has expired. Raises BadLinkError."""
        said, dot, signature = token.partition(".")
        if not dot or len(token) > LONGEST or not token.isascii():
            raise BadLinkError("This is no link of Koers.")
        # The text itself is compared, so no other spelling of a signature passes.
        if not hmac.compare_digest(self._signature(said).encode(), signature.encode()):
            raise BadLinkError("This is no link of Koers.")
        try:
            act, expires, language, recipient, alert_id = json.loads(_bytes(said))
            moment = dt.datetime.fromtimestamp(expires, dt.UTC)
            return Permission(ACTS[act], alert_id, recipient, language, moment)
        except (ValueError, TypeError, IndexError, OverflowError, binascii.Error) as error:
            raise BadLinkError("This is no link of Koers.") from error

    def _signature(self, said: str) -> str:
        return _text(hmac.digest(self.key, _PURPOSE + said.encode(), "sha256"))


def expiry(token: str) -> dt.datetime | None:
    """When a token says that it expires (UTC), whoever signed it; None for what is no token."""
    try:
        _, expires, _, _, _ = json.loads(_bytes(token.partition(".")[0]))
        return dt.datetime.fromtimestamp(expires, dt.UTC)
    except (ValueError, TypeError, OverflowError, OSError):
        return None


def mark(token: str) -> str:
    """Names a link without giving anything of it away: twelve hexadecimal digits."""
    return hashlib.sha256(token.encode()).hexdigest()[:12]


def links(
    alert_id: str,
    recipient: str,
    language: str,
    *,
    url: str,
    signer: Signer,
    expires: dt.datetime,
) -> list[Link]:
    """The links of an alert in a message, in the order in which to show them. recipient: the owner
    it is written to, kept as who did it. url: where the endpoint is reached. expires: aware."""
    base = url.rstrip("/")
    return [
        Link(
            LINK_WORDS[language][act],
            f"{base}/{signer.token(Permission(act, alert_id, recipient, language, expires))}",
        )
        for act in ACTS
    ]


AlertLinks = Callable[[str, str, str], list[Link]]
"""(alert_id, recipient, language) to the links of a message; none where there is no endpoint."""


def no_links(alert_id: str, recipient: str, language: str) -> list[Link]:
    """For a home without an endpoint."""
    return []


def command_line(alert_id: str, language: str) -> str:
    """What to do about an alert where there are no links."""
    return LINK_WORDS[language]["command"].format(alert=alert_id)


def linking(home: Home, settings: Settings, now: dt.datetime) -> AlertLinks:
    """How messages of now (aware) get their links, by the settings of a home: those that do
    something, then the page of the report.

    Without `links_url`, or without a usable key (which the log tells), none does anything.
    """
    acts, page = _acting(home, settings, now), report_links(home, settings)

    def made(alert_id: str, recipient: str, language: str) -> list[Link]:
        return [*acts(alert_id, recipient, language), *page(alert_id, language)]

    return made


def _acting(home: Home, settings: Settings, now: dt.datetime) -> AlertLinks:
    alerts = settings.alerts
    if alerts.links_url is None:
        return no_links
    try:
        signer = resolve_signer(home.root)
    except UnusableKeyError as error:
        _log.warning("Messages go without links: %s", error)
        return no_links
    url, expires = alerts.links_url, now + dt.timedelta(days=alerts.links_days)

    def made(alert_id: str, recipient: str, language: str) -> list[Link]:
        return links(alert_id, recipient, language, url=url, signer=signer, expires=expires)

    return made


def links_key_file() -> Path:
    """Where the key stands, unless the environment holds the key itself."""
    named = os.environ.get(FILE_VARIABLE)
    return Path(named) if named else key_folder() / "links.key"


def resolve_signer(home: Path) -> Signer:
    """The signer of this machine; its key is made where there is none yet.

    Raises UnusableKeyError for a key that is too short, cannot be read, or lies inside `home`.
    """
    if text := os.environ.get(KEY_VARIABLE):
        where = f"the environment variable {KEY_VARIABLE}"
    else:
        file = links_key_file()
        where = str(file)
        if file.resolve().is_relative_to(home.resolve()):
            raise UnusableKeyError(
                f"The key of the links, {file}, lies inside {home}, so that every copy of the data "
                f"is a copy of the key. Move it elsewhere and set {FILE_VARIABLE}."
            )
        text = read_key(file, may_make=True)
    key = text.strip().encode()
    if len(key) < SHORTEST:
        raise UnusableKeyError(f"The key in {where} is shorter than {SHORTEST} characters.")
    return Signer(key)


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
