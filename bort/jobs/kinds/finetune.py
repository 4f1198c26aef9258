"""Fine-tuning as a job: stages that go on where they stopped, then the realised points."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bort.core.architecture import Architecture
from bort.core.files import read_json, write_json_atomically
from bort.core.finetune import FineTuneSpec
from bort.core.machine.locks import training_turn
from bort.core.progress import Progress, Stage
from bort.core.study import TaskSpec
from bort.families import SearchSpace
from bort.finetuning.loggers import Loggers
from bort.jobs.kinds.finetune_progress import Listener
from bort.jobs.runtime.context import JobContext

if TYPE_CHECKING:
    from bort.finetuning.classroom import Classroom
    from bort.finetuning.units import Finished, Unit

WORK = "work"  # stages with their checkpoints, in the job's folder
LATENCIES = "latencies.json"


def run(context: JobContext) -> dict[str, Any]:
    """Train as `context.spec` (a `FineTuneSpec`) says; answer as `bort finetune --json` does.

    Finished stages are never repeated; one that was interrupted goes on from its last checkpoint,
    and ends with the same weights.
    """
    spec = FineTuneSpec.from_dict(context.spec)
    space = SearchSpace.from_dict(spec.space)
    picks = [space.named(pick) for pick in spec.picks]
    loggers = Loggers(
        spec.loggers,
        context.folder,
        f"{spec.study} job {context.job.id}",
        {"study": spec.study, "picks": ", ".join(spec.picks), "seeds": spec.seeds},
        lambda trouble: context.warn(trouble),
    )
    listener = Listener(context, spec, loggers)
    rows: list[dict[str, Any]] = []
    try:
        for task in spec.tasks:
            rows += _TaskRun(context, spec, listener, picks, task).run()
    finally:
        loggers.close()
    return _answer(context, rows)


def _answer(context: JobContext, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The first model's row on top; all of them below."""
    seconds = sum(row["seconds"] for row in rows)
    return {"job": context.job.id, **rows[0], "seconds": seconds, "models": rows}


class _TaskRun:
    """All picks on one task."""

    def __init__(
        self,
        context: JobContext,
        spec: FineTuneSpec,
        listener: Listener,
        picks: list[Architecture],
        task: TaskSpec,
    ) -> None:
        self.context, self.spec, self.listener = context, spec, listener
        self.picks, self.task = picks, task

    def run(self) -> list[dict[str, Any]]:
        """Train, compare, measure, store; one row per pick."""
        from bort.finetuning.publishing import publish

        room = self._open()
        self.listener.begin_task(room, self.picks)
        trained = {a.id: self._seeds(room, a) for a in self.picks}
        plain = {a.id: self._plain(room, a) for a in self.picks}
        latencies = self._latencies(room)
        self.listener.hear_part(Progress(stage=Stage.COMPARING_BASELINES))
        return [
            publish(
                self.context.store,
                self.context.job.id,
                room,
                self.task,
                trained[a.id],
                plain=plain[a.id],
                latencies=latencies,
            )
            for a in self.picks
        ]

    def _open(self) -> "Classroom":
        self.listener.hear_part(Progress(stage=Stage.LOADING_TASK))
        from bort.finetuning.classroom import open_classroom
        from bort.tasks import load_task

        task = load_task(self.task, on_step=self.listener.hear_part)
        with self._turn():
            return open_classroom(
                task,
                self.spec,
                on_step=self.listener.hear_part,
                should_stop=self.context.should_stop,
            )

    def _turn(self) -> Any:
        return training_turn(
            self.spec.training.threads,
            self.context.should_stop,
            on_step=self.listener.hear_part,
        )

    def _seeds(self, room: "Classroom", architecture: Architecture) -> list["Finished"]:
        """The same architecture with every seed; distilled once, for all of them."""
        from bort.finetuning.units import units_of

        return units_of(room, architecture, lambda unit: self._train(room, unit))

    def _plain(self, room: "Classroom", architecture: Architecture) -> "Finished | None":
        from bort.finetuning.units import Finished, plain_unit

        if not self.spec.compare:
            return None
        unit = plain_unit(room, architecture)
        return Finished(unit, self._train(room, unit))

    def _train(self, room: "Classroom", unit: "Unit") -> Path:
        """Train one unit to its end, or go on with it; returns its folder."""
        from bort.finetuning.stage import result_of
        from bort.finetuning.student import run_unit
        from bort.training.execution import training_threads

        folder = self.context.folder / WORK / _folder_name(room.task.name) / unit.name
        self.listener.begin_unit(room, unit)
        with self._turn(), training_threads(room.oracle.threads):
            for step in run_unit(room, unit, folder, should_stop=self.context.should_stop):
                self.listener.hear(step)
        self.listener.end_unit(result_of(folder))
        return folder

    def _latencies(self, room: "Classroom") -> Mapping[str, Any]:
        """Measured once per task and kept: a resumed job does not measure again."""
        from bort.finetuning.latency import latencies_of
        from bort.training.execution import TrainingStoppedError

        path = self.context.folder / WORK / _folder_name(room.task.name) / LATENCIES
        known = read_json(path)
        if known is not None:
            return known
        self.listener.hear_part(Progress(stage=Stage.MEASURING))

        found = latencies_of(
            room,
            self.picks,
            on_step=self.listener.hear_part,
            should_stop=self.context.should_stop,
        )
        if found is None:
            raise TrainingStoppedError("the latency measurement was stopped; resume the job")
        write_json_atomically(path, found)
        return found


def _folder_name(task: str) -> str:
    """A task's name as part of a path."""
    return "".join(c if c.isalnum() or c in "-._" else "_" for c in task).strip(".") or "task"
