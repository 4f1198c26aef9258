"""The trainings of a search: one after the other in this process, or several at a time.

And the workers of any job that trains several at a time.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from bort.core.architecture import Architecture
from bort.core.evaluation import Evaluation
from bort.core.locks import training_places, training_turn
from bort.core.origin import Origin
from bort.core.progress import WorkerState
from bort.core.study import StudySpec
from bort.core.workers import WorkersSpec
from bort.jobs.runtime.context import JobContext
from bort.jobs.workers.cluster import RayPool, reach
from bort.jobs.workers.local import LocalWorker
from bort.jobs.workers.messages import Message, evaluation_in, evaluation_message
from bort.jobs.workers.pool import Trainer, WorkerPool
from bort.jobs.workers.process import brief_of
from bort.storage import EventCode

Train = Callable[[Architecture, int], Evaluation]
"""Trains one architecture with one seed."""


class Oracle(Protocol):
    """What trains in this process, and what its trainings depend on."""

    origin: Origin

    def evaluate(self, architecture: Architecture, seed: int) -> Evaluation:
        """Train one architecture with one seed."""

    def kit(self, folder: Path) -> Sequence[tuple[str, str, Path]]:
        """List the files that a worker elsewhere needs: name, SHA-256, place."""


LOG = "workers.log"  # in the job's folder
WAIT_S = 0.2  # between two looks at whether to stop


class Trainings:
    """The trainings that have begun and are not used yet.

    With several at once, the store knows which have begun, in the order of the picks, and every
    result from the moment when it is there. So a killed search loses only what was running.

    Args:
        train: trains in this process, when the result is asked for.
        pool: trains as soon as something has begun, in its place.
    """

    def __init__(
        self, context: JobContext, spec: StudySpec, train: Train, pool: Trainer | None
    ) -> None:
        self._context, self._spec, self._train, self._pool = context, spec, train, pool
        self._is_recorded = spec.search.parallel > 1 or pool is not None
        self._done = context.store.begun(spec.name) if self._is_recorded else {}
        self._running: dict[tuple[str, int], Future[Message]] = {}

    @property
    def workers(self) -> int:
        """How many trainings run at the same time."""
        return 1 if self._pool is None else self._pool.count

    @property
    def begun(self) -> list[str]:
        """The ids of the architectures that have begun, in the order of their picks."""
        return list(self._done)

    @property
    def running(self) -> int:
        """The number of trainings that workers have not finished."""
        return sum(not future.done() for future in self._running.values())

    def begin(self, architecture: Architecture, seeds: Iterable[int]) -> None:
        """Let these trainings of an architecture begin; once is enough."""
        if not self._is_recorded:
            return
        if architecture.id not in self._done:
            self._keep(architecture.id, [])
        done = {evaluation.seed for evaluation in self._done[architecture.id]}
        for seed in seeds:
            key = architecture.id, seed
            if self._pool is not None and seed not in done and key not in self._running:
                self._running[key] = self._pool.submit(evaluation_message(architecture, seed))

    def result(self, architecture: Architecture, seed: int) -> Evaluation:
        """Return the result of one training; wait for it, or train here.

        Raises:
            TrainingStoppedError: the job should stop.
            WorkerError: no worker can train it.
        """
        for evaluation in self._done.get(architecture.id, ()):
            if evaluation.seed == seed:
                return evaluation
        future = self._running.get((architecture.id, seed))
        if future is None:
            with turn(self._context, self._spec):
                return self._train(architecture, seed)
        while not future.done():
            self._wait()
        self._running.pop((architecture.id, seed), None)
        return evaluation_in(future.result())

    def end(self, architecture_id: str) -> None:
        """Forget that an architecture has begun, because all of its results are stored."""
        if self._done.pop(architecture_id, None) is not None:
            self._context.store.end_begun(self._spec.name, architecture_id)

    def _wait(self) -> None:
        """Wait until a training is done, and keep the results that came early."""
        running = {key: future for key, future in self._running.items() if not future.done()}
        wait(running.values(), WAIT_S, FIRST_COMPLETED)
        for (name, seed), future in running.items():
            if future.done() and future.exception() is None:
                self._keep(name, [*self._done[name], evaluation_in(future.result())])
                del self._running[name, seed]
        if self._context.should_stop():
            from bort.training.execution import TrainingStoppedError

            raise TrainingStoppedError("the search was stopped; resume it to continue")

    def _keep(self, name: str, done: list[Evaluation]) -> None:
        self._done[name] = done
        self._context.store.set_begun(self._spec.name, name, done)


def turn(context: JobContext, spec: StudySpec) -> AbstractContextManager[None]:
    """Wait for this job's turn to train."""
    return training_turn(spec.training.threads, context.should_stop, on_step=context.report_part)


