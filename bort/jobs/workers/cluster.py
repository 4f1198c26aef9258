"""The workers of a job on a Ray cluster."""

import contextlib
import itertools
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bort.core.errors import WorkerError, first_line
from bort.core.progress import WorkerState
from bort.core.serialise import from_json
from bort.jobs.workers.local import PROCESS, Conversation
from bort.jobs.workers.messages import Message, OnSteps, ignore_steps
from bort.jobs.workers.pool import ATTEMPTS

BRIDGE = ("-m", "bort.jobs.workers.bridge")  # for Python
REACH_S = 25.0  # for a cluster to answer; with the start of two processes, half a minute
RETURN_S = 600.0  # for a cluster to come back; its head may have to be started again
PAUSE_S = 1.0
ENVIRONMENT = {"RAY_USAGE_STATS_ENABLED": "0"}


def reach(address: str, *, log: Path) -> Conversation:
    """Start a bridge to a cluster, and wait until it is connected.

    Raises:
        WorkerError: it is not, after `REACH_S`.
    """
    bridge = Conversation(BRIDGE, log, ENVIRONMENT)
    timer = threading.Timer(REACH_S, bridge.kill)
    timer.start()
    try:
        bridge.say({"address": address})
        answer = bridge.hear()
    except EOFError:
        answer = {"unreachable": f"nothing answered within {REACH_S:.0f} s"}
    finally:
        timer.cancel()
    if "unreachable" in answer:
        bridge.close()
        raise WorkerError(
            f"the Ray cluster {address} cannot be reached ({answer['unreachable']}); check that it "
            f"runs, that this machine is one of its nodes and has its token; {log} says more"
        )
    return bridge


@dataclass(eq=False)
class _Job:
    message: Message
    on_steps: OnSteps
    future: Future[Message] = field(default_factory=Future)


class RayPool:
    """Workers on the nodes of a Ray cluster, behind a bridge that is replaced when it ends.

    Args:
        address: of the cluster.
        asked: the second message to the bridge, see `bort.jobs.workers.bridge`.
        log: gets everything that the bridge prints.
        on_refusal: called with the line of a worker that refuses.
        on_change: called with the states of the workers.
    """

    def __init__(
        self,
        address: str,
        asked: Mapping[str, Any],
        *,
        log: Path,
        on_refusal: Callable[[str], object],
        on_change: Callable[[Sequence[WorkerState]], object],
    ) -> None:
        self._address, self._log = address, log
        self._asked = {"arguments": PROCESS, "log": str(log), **asked}
        self._on_refusal, self._on_change = on_refusal, on_change
        self._lock = threading.Lock()
        self._numbers = itertools.count()
        self._jobs: dict[int, _Job] = {}  # that are not done
        self._states: Sequence[WorkerState] = ()
        self._bridge: Conversation | None = None
        self._fruitless = 0  # bridges in a row that ended before a worker could train
        self._broken: WorkerError | None = None
        self._is_closed = False
        self._connect()
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    @property
    def count(self) -> int:
        """The number of workers that are ready; at least 1."""
        return max(1, len(self._states))

    def submit(self, message: Message, on_steps: OnSteps = ignore_steps) -> Future[Message]:
        """Let a free worker train, or the next that is.

        The future raises WorkerError if no worker can, or if the cluster does not come back.
        """
        number = next(self._numbers)
        job = _Job({"id": number, **message}, on_steps)
        with self._lock:
            if self._broken is not None:
                job.future.set_exception(self._broken)
                return job.future
            self._jobs[number] = job
            if self._bridge is not None:
                self._say(self._bridge, job.message)
        return job.future

    def close(self) -> None:
        """Stop all trainings and end all workers."""
        self._is_closed = True
        with self._lock:
            bridge = self._bridge
        if bridge is not None:
            bridge.close()
        self._thread.join()

    def _connect(self) -> None:
        """Connect to the cluster, and let it do everything that is not done."""
        bridge = reach(self._address, log=self._log)
        with self._lock:
            self._bridge = bridge
            for message in (self._asked, *(job.message for job in self._jobs.values())):
                self._say(bridge, message)

    @staticmethod
    def _say(bridge: Conversation, message: Mapping[str, Any]) -> None:
        with contextlib.suppress(EOFError):  # the next bridge is told
            bridge.say(message)

    def _listen(self) -> None:
        while self._bridge is not None:
            try:
                self._hear(self._bridge.hear())
            except EOFError:
                self._reconnect()
            except Exception as error:  # nobody waits for this thread; tell whoever waits for it
                self._break(WorkerError(first_line(error)))
                return

    def _reconnect(self) -> None:
        with self._lock:
            bridge, self._bridge, self._states = self._bridge, None, ()
        if bridge is not None:
            bridge.close()
        self._fruitless += 1
        if self._fruitless == ATTEMPTS:
            return self._break(
                WorkerError(
                    f"no worker could start on the Ray cluster {self._address}, {ATTEMPTS} times; "
                    f"{self._log} says why, or bort-worker.log in the cache of a node"
                )
            )
        give_up = time.monotonic() + RETURN_S
        while not self._is_closed:
            try:
                self._connect()
            except WorkerError as error:
                if time.monotonic() > give_up:
                    return self._break(error)
            else:
                if not self._is_closed:
                    return None
                with self._lock:  # `close` saw no bridge
                    bridge, self._bridge = self._bridge, None
                if bridge is not None:
                    bridge.close()
                break
            time.sleep(PAUSE_S)
        return self._break(WorkerError("the job was stopped"))

    def _break(self, error: WorkerError) -> None:
        with self._lock:
            self._broken = error
            jobs = list(self._jobs.values())
            self._jobs.clear()
        for job in jobs:
            job.future.set_exception(error)

    def _hear(self, answer: Mapping[str, Any]) -> None:
        if "workers" in answer:
            self._states = from_json(
                tuple[WorkerState, ...], answer["workers"], what="the workers' states"
            )
            self._fruitless = 0 if self._states else self._fruitless
            self._on_change(self._states)
        elif "id" not in answer:
            self._on_refusal(answer["refused"])
        elif "steps" in answer:
            self._jobs[answer["id"]].on_steps(answer["steps"])
        else:
            with self._lock:
                future = self._jobs.pop(answer["id"]).future
            if "refused" in answer:
                future.set_exception(WorkerError(answer["refused"]))
            else:
                future.set_result(answer)
