"""The stages of a fine-tuning: one after the other in this process, or several at a time.

Only the job decides what is trained, and stores what is told. A worker gets a stage and tells its
steps. On this machine it writes to the stage's folder; from a node of a cluster, the files of the
finished stage are fetched. So a killed job trains again only what was running; on this machine,
only what was done since the last checkpoint.
"""

import queue
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from bort.core.finetune import FineTuneSpec
from bort.core.locks import training_turn
from bort.core.progress import Progress
from bort.core.scratch import temporary
from bort.core.workers import WorkersSpec
from bort.jobs.kinds.trainings import LOG, WAIT_S, Asked, open_pool
from bort.jobs.runtime.context import JobContext
from bort.jobs.workers.messages import Message, stage_message
from bort.jobs.workers.pool import Trainer
from bort.jobs.workers.process import stages_brief

if TYPE_CHECKING:
    from bort.finetuning.setup import TaskSetup
    from bort.finetuning.students import Chain, Training
    from bort.training.stage import StageResult, StageStep


class Part(NamedTuple):
    """Picks that are prepared together on a task, and the folder of the task's stages."""

    setup: "TaskSetup"
    folder: Path


class Listener(Protocol):
    """Whoever hears how the stages go. It is always called in the job's own thread."""

    def part(self, step: Progress) -> None:
        """Hear that a training waits."""

    def steps(self, setup: "TaskSetup", training: "Training", steps: "Sequence[StageStep]") -> None:
        """Hear the next steps of a stage."""

    def end(self, setup: "TaskSetup", training: "Training", result: "StageResult") -> None:
        """Hear the result of a stage. One that an earlier attempt has finished had no steps."""


@dataclass(eq=False)
class _Followed:
    """A chain, the part of the task that it belongs to, and what it waits for."""

    part: int
    chain: "Chain[Any]"
    folders: list[Path] = field(default_factory=list)
    missing: set[str] = field(default_factory=set)
    is_over: bool = False
    result: Any = None


class Stages:
    """Trains the stages of one task, or of several.

    Args:
        pool: trains them; None trains here. Its brief has the same parts.
    """

    def __init__(
        self,
        context: JobContext,
        parts: Sequence[Part],
        listener: Listener,
        pool: Trainer | None,
    ) -> None:
        self._context, self._parts = context, parts
        self._listener, self._pool = listener, pool
        self._told: queue.SimpleQueue[Callable[[], object]] = queue.SimpleQueue()

    def follow(self, chains: "Sequence[tuple[int, Chain[Any]]]") -> list[Any]:
        """Train what all chains ask for, and return their results.

        Args:
            chains: each with the number of its part.
        Raises:
            TrainingStoppedError: the job should stop.
            WorkerError: no worker can train a stage, or its training failed.
        """
        if self._pool is None:
            from bort.finetuning.students import follow

            return [follow(chain, partial(self._train, self._parts[i])) for i, chain in chains]
        followed = [_Followed(part, chain) for part, chain in chains]
        for one in followed:
            self._go_on(one, self._pool, None)
        while not all(one.is_over for one in followed):
            self._listen()
        return [one.result for one in followed]

    def _train(self, part: Part, training: "Training") -> Path:
        """Train one stage here to its end, from where it stopped, and return its folder."""
        from bort.finetuning.students import run_training
        from bort.training.execution import training_threads
        from bort.training.stage import result_of

        setup, folder = part.setup, part.folder / training.name
        should_stop = self._context.should_stop
        turn = training_turn(setup.oracle.threads, should_stop, on_step=self._listener.part)
        with turn, training_threads(setup.oracle.threads):
            for step in run_training(setup, training, folder, should_stop=should_stop):
                self._listener.steps(setup, training, [step])
        self._listener.end(setup, training, result_of(folder))
        return folder

    def _go_on(self, one: _Followed, pool: Trainer, folders: Sequence[Path] | None) -> None:
        """Let the next trainings of a chain begin."""
        try:
            wanted = next(one.chain) if folders is None else one.chain.send(folders)
        except StopIteration as end:
            one.result, one.is_over = end.value, True
            return
        folder = self._parts[one.part].folder
        one.folders = [folder / training.name for training in wanted]
        one.missing = {training.name for training in wanted}
        for training, folder in zip(wanted, one.folders, strict=True):
            self._begin(one, pool, training, folder)
        if not wanted:
            self._go_on(one, pool, [])

    def _begin(self, one: _Followed, pool: Trainer, training: "Training", folder: Path) -> None:
        from bort.training.stage import StageStep, stage_result

        def tell_steps(steps: Sequence[Any]) -> None:
            found = [StageStep(*step) for step in steps]
            setup = self._parts[one.part].setup
            self._told.put(partial(self._listener.steps, setup, training, found))

        def tell_end(done: Future[Message] | None) -> None:
            self._told.put(partial(self._end, one, pool, training, done))

        if stage_result(folder) is not None:
            tell_end(None)
            return
        message = stage_message(training, one.part, folder)
        pool.submit(message, tell_steps).add_done_callback(tell_end)

    def _end(
        self, one: _Followed, pool: Trainer, training: "Training", done: Future[Message] | None
    ) -> None:
        from bort.training.stage import result_of

        if done is not None:
            done.result()  # or raise what it raised
        setup, folder = self._parts[one.part]
        self._listener.end(setup, training, result_of(folder / training.name))
        one.missing.remove(training.name)
        if not one.missing:
            self._go_on(one, pool, one.folders)

    def _listen(self) -> None:
        """Wait for the next that a worker tells."""
        try:
            tell = self._told.get(timeout=WAIT_S)
        except queue.Empty:
            pass
        else:
            tell()
        if self._context.should_stop():
            from bort.training.execution import TrainingStoppedError

            raise TrainingStoppedError("the fine-tuning was stopped; resume it to continue")


def is_shared(context: JobContext, spec: FineTuneSpec) -> bool:
    """Whether workers train the stages, if there is room for more than one."""
    return spec.parallel > 1 or WorkersSpec.from_dict(context.spec).address is not None


@contextmanager
def open_stages(
    context: JobContext,
    spec: FineTuneSpec,
    tasks: Sequence[Sequence[Part]],
    listener: Listener,
) -> Iterator[Stages]:
    """Open the stages of tasks, with workers if there is room for more than one.

    Args:
        tasks: the parts of each.
    """
    parts = [part for task in tasks for part in task]
    if not is_shared(context, spec):
        yield Stages(context, parts, listener, None)
        return
    from bort.finetuning.setup import pack_tasks
    from bort.training.kit import KIT, lay_out

    setups = [[part.setup for part in task] for task in tasks]
    origins = [task[0].oracle.origin for task in setups]
    with temporary("kit") as place:
        kit = pack_tasks(setups, place)
        lay_out(kit, place / KIT)
        specs = [[setup.spec for setup in task] for task in setups]
        brief = stages_brief(list(zip(specs, origins, strict=True)))
        asked = Asked(
            brief={**brief, "kit": str(place / KIT)},  # here; a node elsewhere has its own
            origin=origins[0],
            at_once=spec.parallel,
            kit=lambda: kit,
            log=context.folder / LOG,
        )
        with open_pool(context, asked) as pool:
            yield Stages(context, parts, listener, pool)