@contextmanager
def open_trainings(context: JobContext, spec: StudySpec, oracle: Oracle) -> Iterator[Trainings]:
    """Open the trainings of a search, with workers if there is room for more than one."""
    with open_pool(context, asked_of(spec, oracle, context.folder)) as pool:
        yield Trainings(context, spec, oracle.evaluate, pool)


@contextmanager
def open_pool(context: JobContext, asked: "Asked") -> Iterator[Trainer | None]:
    """Open the workers of a job, which tells what happens to them; see `make_pool`."""
    pool = make_pool(
        asked,
        WorkersSpec.from_dict(context.spec).address,
        on_refusal=lambda line: context.warn(EventCode.WORKER_REFUSED, message=line),
        on_change=context.report_workers,
    )
    try:
        yield pool
    finally:
        if pool is not None:
            pool.close()
            context.report_workers(())


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What is asked of workers.

    Attributes:
        brief: the first message to each.
        origin: what their trainings depend on.
        at_once: how many trainings there are at once, at most.
        kit: lists the files that a worker elsewhere needs: name, SHA-256, place.
        log: what goes wrong with them.
    """

    brief: Mapping[str, Any]
    origin: Origin
    at_once: int
    kit: Callable[[], Sequence[tuple[str, str, Path]]]
    log: Path


def asked_of(spec: StudySpec, oracle: Oracle, folder: Path) -> Asked:
    """Say what a search asks of its workers.

    Args:
        folder: for the workers' log, and for the files that are sent to a cluster.
    """
    return Asked(
        brief=brief_of(spec, oracle.origin),
        origin=oracle.origin,
        at_once=spec.search.parallel,
        kit=lambda: oracle.kit(folder),
        log=folder / LOG,
    )


def make_pool(
    asked: Asked,
    address: str | None,
    *,
    on_refusal: Callable[[str], object],
    on_change: Callable[[Sequence[WorkerState]], object],
) -> Trainer | None:
    """Make workers, which start when something has begun.

    They are on a Ray cluster if there is an address. Otherwise they are processes on this machine,
    as far as its cores have room for more than one.

    Args:
        on_refusal: called with the line of a worker on a cluster that refuses.
        on_change: called with the states of the workers.
    Returns:
        None if there is room for one training only.
    """
    if address is not None:
        told = {
            "brief": asked.brief,
            "kit": [[name, sha256, str(path)] for name, sha256, path in asked.kit()],
            "count": asked.at_once,
            "threads": asked.origin.threads,
            "device": asked.origin.device,
        }
        return RayPool(address, told, log=asked.log, on_refusal=on_refusal, on_change=on_change)
    count = min(asked.at_once, training_places(asked.origin.threads))
    if count == 1:
        return None
    pool = WorkerPool(
        count,
        partial(LocalWorker, asked.brief, log=asked.log),
        log=str(asked.log),
        on_change=lambda: on_change(pool.states),
    )
    return pool


def check_reachable(context: JobContext) -> None:
    """Check that the Ray cluster of a job answers, before minutes are spent on anything else.

    Raises:
        WorkerError: it does not, after half a minute.
    """
    if (address := WorkersSpec.from_dict(context.spec).address) is not None:
        reach(address, log=context.folder / LOG).close()
