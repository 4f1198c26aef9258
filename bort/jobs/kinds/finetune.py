"""The job that fine-tunes: trains stages, measures latency, compares, stores models."""

import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any

from bort.core.architecture import Architecture
from bort.core.files import read_json, write_json_atomically
from bort.core.finetune import FineTuneSpec
from bort.core.locks import training_turn
from bort.core.progress import Number, Progress, Stage
from bort.core.serialise import from_json, to_json
from bort.core.study import TaskSpec
from bort.families import SearchSpace
from bort.finetuning.realised import Realised, RuntimeTimes
from bort.finetuning.stages import DEV_ERROR, LEARNING_RATE, LOSS, SPEED, trainings_of
from bort.jobs.kinds.logged import open_loggers
from bort.jobs.kinds.stages import Part, is_shared, open_stages
from bort.jobs.kinds.trainings import check_reachable
from bort.jobs.runtime.context import JobContext
from bort.storage import EventCode
from bort.studies.loggers import Loggers

if TYPE_CHECKING:
    from bort.finetuning.setup import TaskSetup
    from bort.finetuning.students import Chain, Training
    from bort.tasks import Task
    from bort.training.stage import StageResult, StageStep

LONGEST_NAME = 200  # bytes of a folder's name
WORK = "work"  # stages with their checkpoints, in the job's folder
LATENCIES = "latencies.json"
POINTS_PER_CURVE = 150  # per stage; each point costs a write to the store
REPORT_SECONDS = 0.5


def run(context: JobContext) -> dict[str, Any]:
    """Run a `FineTuneSpec`, `context.spec`; return what `bort finetune --json` prints.

    Finished stages are never repeated. An interrupted stage continues from its last checkpoint and
    ends with the same weights.
    """
    check_reachable(context)
    spec = FineTuneSpec.from_dict(context.spec)
    space = SearchSpace.from_dict(spec.space)
    picks = [space.named(pick) for pick in spec.picks]
    settings = {"study": spec.study, "picks": ", ".join(spec.picks), "seeds": spec.seeds}
    loggers = open_loggers(context, spec.loggers, spec.study, settings)
    reporter = _Reporter(context, spec, loggers)
    models: list[Realised] = []
    runs = [_TaskRun(context, spec, reporter, picks, task) for task in spec.tasks]
    try:
        for group in [runs] if is_shared(context, spec) else [[run] for run in runs]:
            models += _together(context, spec, reporter, group)
    finally:
        loggers.close()
    seconds = sum(model.seconds for model in models)
    rows = [to_json(model) for model in models]
    return {"job": context.job.id, **rows[0], "seconds": seconds, "models": rows}


def _together(
    context: JobContext, spec: FineTuneSpec, reporter: "_Reporter", runs: "Sequence[_TaskRun]"
) -> list[Realised]:
    """Fine-tune on several tasks whose stages are trained beside each other."""
    for run in runs:
        run.prepare()
    reporter.begin([[part.setup for part in run.parts] for run in runs])
    chains: list[tuple[int, Any]] = []
    first = 0  # the number of a task's first part among all
    for run in runs:
        chains += [(first + part, chain) for part, chain in run.chains()]
        first += len(run.parts)
    with open_stages(context, spec, [run.parts for run in runs], reporter) as stages:
        ends = stages.follow(chains)
    each = len(chains) // len(runs)
    return [
        model
        for number, run in enumerate(runs)
        for model in run.finish(ends[number * each : (number + 1) * each])
    ]


