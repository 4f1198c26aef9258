"""Classify texts with an exported folder, or with a stored model and its teacher."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bort.core import paths
from bort.core.baseline import OracleFacts
from bort.core.errors import (
    ExportError,
    InvalidDataError,
    InvalidModelError,
    InvalidOptionError,
    first_line,
)
from bort.core.files import DATA_ENDINGS
from bort.core.progress import OnStep, Progress, Stage, ignore
from bort.core.serialise import from_json
from bort.export import numpy_folder, onnx
from bort.export.folder import RELIABILITY, TEXT_COLUMNS, check_files
from bort.export.numpy_folder import numpy_file
from bort.export.onnx import BATCH, Inputs, files_of, session_logits, torch_logits
from bort.export.small_loader import load
from bort.finetuning.realised import evidence_of
from bort.finetuning.reliability import CONFIDENCE, Reliability, Threshold
from bort.latency.runtimes.onnx import open_session
from bort.latency.workload import Text, parts_of
from bort.storage import ModelRecord
from bort.tasks.files import encodable, read_bytes, read_lines, read_rows
from bort.training.fit import labels_of
from bort.training.limits import check_tokenizer, read_limits
from bort.training.source import WEIGHTS, read_config, weight_files, weights_digest
from bort.training.tokens import load_tokenizer

PLAIN_TEXT = ".txt"


class Answer(NamedTuple):
    """A text's label and each label's score."""

    label: str
    score: float
    scores: dict[str, float]


_Logits = Callable[[Sequence[Text]], NDArray[np.float32]]


def check_model(folder: Path) -> None:
    """Check that a folder has what begins an exported model, without opening it.

    Raises:
        ExportError: it has not.
    """
    _config(folder)


class Predictor:
    """An exported model, ready to classify texts.

    Args:
        folder: the result of `bort export`, or any folder with a classifier in safetensors and a
            fast tokenizer.
    Raises:
        ExportError: it is no such folder.
        InvalidModelError: the weights or the tokenizer cannot be read.

    Attributes:
        columns: the text columns that the model was trained on; None if the folder does not say.
        labels: the names of the classes, in the order of the scores.
    """

    def __init__(self, folder: Path) -> None:
        config = _config(folder)
        self.folder = folder
        self.columns = _columns(config)
        self._reliability = _reliability(config, folder)
        self.labels = labels_of(config)
        self._limits = read_limits(config)
        self._tokenizer = load_tokenizer(folder)
        check_tokenizer(self._tokenizer, self._limits, str(folder))
        self._tokenizer.enable_truncation(self._limits.tokens)
        padding = self._limits.padding
        self._padding = (self._tokenizer.token_to_id("[PAD]") or 0) if padding is None else padding
        self.runtime, self._logits = self._open(config)

    def read_at_most(self, tokens: int) -> None:
        """Read only the beginning of longer texts, as a model of an earlier bort was trained to."""
        self._tokenizer.enable_truncation(min(tokens, self._limits.tokens))

    def check_parts(self, parts: int) -> None:
        """Check that the model reads single texts, or pairs, as given.

        Raises:
            InvalidDataError: it reads the other.
        """
        if self.columns is None or len(self.columns) == parts:
            return
        named = ",".join(self.columns)
        if parts == 1:
            raise InvalidDataError(
                f"{self.folder} reads pairs of texts ({named}), but there is one text each; name "
                f"two columns of a data file, for example: --text {named}"
            )
        raise InvalidDataError(
            f"{self.folder} reads single texts ({named}), but there are {parts} texts each; name "
            "one column with --text"
        )

    def __call__(self, texts: Sequence[Text], *, on_step: OnStep = ignore) -> list[Answer]:
        """Classify the texts or pairs; the answers are in their order.

        Texts of similar length share a batch, so that little is padded.
        """
        order = sorted(range(len(texts)), key=lambda place: -_length(texts[place]))
        shares = np.empty((len(texts), len(self.labels)), dtype=np.float32)
        begun = time.monotonic()
        for start in range(0, len(texts), BATCH):
            places = order[start : start + BATCH]
            logits = self._logits([texts[place] for place in places])
            shares[places] = _shares(logits)
            done = start + len(places)
            # Long texts come first, so this is what is left at most.
            left = (time.monotonic() - begun) / done * (len(texts) - done)
            on_step(Progress(done, len(texts), Stage.CLASSIFYING, eta_s=left))
        return [self._answer(row) for row in shares]

    def _answer(self, row: NDArray[np.float32]) -> Answer:
        scores = {name: float(v) for name, v in zip(self.labels, row, strict=True)}
        best = int(row.argmax())
        return Answer(self.labels[best], float(row[best]), scores)

    def threshold_for(self, accuracy: float) -> Threshold:
        """Find the least score at which answers are right that often, by the dev split.

        Raises:
            InvalidOptionError: no score is enough, or the folder does not know the dev split.
        """
        if self._reliability is None:
            raise InvalidOptionError(
                f"{self.folder} does not say how sure its answers to the dev texts were, as int8 "
                "files alone and models that Agora trained never do; leave out --accuracy, or "
                "export the files in float32 of a model that has seen no dev text"
            )
        found = self._reliability.threshold_for(accuracy)
        if found is None:
            most = max(one.least for one in self._reliability.thresholds())
            raise InvalidOptionError(
                f"no score of this model is enough for an accuracy of {accuracy:g}; with "
                f"{CONFIDENCE:.0%} confidence, {self._reliability.n:,} dev texts show at most "
                f"{math.floor(1000 * most) / 1000:g}"
            )
        return found

    def timed(self, text: Text, *, runs: int = 5) -> tuple[Answer, float]:
        """Classify a text and time it: the median in ms, tokenizer included."""
        answer = self([text])[0]
        seconds = []
        for _ in range(runs):
            begun = time.perf_counter()
            self([text])
            seconds.append(time.perf_counter() - begun)
        return answer, 1e3 * float(np.median(seconds))

    def _inputs(self, texts: Sequence[Text]) -> Inputs:
        encoded = self._tokenizer.encode_batch(list(texts))
        longest = max(len(e.ids) for e in encoded)
        shape = (len(encoded), longest)
        ids = np.full(shape, self._padding, dtype=np.int64)
        mask, types = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)
        for row, encoding in enumerate(encoded):
            length = len(encoding.ids)
            ids[row, :length], mask[row, :length] = encoding.ids, 1
            types[row, :length] = np.minimum(encoding.type_ids, self._limits.segments - 1)
        return {"input_ids": ids, "attention_mask": mask, "token_type_ids": types}

    def _open(self, config: dict[str, Any]) -> tuple[str, _Logits]:
        folder = self.folder
        if (name := numpy_file(folder, config)) is not None:
            try:
                classify = load(folder, name)
            except Exception as error:  # what is in a damaged file fails in many ways
                raise InvalidModelError(
                    f"{folder.name} cannot be loaded for numpy ({first_line(error)}); export the "
                    "model again with: bort export MODEL --format numpy --out FOLDER"
                ) from error
            return _runtime(name), lambda texts: np.array(
                [[*classify(*parts_of(text)).values()] for text in texts], dtype=np.float32
            )
        if weight_files(folder):
            from bort.training.model_files import load_classifier

            model = load_classifier(folder, folder.name)
            return "torch-float32", lambda texts: torch_logits(model, [self._inputs(texts)])
        file = next(files_of(folder), None)
        if file is None:
            raise ExportError(
                f"{folder} is not an exported model: it has neither {WEIGHTS} nor an ONNX file; "
                "export a model with: bort export MODEL --format hf --out FOLDER"
            )
        session = open_session(str(file), 1)
        return _runtime(file.name), lambda texts: session_logits(session, [self._inputs(texts)])


def _runtime(file: str) -> str:
    files = {**onnx.FILES, **numpy_folder.FILES}
    return next(runtime for runtime, name in files.items() if name == file)


def _config(folder: Path) -> dict[str, Any]:
    if not folder.is_dir():
        raise ExportError(f"there is no folder {folder}; name a folder made by bort export")
    return read_config(folder, str(folder))


def _length(text: Text) -> int:
    return sum(map(len, parts_of(text)))


def _reliability(config: dict[str, Any], folder: Path) -> Reliability | None:
    known = config.get(RELIABILITY)
    return None if known is None else from_json(Reliability, known, what=f"{folder}/config.json")


def _columns(config: dict[str, Any]) -> tuple[str, ...] | None:
    named = config.get(TEXT_COLUMNS)
    return tuple(map(str, named)) if isinstance(named, list) and named else None


def _shares(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    grown = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: NDArray[np.float32] = grown / grown.sum(axis=1, keepdims=True)
    return shares


def read_texts(path: Path, columns: Sequence[str]) -> list[Text]:
    """Read the texts of a file: the lines of a .txt file, or one or two columns of a data file.

    Returns:
        One text or pair per line or row, blank ones too; a missing value is an empty text.
    Raises:
        UnknownTaskError, InvalidDataError: the file or its column is missing, its ending is
            unknown, or it contains no text.
    """
    texts: list[Text]
    if path.suffix.lower() == PLAIN_TEXT:
        if len(columns) > 1:
            raise InvalidDataError(
                f"{path.name} has one text per line, but {' and '.join(columns)} are two; put "
                f"pairs into a file that ends with {', '.join(DATA_ENDINGS)}"
            )
        texts = list(read_lines(path))
    elif path.suffix.lower() in DATA_ENDINGS:
        found = read_rows(path, read_bytes(path), columns).columns
        parts = [
            ["" if v is None else encodable(str(v)) for v in found[column]] for column in columns
        ]
        texts = [*parts[0]] if len(parts) == 1 else [*zip(*parts, strict=True)]
    else:
        raise InvalidDataError(
            f"{path.name!r} has the ending {path.suffix or '(none)'!r}; use {PLAIN_TEXT} (one text "
            f"per line), {', '.join(DATA_ENDINGS)}"
        )
    if not any(map(is_complete, texts)):
        raise InvalidDataError(f"{path} contains no text; put one in each line or row")
    return texts


def is_complete(text: Text) -> bool:
    """Tell whether a text is not empty, nor half of a pair."""
    return all(part.strip() for part in parts_of(text))


@dataclass(frozen=True, slots=True)
class Reply:
    """A model's answer to a text.

    Attributes:
        scores: by label, in the model's order; they sum to 1.
        latency_ms: median of a few runs, tokenizer included.
    """

    scores: dict[str, float]
    latency_ms: float

    @property
    def label(self) -> str:
        """The most likely label."""
        return max(self.scores, key=self.scores.__getitem__)


@dataclass(frozen=True, slots=True)
class Trial:
    """A model's and its teacher's answers to a text.

    Attributes:
        threads: how many threads both used; None means all cores.
        teacher: None if the teacher is a file, or is not on this machine.
    """

    text: Text
    threads: int | None
    model: Reply
    teacher: Reply | None
    teacher_is_file: bool = False


def try_text(
    model: ModelRecord, text: Text, *, open_folder: "Callable[[Path], Predictor]"
) -> Trial:
    """Classify a text or pair with a stored model and its teacher, on the model's threads.

    Args:
        open_folder: opens a model folder; it may keep folders open between calls.
    Raises:
        InvalidDataError: the text is empty, or half of the pair.
        ExportError, InvalidModelError: the model's files are incomplete.
    Cost: imports torch, which takes a few seconds the first time; then a few forward passes.
    """
    if not is_complete(text):
        if not isinstance(text, str):
            raise InvalidDataError("this model reads pairs of texts; write both")
        raise InvalidDataError("there is no text to try; write a sentence")
    check_files(model)
    from bort.training.execution import training_threads
    from bort.training.fit import label_order

    evidence = evidence_of(model)
    threads = evidence.workload.threads
    folder = _teacher_folder(evidence.oracle)
    with training_threads(threads):
        predictor = open_folder(model.folder)
        predictor.read_at_most(evidence.max_length)
        own = _reply(predictor, text)
        teacher = None if folder is None else _reply(open_folder(folder), text)
    if teacher is None:
        is_file = evidence.oracle.coverage is not None
        return Trial(text, threads, own, None, teacher_is_file=is_file)
    labels, shares = list(own.scores), list(teacher.scores.values())
    order = label_order(list(teacher.scores), labels, "the teacher")
    scores = {label: shares[i] for label, i in zip(labels, order, strict=True)}
    return Trial(text, threads, own, Reply(scores, teacher.latency_ms))


def _teacher_folder(facts: OracleFacts) -> Path | None:
    """Find the teacher's folder on this machine by the hash of its weights."""
    kept = paths.cache() / "teachers"
    places = [Path(facts.teacher), *(kept.iterdir() if kept.is_dir() else ())]
    present = (place for place in places if weight_files(place))
    return next((p for p in present if weights_digest(p) == facts.teacher_sha256), None)


def _reply(predictor: "Predictor", text: Text) -> Reply:
    answer, milliseconds = predictor.timed(text)
    return Reply(answer.scores, milliseconds)
