"""A trained text classifier in scikit-learn's manner: predict, score, save, push."""

import json
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin

from bort.api.inputs import as_labels, complete_texts
from bort.api.saving import RefusesPickle
from bort.core.errors import InvalidOptionError
from bort.core.files import write_json_atomically
from bort.export.predicting import Predictor
from bort.export.upload import files_to_upload, upload
from bort.finetuning.realised import evidence_of, realised_of
from bort.latency.workload import Text
from bort.report.html import card
from bort.report.models import accuracy_sentence, remarks, teacher_sentence
from bort.storage import ModelRecord

CLASSES = "class_values"  # in config.json: the labels that were passed, if they are no texts


class TextClassifier(RefusesPickle, ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A small model that classifies texts or pairs of texts.

    `TextClassifierSearch.best_estimator_` is one; `TextClassifier(folder)` opens what `save` or
    `bort export` wrote, on any machine with the extra `train`, and `onnx` for ONNX folders.

    Args:
        folder: a folder with a classifier in safetensors or ONNX, and its tokenizer.

    Attributes:
        classes_: shape (n_classes,), the labels that the model was trained with.
        name_: its name in the store; None for a folder.
    """

    _saved_with = "use save(folder), and TextClassifier(folder) to open it again"

    def __init__(self, folder: str | Path) -> None:
        self.folder = folder

    @classmethod
    def of(cls, record: ModelRecord, classes: list[Any]) -> Self:
        """Open a model of the store."""
        found = cls(record.folder)
        found._record, found._classes = record, classes
        return found

    @property
    def classes_(self) -> "np.ndarray[Any, np.dtype[Any]]":
        """The labels, in the order of `predict_proba`'s columns."""
        if getattr(self, "_classes", None) is None:
            config = json.loads((Path(self.folder) / "config.json").read_text(encoding="utf-8"))
            self._classes = config.get(CLASSES) or self._predictor.labels
        return as_labels(self._classes)

    @property
    def name_(self) -> str | None:
        """The model's name in the store, as `bort export` takes it; None for a folder."""
        record = self._stored
        return None if record is None else record.name

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def fit(self, texts: Any, labels: Any = None) -> Self:  # noqa: ARG002
        """Refuse: this model is trained already.

        Raises:
            InvalidOptionError: always; `TextClassifierSearch` trains.
        """
        raise InvalidOptionError(
            "a TextClassifier is trained already; train another with TextClassifierSearch"
        )

    def predict(self, texts: Any) -> "np.ndarray[Any, np.dtype[Any]]":
        """Classify n texts or pairs; returns n labels.

        Raises:
            InvalidDataError: a text is missing or empty, or is one where the model reads pairs.
        Cost: imports torch or ONNX Runtime the first time; then a forward pass for each batch.
        """
        best = self.predict_proba(texts).argmax(axis=1)
        return np.asarray(self.classes_[best])

    def predict_proba(self, texts: Any) -> "np.ndarray[Any, np.dtype[np.float64]]":
        """Estimate each class's probability: shape (n, n_classes), rows sum to 1."""
        rows: list[Text] = complete_texts(texts)
        if not rows:
            return np.zeros((0, len(self.classes_)))
        self._predictor.check_parts(1 if isinstance(rows[0], str) else 2)
        return np.array([list(answer.scores.values()) for answer in self._predictor(rows)])

    def save(
        self,
        folder: str | Path,
        *,
        format: Literal["hf", "onnx"] = "hf",
        measure: bool = False,
    ) -> Path:
        """Write the model to a new folder, for `TextClassifier(folder)`, transformers or ONNX.

        Args:
            format: `hf` (safetensors, config, tokenizer, model card) or `onnx` (float32 and int8).
            measure: also measure the latency of the ONNX files.
        Raises:
            ExportError: the folder exists or cannot be written.
            InvalidOptionError: the model was opened from a folder, which has it already.
        """
        record, out = self._stored_or_refuse(), Path(folder)
        if format == "onnx":
            from bort.export.onnx import export_onnx

            export_onnx(record, out, measure=measure)
        else:
            from bort.export.folder import export_huggingface

            export_huggingface(record, out)
        self._write_classes(out)
        return out

    def push(self, repository: str, folder: str | Path, *, public: bool = False) -> str:
        """Save the model to a new folder and upload it to the Hugging Face hub; returns its URL.

        Args:
            repository: OWNER/NAME; a new one is private unless `public`.
        Raises:
            InvalidOptionError, DownloadError, ExportError: see `bort upload`.
        """
        path = self.save(folder)
        names, _ = files_to_upload(path)
        return str(upload(path, repository, names, public=public)["url"])

    def _repr_html_(self) -> str:
        record = self._stored
        if record is None:
            facts = {"folder": str(self.folder), "classes": ", ".join(map(str, self.classes_))}
            return card("Text classifier", facts=facts)
        found = realised_of(record)
        said = [accuracy_sentence(found), teacher_sentence(found), *remarks(found)]
        return card(record.name, said)

    @property
    def _stored(self) -> ModelRecord | None:
        record: ModelRecord | None = getattr(self, "_record", None)
        return record

    @property
    def _predictor(self) -> Predictor:
        if getattr(self, "_opened", None) is None:
            self._opened = Predictor(Path(self.folder))
            if self._stored is not None:  # only an exported folder names its columns
                self._opened.columns = evidence_of(self._stored).data.text
                self._opened.read_at_most(evidence_of(self._stored).max_length)
        return self._opened

    def _is_fitted(self) -> bool:
        return True

    def _stored_or_refuse(self) -> ModelRecord:
        record = self._stored
        if record is None:
            raise InvalidOptionError(
                f"this model is a folder already; copy {self.folder} instead of saving it"
            )
        return record

    def _write_classes(self, folder: Path) -> None:
        values = self.classes_.tolist()
        if all(isinstance(value, str) for value in values):
            return
        for path in folder.glob("**/config.json"):
            config = json.loads(path.read_text(encoding="utf-8"))
            write_json_atomically(path, {**config, CLASSES: values}, remedy="choose another folder")
