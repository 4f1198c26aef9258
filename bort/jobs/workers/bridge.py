"""A process between a job and a Ray cluster: `python -m bort.jobs.workers.bridge`.

Ray ends a process that loses its cluster, so the job itself never loads Ray. This one may end at
any time; the search starts another, see `bort.jobs.workers.cluster`.

It reads JSON, one message a line: first where the cluster is; then the brief, the kit's files and
how many workers; then trainings, with a number each. It answers with `connected`, the steps and the
result of each training with its number, the workers' states, and refusals. It ends when its input
does, and its workers with it.

A node shares no disk with the job. The files that a stage of a fine-tuning begins with are sent to
it by their SHA-256, and those that it ends with are fetched, checked and written to the job's
folder here, the result last. So are the files of a rival.
"""

import contextlib
import hashlib
import json
import os
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import ray

from bort.core.errors import WorkerError, first_line
from bort.core.files import write_atomically
from bort.core.serialise import to_json
from bort.jobs.workers.messages import Message, OnSteps, answered, name_of
from bort.jobs.workers.node import Node
from bort.jobs.workers.pool import WorkerPool

WATCH_S = 1.0

Say = Callable[[Mapping[str, Any]], None]


def main() -> int:
    """Pass on what the input asks for until it ends."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what Ray prints is no answer
    lock = threading.Lock()

    def say(message: Mapping[str, Any]) -> None:
        with lock:
            answers.write(json.dumps(message) + "\n")
            answers.flush()

    where = json.loads(sys.stdin.readline())
    try:
        ray.init(
            address=where["address"], namespace="bort", log_to_driver=False, logging_level="ERROR"
        )
    except Exception as error:  # Ray raises a dozen unrelated classes
        say({"unreachable": first_line(error)})
        return 0
    say({"connected": True})
    threading.Thread(target=_watch, args=(_this_node(),), daemon=True).start()
    if line := sys.stdin.readline():
        _serve(json.loads(line), say)
    os._exit(0)  # Ray ends the workers of a process that is gone


def _this_node() -> psutil.Process:
    """Find the process of this machine's node."""
    name = ray._private.worker._global_node.raylet_socket_name
    of = (p for p in psutil.process_iter(["cmdline"]) if "raylet" in (p.info["cmdline"] or [""])[0])
    return next(p for p in of if any(name in part for part in p.info["cmdline"]))


def _watch(node: psutil.Process) -> None:
    """End with this machine's node, because Ray may wait for ever for a cluster that is gone.

    A cluster whose head was started again is another one, with other nodes.
    """
    with contextlib.suppress(psutil.NoSuchProcess):
        while node.is_running() and node.status() != psutil.STATUS_ZOMBIE:
            time.sleep(WATCH_S)
    os._exit(1)


def _serve(asked: Mapping[str, Any], say: Say) -> None:
    kit = _Kit(asked["kit"])
    options = {
        "num_cpus": asked["threads"],
        "num_gpus": 1 if asked["device"] == "cuda" else 0,
        "scheduling_strategy": "SPREAD",
    }
    make = partial(
        _RayWorker,
        ray.remote(**options)(Node),
        json.dumps(asked["brief"]),
        kit,
        asked["arguments"],
    )
    pool = WorkerPool(
        asked["count"],
        make,
        log=f"{asked['log']} here, and bort-worker.log in the cache of the node,",
        on_refusal=lambda error: say({"refused": str(error)}),
        on_change=lambda: say({"workers": [to_json(one) for one in pool.states]}),
    )
    for line in sys.stdin:
        message = json.loads(line)
        number = message.pop("id")
        future = pool.submit(message, partial(_tell_steps, say, number))
        future.add_done_callback(partial(_tell, say, number))


def _tell_steps(say: Say, number: int, steps: Sequence[Any]) -> None:
    say({"id": number, "steps": steps})


def _tell(say: Say, number: int, future: Future[Message]) -> None:
    error = future.exception()
    if error is None:
        say({"id": number, **future.result()})
    else:
        say({"id": number, "refused": str(error)})


class _Kit:
    """Files that Ray carries to the nodes that miss them: name, SHA-256 and place of each."""

    def __init__(self, files: Sequence[Sequence[str]]) -> None:
        self.manifest = json.dumps({name: sha256 for name, sha256, _ in files}, sort_keys=True)
        self._paths = {sha256: Path(path) for _, sha256, path in files}
        self._sent: dict[str, Any] = {}
        self._lock = threading.Lock()

    def send(self, actor: Any) -> None:
        for sha256 in json.loads(_of(actor.missing.remote(self.manifest))):
            with self._lock:
                if sha256 not in self._sent:
                    self._sent[sha256] = ray.put(self._paths[sha256].read_bytes())
            _of(actor.keep.remote(sha256, self._sent[sha256]))


class _RayWorker:
    """A worker of the pool that is an actor on some node."""

    def __init__(self, make: Any, brief: str, kit: _Kit, arguments: list[str]) -> None:
        self._make, self._brief, self._kit, self._arguments = make, brief, kit, arguments
        self._actor: Any = None
        self.name = ""

    def begin(self) -> None:
        """Wait for a place on a node, send what it misses, and start the process there."""
        self._actor = self._make.remote(self._arguments)
        self._kit.send(self._actor)
        answer = _said(self._actor.begin.remote(self._brief, self._kit.manifest))
        self.name = name_of(answer["ready"])

    def train(self, message: Message, on_steps: OnSteps) -> Message:
        """Train and wait; the files that it gives are then in the message's folder here."""
        kit = _Kit(message.get("brings", ()))
        kit.send(self._actor)
        answer = _said(self._actor.train.remote(json.dumps(message), kit.manifest))
        while "steps" in answer:
            on_steps(answer["steps"])
            answer = _said(self._actor.hear.remote())
        for name, sha256 in answer.get("files", ()):
            self._fetch(Path(message["folder"]), name, sha256)
        return answer

    def _fetch(self, folder: Path, name: str, sha256: str) -> None:
        content = _of(self._actor.file.remote(name))
        is_inside = (folder / name).resolve().is_relative_to(folder.resolve())
        if hashlib.sha256(content).hexdigest() != sha256 or not is_inside:
            raise WorkerError(f"the file {name} of {self.name} is not the one that it named")
        write_atomically(folder / name, content)

    def stop(self) -> None:
        """End the actor, whose process ends with it."""
        if self._actor is not None:
            with contextlib.suppress(Exception):  # the cluster is gone, and the actor with it
                ray.kill(self._actor)

    def end(self) -> None:
        """Ray has done it."""


def _of(answer: Any) -> Any:
    """Wait for an actor's answer; raises EOFError if the actor or its node is gone."""
    try:
        return ray.get(answer)
    except ray.exceptions.RayTaskError as error:  # the actor works, but not the node's disk, say
        raise WorkerError(f"a worker failed: {first_line(error.cause)}") from error
    except ray.exceptions.RayError as error:
        raise EOFError from error


def _said(answer: Any) -> Mapping[str, Any]:
    text = _of(answer)
    if not text:
        raise EOFError
    return answered(json.loads(text))


if __name__ == "__main__":
    sys.exit(main())
