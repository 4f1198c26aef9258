"""What a runner sees of its job."""

import contextlib
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bort.core.errors import StoreError
from bort.core.progress import OnStep, Progress
from bort.jobs.runtime.lifeline import Lifeline
from bort.report.jobs import event_sentence
from bort.storage import EventCode, JobEvent, JobRecord, Store, append_log
from bort.storage.records import iso


class JobContext:
    """A runner's view of its job.

    Attributes:
        job: the job as it stood when this attempt began.
    """

    def __init__(
        self,
        store: Store,
        job: JobRecord,
        lifeline: Lifeline,
        on_step: OnStep | None = None,
    ) -> None:
        self.store = store
        self.job = job
        self._lifeline = lifeline
        self._on_step = on_step
        self._saw_stop = False

    @property
    def spec(self) -> Mapping[str, Any]:
        """What was asked, as JSON holds it."""
        return self.job.spec

    @property
    def folder(self) -> Path:
        """Where checkpoints and certificates of this job lie; kept from attempt to attempt."""
        return self.job.folder

    @property
    def saw_stop(self) -> bool:
        """Whether the runner was told to stop: then what it returned is not the whole."""
        return self._saw_stop

    @property
    def progress(self) -> Progress:
        """What was reported last."""
        return self._lifeline.latest or Progress()

    def report(self, progress: Progress) -> None:
        """Say how far the job is; cheap, as often as you like."""
        self._lifeline.report(progress)
        if self._on_step is not None:
            self._on_step(progress)

    def report_part(self, step: Progress) -> None:
        """Report a step of a part of the job; how far the job itself is stays as it was."""
        self.report(step.within(self.progress))

    def should_stop(self) -> bool:
        """Whether to end soon (cancelled, signalled, overtaken); cheap, ask between steps.

        A runner that is told so returns what it has; the job counts as cancelled, and resumable.
        """
        if self._lifeline.stop is not None:
            self._saw_stop = True
        return self._saw_stop

    def log(self, code: EventCode, *, level: str = "info", **facts: Any) -> None:
        """Add an event to the job's history, and its sentence to the log.

        A full disk is no reason to stop here.
        """
        event = JobEvent(time.time(), level, code, facts)
        with contextlib.suppress(StoreError):
            append_log(self.job, f"{iso(event.at)} {level}: {event_sentence(event)}\n")
        with contextlib.suppress(StoreError):
            self.store.log_event(self.job.id, code, facts, level=level)

    def note(self, text: str) -> None:
        """Add a line to the job's history."""
        self.log(EventCode.NOTE, text=" ".join(text.split()))

    def warn(self, text: str) -> None:
        """Add a warning to the job's history, where its page and its answer show it."""
        self.log(EventCode.WARNING, level="warning", text=" ".join(text.split()))

    def metrics(self, step: int, values: Mapping[str, float | None]) -> None:
        """Add a number to each of these series of the job; one write to the store in all."""
        self.store.add_metrics(self.job.id, step, values)
