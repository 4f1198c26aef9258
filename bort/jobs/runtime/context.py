"""The interface between a job and its runner."""

import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from bort.core.errors import StoreError
from bort.core.progress import OnStep, Progress, WorkerState
from bort.jobs.runtime.lifeline import Lifeline
from bort.report.events import event_sentence
from bort.storage import EventCode, JobEvent, JobRecord, Store, append_log
from bort.storage.records import iso

OnEvent = Callable[[JobEvent], object]
"""Called with each event of a job, in the working thread; it should return quickly."""


class JobContext:
    """The interface through which a runner reports and learns that it should stop.

    Attributes:
        job: the job when this attempt began.
    """

    def __init__(
        self,
        store: Store,
        job: JobRecord,
        lifeline: Lifeline,
        on_step: OnStep | None = None,
        on_event: OnEvent | None = None,
    ) -> None:
        self.store = store
        self.job = job
        self._lifeline = lifeline
        self._on_step = on_step
        self._on_event = on_event
        self._saw_stop = False
        self._workers: tuple[WorkerState, ...] = ()

    @property
    def spec(self) -> Mapping[str, Any]:
        """The job's description, as JSON values."""
        return self.job.spec

    @property
    def folder(self) -> Path:
        """The folder of its checkpoints and certificates; all attempts share it."""
        return self.job.folder

    @property
    def saw_stop(self) -> bool:
        """True if the runner was told to stop; then its result is partial."""
        return self._saw_stop

    @property
    def progress(self) -> Progress:
        """The latest reported progress."""
        return self._lifeline.latest or Progress()

    def report(self, progress: Progress) -> None:
        """Report how far the job is. Cheap: call it as often as you like."""
        progress = replace(progress, workers=self._workers)
        self._lifeline.report(progress)
        if self._on_step is not None:
            self._on_step(progress)

    def report_part(self, step: Progress) -> None:
        """Report a step of a part of the job, without changing the job's own count."""
        self.report(step.within(self.progress))

    def report_workers(self, workers: Sequence[WorkerState]) -> None:
        """Report what each worker does. Any thread may call this."""
        self._workers = tuple(workers)
        self._lifeline.report(replace(self.progress, workers=self._workers))

    def should_stop(self) -> bool:
        """Return whether to stop soon (cancelled, signalled, overtaken). Cheap enough for loops.

        The runner then returns what it has; the job is cancelled and can be resumed.
        """
        if self._lifeline.stop is not None:
            self._saw_stop = True
        return self._saw_stop

    def measures_anyway(self) -> bool:
        """Return whether this attempt was asked to measure on a busy machine; one small query."""
        events = [event.code for event in self.store.events(self.job.id)]
        began = len(events) - events[::-1].index(EventCode.ATTEMPT_BEGAN)
        return EventCode.MEASURE_ANYWAY in events[began:]

    def log(self, code: EventCode, /, *, level: str = "info", **facts: Any) -> None:
        """Add an event to the job's history, and its sentence to the log.

        A full disk does not stop the job here.
        """
        event = JobEvent(time.time(), level, code, facts)
        with contextlib.suppress(StoreError):
            append_log(self.job, f"{iso(event.at)} {level}: {event_sentence(event)}\n")
        with contextlib.suppress(StoreError):
            self.store.log_event(self.job.id, code, facts, level=level)
        if self._on_event is not None:
            self._on_event(event)

    def warn(self, code: EventCode, /, **facts: Any) -> None:
        """Add a warning to the job's history, for its page."""
        self.log(code, level="warning", **facts)

    def metrics(self, step: int, values: Mapping[str, float | None]) -> None:
        """Add a number to each of these series of the job in a single write."""
        self.store.add_metrics(self.job.id, step, values)
