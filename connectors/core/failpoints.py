"""Named places where a test can kill the process, to prove that what follows a crash is right.

`KOERS_FAILPOINT=publish.before_replace:2` kills the process (SIGKILL, no clean-up) the second time
it reaches that place; without a number, the first time. Unset, a fail point costs one look-up.
With `KOERS_FAILPOINT_GROUP` its whole process group dies with it, as when the machine stops.
Names are `<part>.<place>`; `REACHED` counts the visits of this process, so that a test can tell a
fail point that was never reached from one that did not kill.
"""

from __future__ import annotations

import os
import signal
from collections import Counter

VARIABLE = "KOERS_FAILPOINT"
GROUP_VARIABLE = "KOERS_FAILPOINT_GROUP"
REACHED: Counter[str] = Counter()


def failpoint(name: str) -> None:
    """Kill this process here if the environment asks for it; otherwise do nothing.

    Raises ValueError when the variable is set but its number is none.
    """
    wanted = os.environ.get(VARIABLE)
    if not wanted:
        return
    REACHED[name] += 1
    place, _, nth = wanted.partition(":")
    if place == name and REACHED[name] == int(nth or 1):
        if os.environ.get(GROUP_VARIABLE):
            os.killpg(os.getpgrp(), signal.SIGKILL)
        os.kill(os.getpid(), signal.SIGKILL)
