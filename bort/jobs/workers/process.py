"""A worker's process: `python -m bort.jobs.workers.process`, started by a search, not by people.

It reads JSON, one message a line, from its standard input: first a brief with the study and the
origin that its trainings must have, then an architecture and a seed for each training. It answers
each with an evaluation, or with the line why it refuses. It ends when its input does, even in the
middle of a training; so none outlives its search, however that ends.
"""

import json
import os
import queue
import sys
import threading
from collections.abc import Mapping
from typing import IO, Any, NoReturn

from bort.core.architecture import Architecture
from bort.core.errors import BortError
from bort.core.locks import training_turn
from bort.core.origin import Origin
from bort.core.serialise import from_json, to_json
from bort.core.study import StudySpec
from bort.families import SearchSpace
from bort.tasks import load_task

Messages = queue.SimpleQueue[dict[str, Any]]


def brief_of(spec: StudySpec, origin: Origin | None) -> dict[str, Any]:
    """Make the first message to a worker.

    Args:
        origin: what the trainings of the search depend on; a worker that differs refuses to train.
    """
    return {"study": spec.to_dict(), "origin": None if origin is None else to_json(origin)}


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
    brief = messages.get()
    from bort.training.oracle import ErrorOracle

    spec = StudySpec.from_dict(brief["study"])
    known = brief["origin"]
    oracle = ErrorOracle(
        load_task(spec.task),
        spec.training,
        SearchSpace.from_dict(spec.space),
        seed=spec.search.seed,
        continues=None if known is None else from_json(Origin, known, what="the search's origin"),
    )
    while True:
        message = messages.get()
        architecture = Architecture.of(**message["architecture"])
        with training_turn(spec.training.threads, lambda: False):
            evaluation = oracle.evaluate(architecture, message["seed"])
        _say(answers, {"evaluation": to_json(evaluation)})


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
