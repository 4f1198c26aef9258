"""Progress: one kind of step for every job and every callback.

Codes and numbers only; `bort.report.jobs.sentence` makes the words.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Generic, TypeVar

T = TypeVar("T")

Number = float | int | None


class Stage(StrEnum):
    """The stage of a job or long function. It is stored, so a released value keeps its meaning."""

    STARTING = "starting"
    PLANNING = "planning"
    DONE = "done"
    WAITING_FOR_TRAINING = "waiting for training"
    WAITING_FOR_MEASUREMENT = "waiting for measurement"
    WAITING_FOR_QUIET = "waiting for quiet"
    # Data
    FETCHING = "fetching"
    PREPARING_TASK = "preparing task"
    LOADING_TASK = "loading task"
    READING_TEXTS = "reading texts"
    READING_VECTORS = "reading vectors"
    # Latency
    BUILDING = "building"
    WARMING_UP = "warming up"
    MEASURING = "measuring"
    # The search
    ARRANGING_VECTORS = "arranging vectors"
    TRAINING_HEAD = "training head"
    TRAINING_TEACHER = "training teacher"
    FITTING_BASELINES = "fitting baselines"
    LABELLING = "labelling"
    TRAINING_CANDIDATES = "training candidates"
    READING_ROWS = "reading rows"
    AUDITING = "auditing"
    CERTIFYING = "certifying"
    SAMPLING = "sampling"
    # Agora
    AGORA_ROUND = "agora round"
    COMPARING = "comparing"
    # Fine-tuning
    DISTIL = "distil"
    FINETUNE = "finetune"
    AGORA = "agora"
    PLAIN = "plain"
    COMPARING_BASELINES = "comparing baselines"
    MAKING_RIVAL = "making rival"
    # Export
    EXPORTING = "exporting"
    CHECKING_EXPORT = "checking export"
    CLASSIFYING = "classifying"


@dataclass(frozen=True, slots=True)
class WorkerState:
    """What a worker does.

    Attributes:
        name: its host and process.
        trains: the id of an architecture, or a kind of rival; None if it has nothing to do.
        seed: of that training, if it has one.
        since: when it began that, in seconds since 1970.
    """

    name: str
    trains: str | None = None
    seed: int | None = None
    since: float | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """The progress of a job or a long function.

    Attributes:
        done: finished units of work.
        total: units in all; None if unknown.
        subject: what the stage works on: an architecture's id, a task, a runtime, a process.
        eta_s: estimated seconds left; None if unknown.
        numbers: live results of this kind of work, for example `certified_epsilon`.
        at, since: when a job reported this step, and when its stage began with this subject, in
            seconds since 1970; None outside of jobs.
        workers: what each worker of the job does, if it has several.
    """

    done: int = 0
    total: int | None = None
    stage: Stage = Stage.STARTING
    subject: str | None = None
    eta_s: float | None = None
    numbers: Mapping[str, Number] = field(default_factory=dict)
    at: float | None = field(default=None, compare=False)
    since: float | None = field(default=None, compare=False)
    workers: tuple[WorkerState, ...] = field(default=(), compare=False)

    @property
    def share(self) -> float:
        """The share that is done, from 0 to 1; 0 if unknown."""
        return min(1.0, self.done / self.total) if self.total else 0.0

    def within(self, whole: "Progress") -> "Progress":
        """Make this step a part of larger work, which keeps its own count.

        The count of this step is kept as `part_done` and `part_total`.
        """
        numbers = dict(self.numbers)
        if self.total is not None:
            numbers |= {"part_done": self.done, "part_total": self.total}
        return Progress(whole.done, whole.total, self.stage, self.subject, self.eta_s, numbers)


class Counted:
    """Counts what is done of a task, and says once a second how far it is and what is left.

    Args:
        step: what is said, with the total.
        weight: of all together, in a unit that the time grows with.
    """

    def __init__(self, on_step: "OnStep", step: Progress, weight: float) -> None:
        self._on_step, self._step, self._weight = on_step, step, weight
        self._begun = self._said = time.monotonic()
        self._count, self._done = 0, 0.0

    def add(self, count: int, weight: float) -> None:
        """Count more that is done."""
        self._count, self._done = self._count + count, self._done + weight
        now = time.monotonic()
        if now - self._said >= 1:
            left = (now - self._begun) * (self._weight / self._done - 1)
            self._said = now
            self._on_step(replace(self._step, done=self._count, eta_s=max(0.0, left)))


@dataclass(frozen=True, slots=True)
class ProgressTo(Progress, Generic[T]):
    """A step towards a result, which the last step carries."""

    result: T | None = None


def towards(step: Progress, result: T | None) -> ProgressTo[T]:
    """Copy the step and add `result`."""
    fields = (step.done, step.total, step.stage, step.subject, step.eta_s, step.numbers)
    return ProgressTo(*fields, result=result)


OnStep = Callable[[Progress], object]
"""Called with each step, in the working thread; it should return quickly."""


def ignore(step: Progress) -> None:
    """Ignore the step, for callers that do not report progress."""