class _TaskRun:
    """The fine-tuning of all picks on one task: prepare, train its chains, finish.

    Attributes:
        parts: what is prepared.
    """

    def __init__(
        self,
        context: JobContext,
        spec: FineTuneSpec,
        reporter: "_Reporter",
        picks: list[Architecture],
        task: TaskSpec,
    ) -> None:
        self.context, self.spec, self.reporter = context, spec, reporter
        self.picks, self.task = picks, task
        self.parts: list[Part] = []

    def prepare(self) -> None:
        """Load the task, plan, and prepare what its trainings need."""
        task = self._load()
        self._plan_ahead(task)
        setups = [self._prepare(task, part) for part in self.spec.by_kind()]
        self.parts = [Part(setup, self._work(setup)) for setup in setups]

    def chains(self) -> "list[tuple[int, Chain[Any]]]":
        """Make what is to be trained: a chain for each pick, then those to compare with.

        Each has the number of its part.
        """
        from bort.finetuning.students import plain, students

        part_of = self._part_of()
        compared = self.picks if self.spec.compare else []
        return [
            *((part_of[a.id], students(self.parts[part_of[a.id]].setup, a)) for a in self.picks),
            *((part_of[a.id], plain(self.parts[part_of[a.id]].setup, a)) for a in compared),
        ]

    def finish(self, ends: Sequence[Any]) -> list[Realised]:
        """Measure, compare and store; return one model per pick.

        Args:
            ends: what the chains gave.
        """
        from bort.finetuning.publishing import publish

        trained, baselines = ends[: len(self.picks)], ends[len(self.picks) :]
        part_of, latencies = self._part_of(), self._latencies(self.parts[0])
        self.reporter.part(Progress(stage=Stage.COMPARING_BASELINES))
        return [
            publish(
                self.context.store,
                self.context.job.id,
                self.parts[part_of[a.id]].setup,
                self.task,
                own,
                plain=baseline,
                latencies=latencies,
            )
            for a, own, baseline in zip(
                self.picks, trained, baselines or [None] * len(trained), strict=True
            )
        ]

    def _part_of(self) -> dict[str, int]:
        """The number of each pick's part."""
        return {pick: i for i, part in enumerate(self.parts) for pick in part.setup.spec.picks}

    def _load(self) -> "Task":
        self.reporter.part(Progress(stage=Stage.LOADING_TASK))
        from bort.tasks import load_task

        task = load_task(self.task, on_step=self.reporter.part)
        for warning in task.warnings:
            self.context.warn(EventCode.DATA_FLAW, **to_json(warning))
        return task

    def _plan_ahead(self, task: "Task") -> None:
        """List the stages of this task and their times before the first begins."""
        from bort.finetuning.cost import estimate_finetune

        store, spec = self.context.store, replace(self.spec, tasks=(self.task,))
        cost = estimate_finetune(store, spec, [task], without=self.context.job.id)
        stages = [[stage.work, stage.seconds] for stage in cost.stages]
        self.context.log(EventCode.PLANNED, stages=stages, minutes=cost.minutes)

    def _prepare(self, task: "Task", part: FineTuneSpec) -> "TaskSetup":
        from bort.finetuning.setup import prepare

        with self._turn():
            return prepare(
                task,
                part,
                on_step=self.reporter.part,
                should_stop=self.context.should_stop,
            )

    def _turn(self) -> Any:
        return training_turn(
            self.spec.training.threads, self.context.should_stop, on_step=self.reporter.part
        )

    def _latencies(self, part: Part) -> Mapping[str, RuntimeTimes]:
        """Measure the latencies of this task, or read the file that a resumed job has kept."""
        from bort.finetuning.latency import latencies_of
        from bort.training.execution import TrainingStoppedError

        path = part.folder / LATENCIES
        known = read_json(path)
        if known is not None:
            return from_json(dict[str, RuntimeTimes], known, what=str(path))
        self.reporter.part(Progress(stage=Stage.MEASURING))
        found = latencies_of(
            part.setup,
            self.picks,
            self.task,
            on_step=self.reporter.part,
            should_stop=self.context.should_stop,
        )
        if found is None:
            raise TrainingStoppedError("the latency measurement was stopped; resume the job")
        write_json_atomically(path, to_json(found))
        return found

    def _work(self, setup: "TaskSetup") -> Path:
        """The folder of this task's stages."""
        kept = "".join(c if c.isalnum() or c in "-._" else "_" for c in setup.task.name)
        if len(kept.encode()) > LONGEST_NAME:  # a long path; file systems take 255 bytes
            digest = hashlib.sha256(setup.task.name.encode()).hexdigest()[:12]
            kept = f"{kept.encode()[-LONGEST_NAME // 2 :].decode(errors='ignore')}-{digest}"
        return self.context.folder / WORK / (kept.strip(".") or "task")


@dataclass
class _Running:
    """A stage whose steps are told."""

    steps: int  # planned
    step: int = 0
    losses: list[float] = field(default_factory=list)  # since the last point of the curve
    dev_error: float | None = None


