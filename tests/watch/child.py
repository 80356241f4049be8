"""Child processes of the tests: `watch HOME` and `deliver HOME`, over the channel `hook`."""

from __future__ import annotations

import sys
from pathlib import Path

from pipelines.publication import current
from pipelines.settings import Channel, Home
from pipelines.watch.delivery import deliver
from pipelines.watch.watching import watch

if __name__ == "__main__":
    at = Home(Path(sys.argv[2]))
    hook = Channel(name="hook", url_env="KOERS_HOOK")
    if sys.argv[1] == "watch":
        published = current(at)
        if published is None:
            raise SystemExit("nothing is published")
        watch(published, at.ledger, [hook])
    else:
        deliver(at.ledger, [hook])
