"""The thread that copies a job's files to where machines share them, while the job works."""

import threading
from types import TracebackType

from bort.core import shared_files
from bort.core.errors import StoreError
from bort.jobs.runtime.lifeline import Lifeline
from bort.storage import EndingCode, JobRecord, push_folder

PUSH_S = 10.0  # another machine sees a log, and can resume from a checkpoint, this much later


class Mirror:
    """A thread that runs next to a job for the length of a `with` block.

    It does nothing unless machines share files. A failure does not stop the job: the next push has
    everything that is new.

    Attributes:
        error: of the last push; None if it was right.
    """

    def __init__(self, job: JobRecord, lifeline: Lifeline) -> None:
        self.error: StoreError | None = None
        self._job, self._lifeline = job, lifeline
        self._ended = threading.Event()
        self._thread = threading.Thread(
            target=self._run, name=f"mirror of job {job.id}", daemon=True
        )

    def __enter__(self) -> "Mirror":
        if shared_files.is_set():
            self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()

    def push(self) -> None:
        """Copy what is new, unless another machine has taken the job over."""
        stop = self._lifeline.stop
        if stop is not None and stop.code is EndingCode.OVERTAKEN:
            return
        try:
            push_folder(self._job)
            self.error = None
        except StoreError as error:
            self.error = error

    def _run(self) -> None:
        while not self._ended.wait(PUSH_S):
            self.push()