class _Reporter:
    """Turns the steps of all stages into the job's progress and its curves.

    Steps count over all stages of the job. A task that has not begun is assumed to take as many
    steps as the largest so far.
    """

    def __init__(self, context: JobContext, spec: FineTuneSpec, loggers: Loggers) -> None:
        self._context, self._spec, self._loggers = context, spec, loggers
        self._running: dict[str, _Running] = {}  # by task and training
        self._planned_per_task = 0
        self._tasks_begun = 0
        self._done_before = 0  # steps of finished stages
        self._counted = 0  # steps of this attempt that were timed, for the estimate
        self._spent = 0.0  # seconds between them
        self._last: float | None = None  # when the last step ended
        self._reported = 0.0

    def part(self, step: Progress) -> None:
        """Report a step between trainings without changing the job's own count."""
        self._context.report(step.within(Progress(self._done, self._total or None)))

    def begin(self, tasks: "Sequence[Sequence[TaskSetup]]") -> None:
        """Count the steps of the next tasks; the picks of each share its setups."""
        self._last = None
        planned = (
            sum(
                setup.steps_of(kind) * len(setup.spec.picks)
                for setup in setups
                for kind in trainings_of(self._spec)
            )
            for setups in tasks
        )
        self._planned_per_task = max(self._planned_per_task, *planned)
        self._done_before = self._tasks_begun * self._planned_per_task
        self._tasks_begun += len(tasks)

    def steps(self, setup: "TaskSetup", training: "Training", steps: "Sequence[StageStep]") -> None:
        """Record the next steps of a stage."""
        place = _place(setup, training)
        if place not in self._running:
            self._running[place] = _Running(setup.steps_of(training.kind))
            self._last = None  # a stage's first step includes building the network
        now, running = time.monotonic(), self._running[place]
        if self._last is not None:
            self._counted += len(steps)
            self._spent += now - self._last
        self._last = now
        for step in steps:
            self._record(place, running, step)
        if now - self._reported >= REPORT_SECONDS or running.step == running.steps:
            self._report(training, running, steps[-1])

    def _record(self, place: str, running: _Running, step: "StageStep") -> None:
        running.step = step.step
        running.losses.append(step.loss)
        points: dict[str, float] = {}
        if step.dev_error is not None:
            running.dev_error = points[DEV_ERROR] = step.dev_error
        every = max(1, step.steps // POINTS_PER_CURVE)
        if step.step % every == 0 or step.step == step.steps:
            points[LOSS] = fmean(running.losses)
            points[LEARNING_RATE] = step.learning_rate
            points[SPEED] = step.examples_per_second
            running.losses = []
        if points:
            self._add_points(place, step.step, points)

    def end(self, setup: "TaskSetup", training: "Training", result: "StageResult") -> None:
        """Finish a stage, which may have ended early."""
        self._done_before += setup.steps_of(training.kind)
        if self._running.pop(_place(setup, training), None) is None:
            return  # an earlier attempt has finished it, and said so
        self._context.log(
            EventCode.TRAINING_FINISHED,
            task=setup.task.name,
            training=training.name,
            steps=result.steps,
            dev_error=result.dev_error,
            chosen_step=result.chosen_step,
        )

    def _add_points(self, place: str, step: int, points: Mapping[str, float]) -> None:
        named = {f"{place}/{what}": value for what, value in points.items()}
        self._context.metrics(step, named)
        for name, value in named.items():
            self._loggers.scalar(name, step, value)

    def _report(self, training: "Training", running: _Running, step: "StageStep") -> None:
        self._reported = time.monotonic()
        numbers: dict[str, Number] = {
            "seed": training.seed,
            "loss": step.loss,
            "dev_error": running.dev_error,
            "learning_rate": step.learning_rate,
            "examples_per_second": step.examples_per_second,
        }
        if training.round:
            numbers["round"] = training.round
        if others := len(self._running) - 1:
            numbers["others"] = others
        self._context.report(
            Progress(
                done=self._done,
                total=self._total or None,
                stage=Stage(training.kind),
                subject=training.architecture.id,
                eta_s=self._left,
                numbers=numbers,
            )
        )

    @property
    def _done(self) -> int:
        return self._done_before + sum(one.step for one in self._running.values())

    @property
    def _total(self) -> int:
        return self._planned_per_task * len(self._spec.tasks)

    @property
    def _left(self) -> float | None:
        if not self._counted or not self._total:
            return None
        return max(0, self._total - self._done) * self._spent / self._counted


def _place(setup: "TaskSetup", training: "Training") -> str:
    """Name a training's curves: the task, then the training."""
    return f"{setup.task.name}/{training.name}"
