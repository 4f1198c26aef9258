"""A worker's process: `python -m bort.jobs.workers.process`, started by a search, not by people.

It reads JSON, one message a line, from its standard input: first a brief with the study and the
origin that its trainings must have, then an architecture and a seed for each training. It answers
the brief with its host and process, each training with an evaluation, and either with the line why
it refuses. It ends when its input does, even in the middle of a training; so none outlives its
search, however that ends.
"""

import json
import os
import platform
import queue
import sys
import threading
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NoReturn

from bort import __version__
from bort.core.architecture import Architecture
from bort.core.errors import BortError, WorkerError
from bort.core.locks import training_turn
from bort.core.origin import Origin, check_worker
from bort.core.serialise import from_json, to_json
from bort.core.study import StudySpec
from bort.families import SearchSpace
from bort.tasks import load_task

if TYPE_CHECKING:
    from bort.training.oracle import ErrorOracle

Messages = queue.SimpleQueue[dict[str, Any]]


def brief_of(spec: StudySpec, origin: Origin) -> dict[str, Any]:
    """Make the first message to a worker.

    Args:
        origin: what the trainings of the search depend on; a worker that differs refuses to train.
    """
    fixed = replace(spec, training=replace(spec.training, threads=origin.threads))
    return {"bort": __version__, "study": fixed.to_dict(), "origin": to_json(origin)}


def main() -> int:
    """Train what the input asks for until it ends."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what libraries print is no answer
    messages: Messages = queue.SimpleQueue()
    threading.Thread(target=_read, args=(messages,), daemon=True).start()
    try:
        _serve(messages, answers)
    except BortError as error:
        _say(answers, {"refused": str(error)})
    return 0


def _serve(messages: Messages, answers: IO[str]) -> NoReturn:
    oracle = _oracle(messages.get())
    _say(answers, {"ready": {"host": platform.node(), "pid": os.getpid()}})
    while True:
        message = messages.get()
        architecture = Architecture.of(**message["architecture"])
        with training_turn(oracle.threads, lambda: False):
            evaluation = oracle.evaluate(architecture, message["seed"])
        _say(answers, {"evaluation": to_json(evaluation)})


def _oracle(brief: Mapping[str, Any]) -> "ErrorOracle":
    """Make the oracle of a brief, from the kit that came with it or from this machine's cache."""
    if brief["bort"] != __version__:
        raise WorkerError(
            f"the worker on {platform.node()} cannot train: bort {brief['bort']} in the search, "
            f"{__version__} there"
        )
    from bort.training.kit import unpack
    from bort.training.oracle import ErrorOracle

    spec = StudySpec.from_dict(brief["study"])
    make = partial(
        ErrorOracle,
        spec=spec.training,
        space=SearchSpace.from_dict(spec.space),
        seed=spec.search.seed,
        continues=from_json(Origin, brief["origin"], what="the search's origin"),
        check=check_worker,
    )
    if "kit" not in brief:
        return make(load_task(spec.task))
    task, source, teacher = unpack(Path(brief["kit"]))
    return make(task, source=source, teacher=teacher)


def _read(messages: Messages) -> None:
    """Queue the messages; end the process with its input, whatever it does just then.

    A worker has nothing to lose: its results are sent, and files in the cache appear whole.
    """
    for line in sys.stdin:
        messages.put(json.loads(line))
    os._exit(0)


def _say(answers: IO[str], message: Mapping[str, Any]) -> None:
    answers.write(json.dumps(message) + "\n")
    answers.flush()


if __name__ == "__main__":
    sys.exit(main())
