"""The job that fine-tunes: trains stages, measures latency, compares, stores models."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bort.core.architecture import Architecture
from bort.core.files import read_json, write_json_atomically
from bort.core.finetune import FineTuneSpec
from bort.core.machine.locks import training_turn
from bort.core.serialise import from_json, to_json
from bort.core.study import TaskSpec
from bort.families import SearchSpace
from bort.finetuning.loggers import Loggers
from bort.finetuning.realised import Realised, RuntimeTimes
from bort.jobs.kinds.finetune_progress import Listener
from bort.jobs.runtime.context import JobContext

if TYPE_CHECKING:
    from bort.finetuning.setup import TaskSetup
    from bort.finetuning.students import Training
    from bort.latency.timing import TimingStep

WORK = "work"  # stages with their checkpoints, in the job's folder
LATENCIES = "latencies.json"


def run(context: JobContext) -> dict[str, Any]:
    """Train what `context.spec`, a `FineTuneSpec`, describes; returns `bort finetune --json`.

    Finished stages are never repeated. An interrupted stage continues from its last checkpoint and
    ends with the same weights.
    """
    spec = FineTuneSpec.from_dict(context.spec)
    space = SearchSpace.from_dict(spec.space)
    picks = [space.named(pick) for pick in spec.picks]
    loggers = Loggers(
        spec.loggers,
        context.folder,
        f"{spec.study} job {context.job.id}",
        {"study": spec.study, "picks": ", ".join(spec.picks), "seeds": spec.seeds},
        lambda trouble: context.log(trouble, level="warning"),
    )
    listener = Listener(context, spec, loggers)
    models: list[Realised] = []
    try:
        with _memory_errors():
            for task in spec.tasks:
                models += _TaskRun(context, spec, listener, picks, task).run()
    finally:
        loggers.close()
    return _answer(context, models)


@contextmanager
def _memory_errors() -> Iterator[None]:
    """Raise exhausted memory as `MemoryError`."""
    try:
        yield
    except RuntimeError as error:
        # torch raises a bare RuntimeError on the CPU: its text is the only sign.
        if "can't allocate memory" in str(error) or "out of memory" in str(error):
            raise MemoryError(str(error)) from error
        raise


def _answer(context: JobContext, models: list[Realised]) -> dict[str, Any]:
    """The first model's fields on top, all models below."""
    seconds = sum(model.seconds for model in models)
    rows = [to_json(model) for model in models]
    return {"job": context.job.id, **rows[0], "seconds": seconds, "models": rows}


class _TaskRun:
    """The fine-tuning of all picks on one task."""

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

    def run(self) -> list[Realised]:
        """Train, measure, compare, store; returns one model per pick."""
        from bort.finetuning.publishing import publish
        from bort.finetuning.students import train_plain, train_students

        setup = self._open()
        self.listener.begin_task(setup, self.picks)
        train = partial(self._train, setup)
        trained = {a.id: train_students(setup, a, train) for a in self.picks}
        plain = {a.id: train_plain(setup, a, train) for a in self.picks if self.spec.compare}
        latencies = self._latencies(setup)
        self.listener.say("Comparing with the baselines")
        return [
            publish(
                self.context.store,
                self.context.job.id,
                setup,
                self.task,
                trained[a.id],
                plain=plain.get(a.id),
                latencies=latencies,
            )
            for a in self.picks
        ]

    def _open(self) -> "TaskSetup":
        self.listener.say("Loading the task")
        from bort.finetuning.setup import prepare
        from bort.tasks import load_task

        task = load_task(self.task, on_progress=lambda _d, _t, text: self.listener.say(text))
        with self._turn():
            return prepare(
                task, self.spec, on_text=self.listener.say, should_stop=self.context.should_stop
            )

    def _turn(self) -> Any:
        return training_turn(
            self.spec.training.threads,
            self.context.should_stop,
            on_wait=lambda: self.listener.say("Waiting for another training to end"),
        )

    def _train(self, setup: "TaskSetup", training: "Training") -> Path:
        """Train one stage to its end, from where it stopped; returns its folder."""
        from bort.finetuning.stage import result_of
        from bort.finetuning.students import run_training
        from bort.training.execution import training_threads

        folder = self.context.folder / WORK / _folder_name(setup.task.name) / training.name
        self.listener.begin_training(setup, training)
        with self._turn(), training_threads(setup.oracle.threads):
            for step in run_training(setup, training, folder, should_stop=self.context.should_stop):
                self.listener.hear(step)
        self.listener.end_training(result_of(folder))
        return folder

    def _latencies(self, setup: "TaskSetup") -> Mapping[str, RuntimeTimes]:
        """The latencies of this task, kept in a file: a resumed job does not measure again."""
        from bort.finetuning.latency import latencies_of
        from bort.training.execution import TrainingStoppedError

        path = self.context.folder / WORK / _folder_name(setup.task.name) / LATENCIES
        known = read_json(path)
        if known is not None:
            return from_json(dict[str, RuntimeTimes], known, what=str(path))
        self.listener.say("Measuring latency")

        def say(runtime: str, step: "TimingStep") -> None:
            how_far = f"{step.stage} {step.done} of {step.total}"
            message = f"Measuring latency on {runtime}: {how_far}"
            self.listener.say(message, seconds_left=step.seconds_left)

        found = latencies_of(setup, self.picks, on_step=say, should_stop=self.context.should_stop)
        if found is None:
            raise TrainingStoppedError("the latency measurement was stopped; resume the job")
        write_json_atomically(path, to_json(found))
        return found


def _folder_name(task: str) -> str:
    """Turn a task's name into a part of a path."""
    return "".join(c if c.isalnum() or c in "-._" else "_" for c in task).strip(".") or "task"
