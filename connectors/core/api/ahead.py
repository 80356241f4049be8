"""One read that was begun before its turn: the next page of a list comes while the records of this
one are landed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Generic, TypeVar

T = TypeVar("T")


class ReadAhead(Generic[T]):
    """At most one read at a time, be it begun before or not. Leaving the block waits for the one
    that is under way: nothing is asked of a client that its owner may have closed by then."""

    def __init__(self) -> None:
        # It has no thread before the first read that is begun.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="ahead")
        self._begun: Future[T] | None = None

    def __enter__(self) -> ReadAhead[T]:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._thread.shutdown()

    def begin(self, read: Callable[[], T]) -> None:
        """Begin the read that `take` will ask for next."""
        running = threading.Event()

        def run() -> T:
            running.set()
            return read()

        self._begun = self._thread.submit(run)
        # Python runs one thread at a time, and the caller has work for milliseconds: without this
        # the request would only be sent after it.
        running.wait()

    def take(self, read: Callable[[], T]) -> T:
        """What the read gives that was begun, or else this one. Raises what it raises."""
        begun, self._begun = self._begun, None
        return read() if begun is None else begun.result()
