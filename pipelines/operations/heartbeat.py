"""Signs of life for a monitor on another machine, since a dead Koers cannot tell that it is dead.

`state/heartbeat.json` says when the last nightly run ended and when alerts were last judged, and of
which publication. It is written after each of the two, from what they left behind, so that two
writers at once write the same. Nothing in Koers decides anything by it.

`KOERS_HEARTBEAT_URL` names an address that is posted to after each good night, as Healthchecks.io,
Uptime Kuma and others take it: what stays away for too long they tell. A night is good when it
ended, its publication was judged, and no channel has been refusing messages for long; a source that
could not be read is told by its own alert.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from connectors.core.api.values import Variable, resolve
from connectors.core.errors import CredentialsError
from pipelines import records
from pipelines.nights import last_run
from pipelines.publication import Clock, PublicationError, current, utc_now
from pipelines.settings import Home, Settings
from pipelines.watch.ledger import last_evaluation, was_evaluated
from pipelines.watch.undelivered import undelivered

URL = Variable("KOERS_HEARTBEAT_URL", "The heartbeat's address", secret=True, optional=True)
TIMEOUTS = (5.0, 10.0)
"""Seconds to connect, and to wait for an answer."""

_LOOPBACK = {"localhost", "127.0.0.1", "::1"}

Post = Callable[[str], int]
"""Posts nothing to an address; the status of the answer. Raises OSError where there is none."""


def beat(home: Home, clock: Clock = utc_now) -> None:
    """Write `state/heartbeat.json`. Moments are UTC, as ISO text."""
    ended, judged = last_run(home), last_evaluation(home.ledger)
    records.write(
        home.state / "heartbeat.json",
        {
            "night_ended_at": _text(ended),
            "judged_at": _text(judged[1]) if judged else None,
            "judged_publication": judged[0] if judged else None,
            "written_at": _text(clock()),
        },
    )


def not_good(home: Home, settings: Settings, clock: Clock = utc_now) -> str | None:
    """Why a night that ended was not a good one, in words without secrets; None where it was."""
    try:
        publication = current(home)
    except PublicationError as error:
        return str(error)
    if publication and not was_evaluated(home.ledger, publication.publication_id):
        return f"publication {publication.publication_id} is not judged yet"
    waiting = undelivered(home.ledger, settings.alerts.channels, clock())
    mute = [each.channel for each in waiting if each.is_failing]
    if mute:
        return f"messages cannot be delivered over {', '.join(mute)}"
    return None


def post(url: str) -> int:
    """See `Post`. No redirect is followed, and nothing is read of the answer but its status."""
    import requests

    from pipelines.security.exchange import bounded

    # A monitor often runs in the own network.
    with bounded(private_network=True), requests.post(
        url, data=b"", headers={"User-Agent": "Koers"}, timeout=TIMEOUTS,
        allow_redirects=False, stream=True,
    ) as answer:  # fmt: skip
        return answer.status_code


def ping(
    home: Home,
    settings: Settings,
    say: Callable[[str], None] = lambda _: None,
    clock: Clock = utc_now,
    *,
    send: Post = post,
    environment: Mapping[str, str] | None = None,
) -> bool:
    """Tell the monitor outside of a good night; whether it was told. What keeps it from that is
    said, without the address, and holds nothing up."""
    try:
        url = resolve([URL], environment)[URL.name]
    except CredentialsError as error:
        say(f"heartbeat: {error}")
        return False
    if not url:
        return False
    if why := not_good(home, settings, clock):
        say(f"heartbeat: not sent, since {why}")
        return False
    try:
        parts = urlsplit(url)
        near = parts.scheme == "http" and parts.hostname in _LOOPBACK
        if not parts.hostname or not (near or parts.scheme == "https"):
            say(f"heartbeat: {URL.name} must begin with https://")
            return False
        status = send(url)
    except (OSError, ValueError) as error:
        say(f"heartbeat: the monitor cannot be reached ({type(error).__name__})")
        return False
    if not 200 <= status < 300:
        say(f"heartbeat: the monitor answered {status}")
        return False
    return True


def _text(moment: dt.datetime | None) -> str | None:
    return moment.astimezone(dt.UTC).isoformat(timespec="seconds") if moment else None
