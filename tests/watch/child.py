"""A child process that does `main(["watch", HOME])` or `main(["deliver", HOME])`, over the channel
`hook`; `both` does one after the other; `outcomes` tells of actions; `digest` makes what is due by
koers.yaml. After `KOERS_DIE_AFTER` seconds it is killed, wherever it is then."""

from __future__ import annotations

import datetime as dt
import os
import signal
from collections.abc import Sequence
from pathlib import Path

from pipelines.publication import current
from pipelines.settings import Channel, Home, settings
from pipelines.watch.delivery import deliver
from pipelines.watch.digest.making import make_due
from pipelines.watch.outcomes import tell_outcomes
from pipelines.watch.watching import watch


def main(arguments: Sequence[str]) -> None:
    at = Home(Path(arguments[1]))
    hook = Channel(name="hook", url_env="KOERS_HOOK")
    if seconds := float(os.environ.get("KOERS_DIE_AFTER", 0)):
        signal.setitimer(signal.ITIMER_REAL, seconds)  # SIGALRM ends a process that does not ask
    if arguments[0] in ("watch", "both"):
        published = current(at)
        if published is None:
            raise SystemExit("nothing is published")
        watch(published, at.ledger, [hook])
    if arguments[0] == "digest":
        make_due(at, settings(at))
    if arguments[0] == "outcomes" and (published := current(at)) is not None:
        tell_outcomes(published, at.ledger, [hook], today=dt.date(2025, 12, 1))
    if arguments[0] in ("deliver", "both"):
        deliver(at.ledger, [hook])
