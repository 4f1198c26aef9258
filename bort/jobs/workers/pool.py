"""Several workers and one queue of trainings, in the shape of `concurrent.futures.Executor`."""

import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Protocol

from bort.core.errors import WorkerError, first_line
from bort.core.progress import WorkerState
from bort.jobs.workers.messages import Message, OnSteps, ignore_steps, state_of, subject_of

ATTEMPTS = 3  # of one training, or of one worker's start


class Trainer(Protocol):
    """Whoever trains, `count` at a time."""

    @property
    def count(self) -> int:
        """How many trainings run at the same time."""

    def submit(self, message: Message, on_steps: OnSteps = ignore_steps) -> Future[Message]:
        """Begin a training, or queue it; see `bort.jobs.workers.messages`."""

    def close(self) -> None:
        """Stop all trainings and end all workers."""


class Worker(Protocol):
    """Whoever does one training after the other, somewhere. One thread talks to it.

    Attributes:
        name: its host and process, once it has begun.
    """

    name: str

    def begin(self) -> None:
        """Start it, and wait until it can train.

        Raises:
            EOFError: it ended.
            WorkerError: it refuses; the message says why.
        """

    def train(self, message: Message, on_steps: OnSteps) -> Message:
        """Train, wait and return the last answer; raises as `begin` does."""

    def stop(self) -> None:
        """Tell it to stop, whatever it does. Any thread may call this."""

    def end(self) -> None:
        """Wait until it has ended; after a while, kill it. Any thread may call this, and again."""


@dataclass(eq=False)
class _Job:
    message: Message
    on_steps: OnSteps
    future: Future[Message] = field(default_factory=Future)
    attempts: int = 0


class WorkerPool:
    """Workers that take trainings from a queue.

    One that ends is replaced, and its training done by whoever is free first. One that refuses is
    not replaced; the others go on.

    Args:
        count: number of workers. They start when there is something to train.
        make: makes a worker.
        log: where workers write what goes wrong; named in messages.
        on_refusal: called with the line of a worker that refuses, in a thread of the pool.
        on_change: called when `states` has changed, in a thread of the pool.
    """

    def __init__(
        self,
        count: int,
        make: Callable[[], Worker],
        *,
        log: str,
        on_refusal: Callable[[WorkerError], object] = lambda line: None,  # noqa: ARG005
        on_change: Callable[[], object] = lambda: None,
    ) -> None:
        self._count, self._make, self._log = count, make, log
        self._on_refusal, self._on_change = on_refusal, on_change
        self._states: dict[Worker, WorkerState] = {}
        self._changed = threading.Condition()
        self._queue: deque[_Job] = deque()
        self._workers: list[Worker] = []
        self._threads: list[threading.Thread] = []
        self._places = 0  # taken by workers, or by threads that are about to start one
        self._idle = 0
        self._refusal: WorkerError | None = None  # the first
        self._is_closed = False

    @property
    def count(self) -> int:
        """The number of workers that there may be."""
        return self._count

    @property
    def workers(self) -> list[Worker]:
        """The workers that have started and not ended."""
        with self._changed:
            return list(self._workers)

    @property
    def states(self) -> list[WorkerState]:
        """What each worker does that can train."""
        with self._changed:
            return list(self._states.values())

    def submit(self, message: Message, on_steps: OnSteps = ignore_steps) -> Future[Message]:
        """Let a free worker train, or the next that is.

        The future raises WorkerError if no worker can, or if they end again and again.
        """
        job = _Job(message, on_steps)
        with self._changed:
            self._queue.append(job)
            self._staff()
            self._changed.notify()
        return job.future

    def close(self) -> None:
        """Stop all trainings and end all workers."""
        with self._changed:
            self._is_closed = True
            workers, threads = list(self._workers), list(self._threads)
            self._fail_queue(WorkerError("the job was stopped"))
            self._changed.notify_all()
        for worker in workers:
            worker.stop()
        for worker in workers:
            worker.end()
        for thread in threads:
            thread.join()

    def _staff(self) -> None:
        """Start a worker if there is more to train than free workers; or give up without any."""
        if self._is_closed:
            self._fail_queue(WorkerError("the job was stopped"))
        elif len(self._threads) < self._count:
            if self._idle < len(self._queue):
                self._places += 1
                self._threads.append(threading.Thread(target=self._work, daemon=True))
                self._threads[-1].start()
        elif not self._places:
            self._fail_queue(self._refusal or WorkerError("no worker is left"))

    def _fail_queue(self, error: WorkerError) -> None:
        while self._queue:
            self._queue.popleft().future.set_exception(error)

    def _work(self) -> None:
        """Hold a place, until the pool is closed or the place is no good."""
        try:
            self._keep_training()
        except WorkerError as refusal:
            self._leave(refusal)
        except Exception as error:  # nobody waits for this thread; tell whoever waits for it
            self._leave(WorkerError(first_line(error)))

    def _keep_training(self) -> None:
        """Keep one worker training; replace it if it ends."""
        ended = 0
        while ended < ATTEMPTS:
            worker = self._make()
            with self._changed:
                self._workers.append(worker)
            try:
                if self._is_closed:
                    return
                worker.begin()
                ended = 0
                self._tell(worker, WorkerState(worker.name))
                while (job := self._next()) is not None:
                    self._train(worker, job)
                return
            except EOFError:
                ended += 1
            finally:
                with self._changed:
                    self._workers.remove(worker)
                self._tell(worker, None)
                worker.stop()
                worker.end()
        raise WorkerError(f"{ATTEMPTS} workers ended before they could train; {self._why}")

    def _leave(self, refusal: WorkerError) -> None:
        """Give up a place; the others do its work."""
        with self._changed:
            self._places -= 1
            self._refusal = self._refusal or refusal
            self._staff()
            is_closed = self._is_closed
        if not is_closed:
            self._on_refusal(refusal)

    def _next(self) -> _Job | None:
        """Wait for a training; None once the pool is closed."""
        with self._changed:
            self._idle += 1
            self._changed.wait_for(lambda: self._queue or self._is_closed)
            self._idle -= 1
            return self._queue.popleft() if self._queue else None

    def _train(self, worker: Worker, job: _Job) -> None:
        self._tell(worker, state_of(worker.name, job.message, time.time()))
        try:
            answer = worker.train(job.message, job.on_steps)
        except EOFError:
            self._try_again(job)
            raise
        except Exception as error:
            job.future.set_exception(error)
            raise
        job.future.set_result(answer)
        self._tell(worker, WorkerState(worker.name))

    def _tell(self, worker: Worker, state: WorkerState | None) -> None:
        with self._changed:
            self._states.pop(worker, None)
            if state is not None:
                self._states[worker] = state
            is_closed = self._is_closed
        if not is_closed:
            self._on_change()

    def _try_again(self, job: _Job) -> None:
        job.attempts += 1
        with self._changed:
            if self._is_closed:
                job.future.set_exception(WorkerError("the job was stopped"))
            elif job.attempts < ATTEMPTS:
                self._queue.appendleft(job)
                self._changed.notify()
            else:
                name = subject_of(job.message)
                line = f"{ATTEMPTS} workers ended while they trained {name}; {self._why}"
                job.future.set_exception(WorkerError(line))

    @property
    def _why(self) -> str:
        return (
            f"{self._log} says why; if they ran out of memory, have fewer trainings at once with "
            "--parallel"
        )
