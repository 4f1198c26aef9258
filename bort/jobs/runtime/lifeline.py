"""The thread that writes a job's heartbeat and progress and reads cancellations.

Only this thread writes while the job works, so a locked database delays what people see but not the
work. It tries again for as long as the job lives.
"""

import contextlib
import threading
import time
from dataclasses import replace
from types import TracebackType

from bort.core.errors import StoreError
from bort.core.progress import Progress
from bort.storage import Ending, EndingCode, JobRecord, Store

HEARTBEAT_S = 1.5  # a cancellation is seen within this time
PROGRESS_S = 0.25  # the shortest time between two writes of the row


class Lifeline:
    """A thread that runs next to a job for the length of a `with` block.

    Attributes:
        stop: why the job should stop; None if it should not.
        latest: the latest progress that was reported.
    """

    def __init__(self, store: Store, job: JobRecord) -> None:
        self.stop: Ending | None = None
        self.latest: Progress | None = None
        self._store = store
        self._job = job
        self._written: Progress | None = None
        self._wake = threading.Event()
        self._ended = threading.Event()
        self._thread = threading.Thread(
            target=self._beat, name=f"lifeline of job {job.id}", daemon=True
        )

    def __enter__(self) -> "Lifeline":
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._wake.set()
        self._thread.join()

    def report(self, progress: Progress) -> None:
        """Queue the progress for writing; returns at once."""
        now, before = time.time(), self.latest
        goes_on = before is not None and _work_of(before) == _work_of(progress)
        since = before.since if before is not None and goes_on else now
        self.latest = replace(progress, at=now, since=since)
        self._wake.set()

    def request_stop(self, why: Ending) -> None:
        """Ask the job to stop; the first reason is kept. Safe in a signal handler."""
        self.stop = self.stop or why

    def _beat(self) -> None:
        while not self._ended.is_set():
            with contextlib.suppress(StoreError):  # locked, full, unreachable: try at the next beat
                self._say_alive()
            self._pause()

    def _say_alive(self) -> None:
        progress = self.latest
        unwritten = progress if progress is not self._written else None
        beat = self._store.heartbeat(self._job.id, self._job.attempt, unwritten)
        self._written = progress
        if not beat.is_ours:
            self.request_stop(Ending(EndingCode.OVERTAKEN))
        elif beat.cancel_requested:
            self.request_stop(Ending(EndingCode.CANCELLED))

    def _pause(self) -> None:
        begun = time.monotonic()
        self._wake.wait(HEARTBEAT_S)
        self._wake.clear()
        self._ended.wait(max(0.0, PROGRESS_S - (time.monotonic() - begun)))


def _work_of(step: Progress) -> tuple[object, ...]:
    return step.stage, step.subject
