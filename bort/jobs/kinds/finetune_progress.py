"""What a fine-tuning tells while it runs: progress with an estimate, and curves."""

import time
from collections.abc import Sequence
from statistics import fmean
from typing import TYPE_CHECKING

from bort.core.architecture import Architecture
from bort.core.finetune import FineTuneSpec
from bort.core.progress import Number, Progress, Stage
from bort.finetuning.loggers import Loggers
from bort.jobs.runtime.context import JobContext
from bort.storage import EventCode

if TYPE_CHECKING:
    from bort.finetuning.classroom import Classroom
    from bort.finetuning.stage import StageResult, StageStep
    from bort.finetuning.units import Unit

POINTS_PER_CURVE = 150  # of a stage; each point costs a write to the store
REPORT_SECONDS = 0.5


class Listener:
    """Hears every step of every unit, and passes on what people and programs want to know.

    Steps are counted over all units of the job; a later task counts like the first until it is
    reached.
    """

    def __init__(self, context: JobContext, spec: FineTuneSpec, loggers: Loggers) -> None:
        self._context, self._spec, self._loggers = context, spec, loggers
        self._task = ""
        self._unit: Unit | None = None
        self._planned_per_task = 0
        self._tasks_begun = 0
        self._done_before = 0  # steps of units that are over
        self._counted = 0  # steps of this attempt, for the estimate
        self._begun: float | None = None
        self._reported = 0.0
        self._losses: list[float] = []
        self._dev_error: float | None = None

    def hear_part(self, step: Progress) -> None:
        """Report a step between the trainings; the job's own count stays as it is."""
        self._context.report(step.within(Progress(self._done_before, self._total or None)))

    def begin_task(self, room: "Classroom", picks: Sequence[Architecture]) -> None:
        """The next task's trainings begin."""
        from bort.finetuning.units import planned_steps

        self._task = room.task.name
        self._planned_per_task = max(self._planned_per_task, planned_steps(room) * len(picks))
        self._done_before = self._tasks_begun * self._planned_per_task
        self._tasks_begun += 1

    def begin_unit(self, room: "Classroom", unit: "Unit") -> None:
        """The next unit begins, or goes on."""
        from bort.finetuning.units import steps_of

        self._unit, self._losses, self._dev_error = unit, [], None
        self._unit_steps = steps_of(room, unit.stage)
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

    def end_unit(self, result: "StageResult") -> None:
        """The unit is over, perhaps earlier than planned."""
        assert self._unit is not None
        self._done_before += self._unit_steps
        self._context.log(
            EventCode.TRAINING_FINISHED,
            task=self._task,
            training=self._unit.name,
            steps=result.steps,
            dev_error=result.dev_error,
            chosen_step=result.chosen_step,
        )

    def _point(self, what: str, step: int, value: float) -> None:
        assert self._unit is not None
        name = f"{self._task}/{self._unit.name}/{what}"
        self._context.metric(name, step, value)
        self._loggers.scalar(name, step, value)

    def _report_step(self, step: "StageStep") -> None:
        assert self._unit is not None
        self._reported = time.monotonic()
        unit, done = self._unit, self._done_before + step.step
        numbers: dict[str, Number] = {
            "seed": unit.seed,
            "loss": step.loss,
            "dev_error": self._dev_error,
            "learning_rate": step.learning_rate,
            "examples_per_second": step.examples_per_second,
        }
        if unit.is_agora:
            numbers["round"] = int(unit.stage.removeprefix(Stage.AGORA))
        self._context.report(
            Progress(
                done=done,
                total=self._total or None,
                stage=Stage.AGORA if unit.is_agora else Stage(unit.stage),
                subject=unit.architecture.id,
                eta_s=self._left(done),
                numbers=numbers,
            )
        )

    @property
    def _total(self) -> int:
        return self._planned_per_task * len(self._spec.tasks)

    def _left(self, done: int) -> float | None:
        if self._begun is None or not self._counted or not self._total:
            return None
        per_step = (time.monotonic() - self._begun) / self._counted
        return max(0, self._total - done) * per_step
