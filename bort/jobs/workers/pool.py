"""Worker processes on this machine, in the shape of `concurrent.futures.Executor`."""

import contextlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, Protocol

from bort.core.architecture import Architecture
from bort.core.errors import WorkerError
from bort.core.evaluation import Evaluation
from bort.core.serialise import from_json

ATTEMPTS = 3  # of one training whose worker ends
GRACE_S = 5.0  # for a worker to end by itself
PROCESS = (sys.executable, "-m", "bort.jobs.workers.process")


class Trainer(Protocol):
    """Whoever trains architectures, `count` at a time."""

    count: int

    def submit(self, architecture: Architecture, seed: int) -> Future[Evaluation]:
        """Begin a training, or queue it."""

    def close(self) -> None:
        """Stop all trainings and end all workers."""


class WorkerPool:
    """Processes that train; one that ends is replaced, and its training done again.

    Args:
        count: number of processes. They start when there is something to train.
        brief: the first message to each; see `bort.jobs.workers.process`.
        log: gets everything that the workers print.
        command: starts a worker.
    """

    def __init__(
        self, count: int, brief: Mapping[str, Any], *, log: Path, command: Sequence[str] = PROCESS
    ) -> None:
        self.count = count
        self._brief, self._log, self._command = brief, log, command
        self._threads = ThreadPoolExecutor(count, thread_name_prefix="worker")
        self._lock = threading.Lock()
        self._workers: list[Worker] = []
        self._idle: list[Worker] = []
        self._is_closed = False

    @property
    def pids(self) -> list[int]:
        """The process ids of the workers."""
        with self._lock:
            return [worker.pid for worker in self._workers]

    def submit(self, architecture: Architecture, seed: int) -> Future[Evaluation]:
        """Let a free worker train, or the next that is.

        The future raises WorkerError if no worker can, or if they end again and again.
        """
        return self._threads.submit(self._train, architecture, seed)

    def close(self) -> None:
        """Stop all trainings and end all workers."""
        with self._lock:
            self._is_closed = True
            workers = list(self._workers)
        for worker in workers:
            worker.hang_up()
        for worker in workers:
            worker.end()
        self._threads.shutdown(cancel_futures=True)

    def _train(self, architecture: Architecture, seed: int) -> Evaluation:
        for _ in range(ATTEMPTS):
            worker = self._take()
            try:
                evaluation = worker.train(architecture, seed)
            except EOFError:
                self._drop(worker)
            except WorkerError:
                self._drop(worker)
                raise
            else:
                with self._lock:
                    self._idle.append(worker)
                return evaluation
        raise WorkerError(
            f"{ATTEMPTS} workers ended while they trained {architecture.id}; {self._log} says why; "
            "if they ran out of memory, have fewer trainings at once with --parallel"
        )

    def _take(self) -> "Worker":
        with self._lock:
            if self._is_closed:
                raise WorkerError("the search was stopped")
            if self._idle:
                return self._idle.pop()
            worker = Worker(self._command, self._brief, self._log)
            self._workers.append(worker)
            return worker

    def _drop(self, worker: "Worker") -> None:
        with self._lock:
            if worker in self._workers:
                self._workers.remove(worker)
        worker.hang_up()
        worker.end()


class Worker:
    """One process. Only one thread at a time talks to it."""

    def __init__(self, command: Sequence[str], brief: Mapping[str, Any], log: Path) -> None:
        with log.open("ab") as errors:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                start_new_session=True,  # Ctrl-C is for the search, which tells the workers
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
            )
        self._brief: Mapping[str, Any] | None = brief

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def train(self, architecture: Architecture, seed: int) -> Evaluation:
        """Train and wait.

        Raises:
            EOFError: the process ended.
            WorkerError: it cannot train; the message says why.
        """
        if self._brief is not None:
            self._say(self._brief)
            self._brief = None
        self._say({"architecture": architecture.as_dict(), "seed": seed})
        answer = self._hear()
        if "refused" in answer:
            raise WorkerError(answer["refused"])
        return from_json(Evaluation, answer["evaluation"], what="a worker's training")

    def hang_up(self) -> None:
        """Close its input, which tells it to stop."""
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):  # it ended before it read everything
            self._process.stdin.close()

    def end(self) -> None:
        """Wait until it has ended; after a while, kill it."""
        try:
            self._process.wait(GRACE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def _say(self, message: Mapping[str, Any]) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(message).encode() + b"\n")
            self._process.stdin.flush()
        except (OSError, ValueError) as error:
            raise EOFError from error

    def _hear(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        try:
            line = self._process.stdout.readline()
        except ValueError as error:  # it was closed
            raise EOFError from error
        if not line.endswith(b"\n"):  # it ended, perhaps in the middle of its answer
            raise EOFError
        answer: dict[str, Any] = json.loads(line)
        return answer
