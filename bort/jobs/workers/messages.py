"""What a job and its workers say to each other, in JSON values.

A worker first gets a brief with the kind of its work, then one message for each training:

- an evaluation of a search: an architecture and a seed; it answers with the evaluation;
- a stage of a fine-tuning: these and the rest of a `Training`, and the stage's folder; it answers
  with its steps, several at a time, and at the end with the names and SHA-256 of the files in it;
- a rival of a comparison: its kind, and the folder of rivals; it answers with the rival's files.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bort.core.architecture import Architecture
from bort.core.errors import WorkerError
from bort.core.evaluation import Evaluation
from bort.core.files import sha256_of
from bort.core.progress import WorkerState
from bort.core.rivals import RivalKind
from bort.core.serialise import from_json
from bort.finetuning.stages import StageKind

if TYPE_CHECKING:
    from bort.finetuning.students import Training

Message = Mapping[str, Any]

OnSteps = Callable[[Sequence[Any]], object]
"""Called with the values of each of several steps, in a thread of the pool."""


def ignore_steps(steps: Sequence[Any]) -> None:
    """Ignore the steps, for trainings that tell none."""


def evaluation_message(architecture: Architecture, seed: int) -> Message:
    """Ask for an evaluation."""
    return {"architecture": architecture.as_dict(), "seed": seed}


def evaluation_in(answer: Message) -> Evaluation:
    """Read the evaluation in a worker's answer."""
    return from_json(Evaluation, answer["evaluation"], what="a worker's training")


def stage_message(training: "Training", part: int, folder: Path) -> Message:
    """Ask for a stage.

    Args:
        part: which of the brief's parts it belongs to.
        folder: where the stage's files belong, on the machine of the job.
    """
    from bort.training.stage import stage_files

    begins = training.begins_with
    brings = [] if begins is None else stage_files(begins)
    return {
        **evaluation_message(training.architecture, training.seed),
        "kind": training.kind.value,
        "learning_rate": training.learning_rate,
        "round": training.round,
        "begins_with": None if begins is None else str(begins),
        "brings": [[path.name, sha256_of(path), str(path)] for path in brings],
        "part": part,
        "folder": str(folder),
    }


def rival_message(kind: RivalKind, folder: Path) -> Message:
    """Ask for a rival.

    Args:
        folder: that of all rivals, on the machine of the job.
    """
    return {"rival": str(kind), "folder": str(folder)}


def training_in(message: Message) -> "Training":
    """Read the training in a message that asks for a stage."""
    from bort.finetuning.students import Training

    begins = message["begins_with"]
    return Training(
        kind=StageKind(message["kind"]),
        architecture=Architecture.of(**message["architecture"]),
        seed=message["seed"],
        learning_rate=message["learning_rate"],
        begins_with=None if begins is None else Path(begins),
        round=message["round"],
    )


def answered(answer: Message) -> Message:
    """Return a worker's answer, unless it refuses.

    Raises:
        WorkerError: it refuses; the message says why.
    """
    if "refused" in answer:
        raise WorkerError(answer["refused"])
    return answer


def name_of(ready: Message) -> str:
    """Name a worker by its host and process."""
    return f"{ready['host']}:{ready['pid']}"


def subject_of(message: Message) -> str:
    """Return the id of the architecture that a message asks to train, or the kind of rival."""
    if "rival" in message:
        return str(message["rival"])
    return Architecture.of(**message["architecture"]).id


def state_of(name: str, message: Message, since: float) -> WorkerState:
    """Say what a worker does while it answers a message."""
    return WorkerState(name, subject_of(message), message.get("seed"), since)
