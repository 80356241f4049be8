"""A child process that does `main(["watch", HOME])` or `main(["deliver", HOME])`, over the channel
`hook`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pipelines.publication import current
from pipelines.settings import Channel, Home
from pipelines.watch.delivery import deliver
from pipelines.watch.watching import watch


def main(arguments: Sequence[str]) -> None:
    at = Home(Path(arguments[1]))
    hook = Channel(name="hook", url_env="KOERS_HOOK")
    if arguments[0] == "watch":
        published = current(at)
        if published is None:
            raise SystemExit("nothing is published")
        watch(published, at.ledger, [hook])
    else:
        deliver(at.ledger, [hook])
