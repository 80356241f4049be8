"""A thread that writes what is gathered, so that reading goes on meanwhile: DuckDB, which does the
writing, holds no lock of Python's while it is at it.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor


class Writer:
    """Does jobs in their order, one at a time: memory holds what one of them writes and what is
    gathered for the next one, never more.

    What a job raises is raised by the next call of `write` or `wait`, and by every one after it:
    what should follow a batch that was not written is never whole.
    """

    def __init__(self) -> None:
        # It has no thread before the first job.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="writing")
        self._job: Future[None] | None = None

    def write(self, job: Callable[[], None]) -> None:
        """Begin a job when the one before it is done."""
        self.wait()
        self._job = self._thread.submit(job)

    def wait(self) -> None:
        """Return when all is written: what the jobs worked with is the caller's again."""
        if self._job is not None:
            self._job.result()
            self._job = None

    def close(self) -> None:
        """End the thread, after the job it is at."""
        self._thread.shutdown()
