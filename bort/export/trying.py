"""Try a stored model against its teacher on one text."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bort.core import paths
from bort.core.errors import InvalidDataError
from bort.export.huggingface import check_files
from bort.storage import ModelRecord

if TYPE_CHECKING:
    from bort.export.predicting import Predictor


@dataclass(frozen=True, slots=True)
class Reply:
    """What one of the two answered.

    Attributes:
        scores: by label of the model, in its order; they sum to 1.
        latency_ms: median of a few runs, tokenizer included.
    """

    scores: dict[str, float]
    latency_ms: float

    @property
    def label(self) -> str:
        """The likeliest."""
        return max(self.scores, key=self.scores.__getitem__)


@dataclass(frozen=True, slots=True)
class Trial:
    """Both answers to one text; `teacher` is None where it is not on this machine."""

    text: str
    threads: int | None
    model: Reply
    teacher: Reply | None


def try_text(model: ModelRecord, text: str, *, open_folder: "Callable[[Path], Predictor]") -> Trial:
    """Answer `text` with the model and its teacher, on the threads its latency was measured on.

    Args:
        open_folder: opens a model folder, perhaps one that is open already.
    Raises:
        InvalidDataError: no text.
        ExportError, InvalidModelError: the model's files are not complete.
    Cost: imports torch; the first time some seconds, then a few forward passes.
    """
    if not text.strip():
        raise InvalidDataError("there is no text to try; write a sentence")
    check_files(model)
    from bort.training.execution import training_threads
    from bort.training.fit import label_order

    threads = _threads(model)
    folder = teacher_folder(model)
    with training_threads(threads):
        own = _reply(open_folder(model.folder), text)
        teacher = None if folder is None else _reply(open_folder(folder), text)
    if teacher is None:
        return Trial(text, threads, own, None)
    labels, shares = list(own.scores), list(teacher.scores.values())
    order = label_order(list(teacher.scores), labels, "the teacher")
    scores = {label: shares[i] for label, i in zip(labels, order, strict=True)}
    return Trial(text, threads, own, Reply(scores, teacher.latency_ms))


def teacher_folder(model: ModelRecord) -> Path | None:
    """Where the model's teacher lies on this machine, by the hash of its weights."""
    from bort.training.source import WEIGHTS, weights_digest

    oracle = model.evidence.get("oracle", {})
    digest = oracle.get("teacher_sha256")
    kept = paths.cache() / "teachers"
    places = [Path(str(oracle.get("teacher", ""))), *(kept.iterdir() if kept.is_dir() else ())]
    there = (place for place in places if (place / WEIGHTS).is_file())
    return next((place for place in there if weights_digest(place) == digest), None)


def _threads(model: ModelRecord) -> int | None:
    threads = model.evidence.get("workload", {}).get("threads")
    return threads if isinstance(threads, int) and threads > 0 else None


def _reply(predictor: "Predictor", text: str) -> Reply:
    answer, milliseconds = predictor.timed(text)
    return Reply(answer.scores, milliseconds)
