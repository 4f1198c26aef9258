"""What a fine-tuning tells while it runs: progress with an estimate, and curves."""

import time
from collections.abc import Sequence
from statistics import fmean
from typing import TYPE_CHECKING

from bort.core.architecture import Architecture
from bort.core.finetune import FineTuneSpec
from bort.finetuning.loggers import Loggers
from bort.jobs.runtime.context import JobContext
from bort.storage import Progress

if TYPE_CHECKING:
    from bort.finetuning.setup import TaskSetup
    from bort.finetuning.stage import StageResult, StageStep
    from bort.finetuning.students import Training

POINTS_PER_CURVE = 150  # of a stage; each point costs a write to the store
REPORT_SECONDS = 0.5


class Listener:
    """Hears every step of every training, and passes on what people and programs want to know.

    Steps are counted over all units of the job; a later task counts like the first until it is
    reached.
    """

    def __init__(self, context: JobContext, spec: FineTuneSpec, loggers: Loggers) -> None:
        self._context, self._spec, self._loggers = context, spec, loggers
        self._task = ""
        self._training: Training | None = None
        self._planned_per_task = 0
        self._tasks_begun = 0
        self._done_before = 0  # steps of units that are over
        self._counted = 0  # steps of this attempt, for the estimate
        self._begun: float | None = None
        self._reported = 0.0
        self._losses: list[float] = []
        self._dev_error: float | None = None

    def say(self, message: str, *, seconds_left: float | None = None) -> None:
        """A stage without a count of its own, and how long it takes where that is known."""
        self._report(message, stage=message, eta_s=seconds_left)

    def begin_task(self, setup: "TaskSetup", picks: Sequence[Architecture]) -> None:
        """The next task's trainings begin."""
        from bort.finetuning.students import planned_steps

        self._task = setup.task.name
        self._planned_per_task = max(self._planned_per_task, planned_steps(setup) * len(picks))
        self._done_before = self._tasks_begun * self._planned_per_task
        self._tasks_begun += 1

    def begin_training(self, setup: "TaskSetup", training: "Training") -> None:
        """The next training begins, or goes on."""
        from bort.finetuning.students import steps_of

        self._training, self._losses, self._dev_error = training, [], None
        self._stage_steps = steps_of(setup, training.kind)
        self._begun = self._begun or time.monotonic()

    def hear(self, step: "StageStep") -> None:
        """A step was taken."""
        self._counted += 1
        self._losses.append(step.loss)
        if step.dev_error is not None:
            self._dev_error = step.dev_error
            self._point("dev_error", step.step, step.dev_error)
        every = max(1, step.steps // POINTS_PER_CURVE)
        if step.step % every == 0 or step.step == step.steps:
            self._point("loss", step.step, fmean(self._losses))
            self._point("learning_rate", step.step, step.learning_rate)
            self._point("examples_per_second", step.step, step.examples_per_second)
            self._losses = []
        if time.monotonic() - self._reported >= REPORT_SECONDS or step.step == step.steps:
            self._report_step(step)

    def end_training(self, result: "StageResult") -> None:
        """The training is over, perhaps earlier than planned."""
        assert self._training is not None
        self._done_before += self._stage_steps
        self._context.log(
            f"{self._task}: {self._training.name} finished after {result.steps} steps, "
            f"dev error {result.dev_error:.4f} with the weights of step {result.chosen_step}"
        )

    def _point(self, what: str, step: int, value: float) -> None:
        assert self._training is not None
        name = f"{self._task}/{self._training.name}/{what}"
        self._context.metric(name, step, value)
        self._loggers.scalar(name, step, value)

    def _report_step(self, step: "StageStep") -> None:
        assert self._training is not None
        self._reported = time.monotonic()
        training = self._training
        message = (
            f"{training.architecture.id} {training.stage}, seed {training.seed}: "
            f"loss {step.loss:.3f}"
        )
        if self._dev_error is not None:
            message += f", dev error {self._dev_error:.4f}"
        left = self._left(self._done_before + step.step)
        self._report(message, stage=training.stage, step=step, eta_s=left)

    @property
    def _total(self) -> int:
        return self._planned_per_task * len(self._spec.tasks)

    def _report(
        self, message: str, *, stage: str, eta_s: float | None, step: "StageStep | None" = None
    ) -> None:
        self._context.report(
            Progress(
                done=self._done_before + (step.step if step else 0),
                total=self._total or None,
                message=message,
                eta_s=eta_s,
                extra={
                    "study": self._spec.study,
                    "task": self._task,
                    "stage": stage,
                    "seed": self._training.seed if self._training else None,
                    "architecture": self._training.architecture.id if self._training else None,
                    "loss": step.loss if step else None,
                    "dev_error": self._dev_error,
                    "learning_rate": step.learning_rate if step else None,
                    "examples_per_second": step.examples_per_second if step else None,
                },
            )
        )

    def _left(self, done: int) -> float | None:
        if self._begun is None or not self._counted or not self._total:
            return None
        per_step = (time.monotonic() - self._begun) / self._counted
        return max(0, self._total - done) * per_step
