"""Answer texts with an exported folder, PyTorch or ONNX."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from bort.core.errors import ExportError, InvalidDataError
from bort.export.onnx import BATCH, Inputs, files_of, session_logits, torch_logits
from bort.latency.runtimes.onnx import open_session
from bort.tasks.files import ENDINGS, read_bytes, read_columns
from bort.training.tokens import load_tokenizer

PLAIN_TEXT = ".txt"
WEIGHTS = "model.safetensors"


class Answer(NamedTuple):
    """One text's label, and the share that each label was given."""

    label: str
    score: float
    scores: dict[str, float]


class _Logits(Protocol):
    def __call__(self, batches: Sequence[Inputs]) -> NDArray[np.float32]: ...


class Predictor:
    """An exported folder, ready to answer.

    Args:
        folder: as `bort export --format hf` or `onnx` wrote it, or any folder with a classifier
            in safetensors and a fast tokenizer.
    Raises:
        ExportError: neither.
        InvalidModelError: the weights or the tokenizer cannot be read.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._labels = _labels(folder)
        self._tokenizer = load_tokenizer(folder)
        self._tokenizer.enable_truncation(_longest(folder))
        self.runtime, self._logits = _open(folder)

    def __call__(self, texts: Sequence[str]) -> list[Answer]:
        """The answers, in order."""
        answers: list[Answer] = []
        for start in range(0, len(texts), BATCH):
            logits = self._logits([self._inputs(texts[start : start + BATCH])])
            for row in _shares(logits):
                scores = {name: float(v) for name, v in zip(self._labels, row, strict=True)}
                best = int(row.argmax())
                answers.append(Answer(self._labels[best], float(row[best]), scores))
        return answers

    def timed(self, text: str, *, runs: int = 5) -> tuple[Answer, float]:
        """One answer and the median milliseconds of answering it, tokenizer included."""
        answer = self([text])[0]
        seconds = []
        for _ in range(runs):
            begun = time.perf_counter()
            self([text])
            seconds.append(time.perf_counter() - begun)
        return answer, 1e3 * float(np.median(seconds))

    def _inputs(self, texts: Sequence[str]) -> Inputs:
        encoded = self._tokenizer.encode_batch(list(texts))
        longest = max(len(e.ids) for e in encoded)
        shape = (len(encoded), longest)
        padding = self._tokenizer.token_to_id("[PAD]") or 0
        ids = np.full(shape, padding, dtype=np.int64)
        mask, types = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)
        for row, encoding in enumerate(encoded):
            length = len(encoding.ids)
            ids[row, :length], mask[row, :length] = encoding.ids, 1
            types[row, :length] = encoding.type_ids
        return {"input_ids": ids, "attention_mask": mask, "token_type_ids": types}


def _open(folder: Path) -> tuple[str, _Logits]:
    if (folder / WEIGHTS).is_file():
        from bort.training.model_files import load_classifier

        model = load_classifier(folder, folder.name)
        return "torch-float32", lambda batches: torch_logits(model, batches)
    file = next(files_of(folder), None)
    if file is None:
        raise ExportError(
            f"{folder} is no exported model: it has neither {WEIGHTS} nor an ONNX file; "
            "write one with: bort export MODEL --format hf --out FOLDER"
        )
    session = open_session(str(file), 1)
    return "onnx-float32", lambda batches: session_logits(session, batches)


def _config(folder: Path) -> dict[str, Any]:
    from bort.training.source import read_config

    if not folder.is_dir():
        raise ExportError(f"there is no folder {folder}; name one that bort export wrote")
    return read_config(folder, str(folder))


def _labels(folder: Path) -> list[str]:
    from bort.training.fit import labels_of

    return labels_of(_config(folder))


def _longest(folder: Path) -> int:
    return int(_config(folder).get("max_position_embeddings", 512))


def _shares(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    grown = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: NDArray[np.float32] = grown / grown.sum(axis=1, keepdims=True)
    return shares


def read_texts(path: Path, column: str) -> list[str]:
    """Texts of a file: one per line of a .txt file, or a column of a data file.

    Raises:
        UnknownTaskError, InvalidDataError: no such file, another ending, no such column, no text.
    """
    if path.suffix.lower() == PLAIN_TEXT:
        try:
            texts = path.read_text(encoding="utf-8-sig").splitlines()
        except FileNotFoundError:
            raise InvalidDataError(f"there is no file {path}; check the path") from None
        except (OSError, UnicodeDecodeError) as error:
            raise InvalidDataError(f"{path} cannot be read as UTF-8 text ({error})") from error
    elif path.suffix.lower() in ENDINGS:
        found = read_columns(path, read_bytes(path), [column])[column]
        texts = ["" if value is None else str(value) for value in found]
    else:
        raise InvalidDataError(
            f"{path.name!r} has the ending {path.suffix or '(none)'!r}; texts are read from "
            f"{PLAIN_TEXT} (one per line), {', '.join(ENDINGS)}"
        )
    if not any(text.strip() for text in texts):
        raise InvalidDataError(f"{path} holds no text; it needs one per line or row")
    return texts
