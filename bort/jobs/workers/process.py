"""A worker's process: `python -m bort.jobs.workers.process`, started by a job, not by people.

It reads JSON, one message a line, from its standard input: first a brief with the origin that its
trainings must have, then what to train; see `bort.jobs.workers.messages`. It answers the brief with
its host and process, each training with what it gives, and either with the line why it refuses. It
ends when its input does, even in the middle of a training; so none outlives its job, however that
ends.
"""

import json
import os
import platform
import queue
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NoReturn

from bort import __version__
from bort.core.architecture import Architecture
from bort.core.errors import BortError, WorkerError
from bort.core.files import sha256_of
from bort.core.finetune import FineTuneSpec
from bort.core.locks import training_turn
from bort.core.origin import Origin, check_worker
from bort.core.rivals import RivalKind
from bort.core.serialise import from_json, to_json
from bort.core.study import StudySpec, TrainingSpec
from bort.families import SearchSpace
from bort.jobs.workers.messages import Message, training_in
from bort.tasks import load_task

if TYPE_CHECKING:
    from bort.finetuning.setup import TaskSetup

TELL_S = 0.5  # between two messages with steps

Messages = queue.SimpleQueue[dict[str, Any]]
Work = Callable[[Message], Iterator[Message]]
"""Does what a message asks for; the last answer is the result."""


def brief_of(spec: StudySpec, origin: Origin) -> dict[str, Any]:
    """Make the first message to a worker of a search.

    Args:
        origin: what the trainings of the search depend on; a worker that differs refuses to train.
    """
    fixed = replace(spec, training=replace(spec.training, threads=origin.threads))
    return {"bort": __version__, "study": fixed.to_dict(), "origin": to_json(origin)}


def stages_brief(tasks: Sequence[tuple[Sequence[FineTuneSpec], Origin]]) -> dict[str, Any]:
    """Make the first message to a worker of a fine-tuning, which also needs a kit.

    Args:
        tasks: the parts of each, and what its trainings depend on.
    """
    stages = [
        {"parts": [part.to_dict() for part in parts], "origin": to_json(origin)}
        for parts, origin in tasks
    ]
    return {"bort": __version__, "stages": stages}


def rivals_brief(training: TrainingSpec, origin: Origin) -> dict[str, Any]:
    """Make the first message to a worker of a comparison, which also needs a kit."""
    return {"bort": __version__, "rivals": training.to_dict(), "origin": to_json(origin)}


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
    if brief["bort"] != __version__:
        raise WorkerError(
            f"the worker on {platform.node()} cannot train: bort {brief['bort']} in the job, "
            f"{__version__} there"
        )
    kinds = {"study": _evaluations, "stages": _stages, "rivals": _rivals}
    work = next(make for kind, make in kinds.items() if kind in brief)(brief)
    _say(answers, {"ready": {"host": platform.node(), "pid": os.getpid()}})
    while True:
        for answer in work(messages.get()):
            _say(answers, answer)


def _evaluations(brief: Mapping[str, Any]) -> Work:
    """Make the oracle of a search, from the kit that came with it or from this machine's cache."""
    from bort.training.kit import unpack
    from bort.training.oracle import ErrorOracle

    spec = StudySpec.from_dict(brief["study"])
    make = partial(
        ErrorOracle,
        spec=spec.training,
        space=SearchSpace.from_dict(spec.space),
        seed=spec.search.seed,
        continues=_origin(brief),
        check=check_worker,
    )
    if "kit" in brief:
        task, source, teacher = unpack(Path(brief["kit"]))
        oracle = make(task, source=source, teacher=teacher)
    else:
        oracle = make(load_task(spec.task))

    def work(message: Message) -> Iterator[Message]:
        architecture = Architecture.of(**message["architecture"])
        with training_turn(oracle.threads, lambda: False):
            evaluation = oracle.evaluate(architecture, message["seed"])
        yield {"evaluation": to_json(evaluation)}

    return work


def _stages(brief: Mapping[str, Any]) -> Work:
    """Prepare what the stages of a fine-tuning share, from its kit."""
    from bort.finetuning.setup import task_folder, unpack_setups

    setups: list[TaskSetup] = []
    for number, task in enumerate(brief["stages"]):
        parts = [FineTuneSpec.from_dict(part) for part in task["parts"]]
        place = Path(brief["kit"]) / task_folder(number)
        setups += unpack_setups(place, parts, _origin(task), check_worker)

    def work(message: Message) -> Iterator[Message]:
        yield from _stage(setups[message["part"]], message)

    return work


def _stage(setup: "TaskSetup", message: Message) -> Iterator[Message]:
    """Train a stage, from where it stopped in its folder."""
    from bort.finetuning.students import run_training
    from bort.training.execution import training_threads
    from bort.training.stage import stage_files

    folder, steps, told = Path(message["folder"]), [], time.monotonic()
    with training_turn(setup.oracle.threads, lambda: False), training_threads(setup.oracle.threads):
        for step in run_training(setup, training_in(message), folder):
            steps.append(step)
            # The last step, too, is told before the stage is finished.
            if step.dev_error is not None or time.monotonic() - told >= TELL_S:
                yield {"steps": steps}
                steps, told = [], time.monotonic()
    yield {"files": [[path.name, sha256_of(path)] for path in stage_files(folder)]}


def _rivals(brief: Mapping[str, Any]) -> Work:
    """Prepare what rivals are made from, from the kit of the comparison."""
    from bort.rivals.comparing import made, making_of
    from bort.training.execution import training_threads
    from bort.training.kit import unpack_source, unpack_texts

    (task, _), source = unpack_texts(Path(brief["kit"])), unpack_source(Path(brief["kit"]))
    making, wanted = (
        making_of(task, TrainingSpec.from_dict(brief["rivals"]), source),
        _origin(brief),
    )
    threads = wanted.threads
    check_worker(wanted, making.origin(threads))

    def work(message: Message) -> Iterator[Message]:
        place = Path(message["folder"])
        with training_turn(threads, lambda: False), training_threads(threads):
            folder = made(RivalKind(message["rival"]), replace(making, shared=place))
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        files.append(folder.with_suffix(".json"))  # which makes it complete
        yield {"files": [[str(path.relative_to(place)), sha256_of(path)] for path in files]}

    return work


def _origin(brief: Mapping[str, Any]) -> Origin:
    return from_json(Origin, brief["origin"], what="the job's origin")


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
