"""Baselines: majority, tf-idf and a linear probe, fitted on the training split in seconds.

They tell what a network is worth, and they can label new texts, alone or together with it. A fit is
kept as arrays in the cache, never as a pickle.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from bort.core.baseline import Method, Scored
from bort.core.errors import MissingExtraError
from bort.core.files import load_arrays, save_arrays
from bort.core.paths import cache
from bort.core.progress import Counted, OnStep, Progress, Stage, ignore
from bort.tasks import Split, Task
from bort.training.execution import ShouldStop, stop_or_pause
from bort.training.fine_tuning import classifier_over
from bort.training.forward import best_dtype, vectors_of
from bort.training.loop import predict
from bort.training.metrics import class_f1, macro_f1, weakest, wilson
from bort.training.probabilities import logarithm
from bort.training.regression import fit_logistic
from bort.training.source import SourceNetwork
from bort.training.tokens import EncodedTask, Tokens

Answer = Callable[[Sequence[str], Tokens], NDArray[np.float32]]
"""Gives the log-probabilities of texts, shape (n, classes): (whole texts, their tokens) -> ...

The tokens are numbered like those of the task that the answer was made for.
"""

FIT = 1  # part of the cache key; raise it when a fit changes
PROBE_C, TFIDF_C = 16.0, 4.0  # inverse regularisation, chosen on dev of seven tasks: docs/models.md


def whole_texts(split: Split) -> Sequence[str]:
    """Return the texts of a split; of a pair, both in one."""
    if split.pairs is None:
        return split.texts
    return [f"{text} {pair}" for text, pair in zip(split.texts, split.pairs, strict=True)]


def majority(task: Task) -> Answer:
    """Answer with the class shares of the training split, whatever the text."""
    counts = np.bincount(task.train.labels, minlength=len(task.class_names))
    row = logarithm(counts / counts.sum())
    return lambda texts, tokens: np.tile(row, (len(texts), 1))  # noqa: ARG005


def tfidf(task: Task, *, on_step: OnStep = ignore, should_stop: ShouldStop | None = None) -> Answer:
    """Fit logistic regression on the tf-idf of words and pairs of words, or read the fit.

    Raises:
        MissingExtraError: scikit-learn is not installed.
        TrainingStoppedError: `should_stop` returned True.
    Cost: seconds for 10,000 short texts of two classes; half a minute for 77 classes.
    """
    path = _fit_path([Method.TFIDF, TFIDF_C, task.training_digest])
    fit = load_arrays(path)
    if fit is None:
        on_step(Progress(stage=Stage.FITTING_BASELINES, subject=Method.TFIDF))
        vectorizer = _vectorizer()
        try:
            features = vectorizer.fit_transform(whole_texts(task.train))
        except ValueError:  # no text has a word
            return majority(task)
        terms = sorted(vectorizer.vocabulary_, key=vectorizer.vocabulary_.__getitem__)
        fit = {
            "terms": np.frombuffer("\n".join(terms).encode(), dtype=np.uint8),
            "idf": vectorizer.idf_,
            **_regression(features, task, c=TFIDF_C, should_stop=should_stop),
        }
        save_arrays(path, fit)
    terms = fit["terms"].tobytes().decode().split("\n")
    reading = _vectorizer(vocabulary=terms)
    reading.idf_ = fit["idf"]
    return lambda texts, tokens: _linear(fit, reading.transform(texts))  # noqa: ARG005


def probe(
    task: Task,
    encoded: EncodedTask,
    source: SourceNetwork,
    *,
    device: torch.device,
    on_step: OnStep = ignore,
    should_stop: ShouldStop | None = None,
) -> Answer:
    """Fit logistic regression on the source network's mean-pooled vectors, or read the fit.

    Raises:
        MissingExtraError: scikit-learn is not installed.
        TrainingStoppedError: `should_stop` returned True.
    Cost: a forward pass over the training texts, then seconds.
    """
    vectors = source_vectors(
        encoded, source, device=device, on_step=on_step, should_stop=should_stop
    )
    path = _fit_path(
        [
            *(Method.PROBE, PROBE_C, task.training_digest, source.digest, encoded.max_length),
            device.type,
        ]
    )
    fit = load_arrays(path)
    if fit is None:
        on_step(Progress(stage=Stage.FITTING_BASELINES, subject=Method.PROBE))
        found = vectors(encoded.splits["train"])
        fit = _regression(found, task, c=PROBE_C, should_stop=should_stop)
        save_arrays(path, fit)
    return lambda texts, tokens: _linear(fit, vectors(tokens))  # noqa: ARG005


def source_vectors(
    encoded: EncodedTask,
    source: SourceNetwork,
    *,
    device: torch.device,
    on_step: OnStep = ignore,
    should_stop: ShouldStop | None = None,
) -> Callable[[Tokens], NDArray[np.float32]]:
    """Make the map from tokens of `encoded` to the source network's vectors, shape (n, hidden)."""
    loaded: list[Any] = []
    last: list[tuple[Tokens, NDArray[np.float32]]] = []  # fitting and answering read one split

    def vectors(tokens: Tokens) -> NDArray[np.float32]:
        if last and last[0][0] is tokens:
            return last[0][1]
        if not loaded:  # only once it is needed
            model, _ = classifier_over(encoded, source, classes=2)  # the head is not used
            loaded.append(model.to(device))
        lengths = tokens.lengths
        step = Progress(total=len(lengths), stage=Stage.LABELLING, subject=source.name)
        told = Counted(on_step, step, float(lengths.sum()))
        found = predict(
            loaded[0],
            tokens,
            padding=encoded.padding,
            forward=vectors_of(loaded[0], dtype=best_dtype(device)),
            pause=lambda: stop_or_pause(should_stop),
            on_rows=lambda rows: told.add(len(rows), float(lengths[rows].sum())),
        )
        last[:] = [(tokens, found)]
        return found

    return vectors


def scored(
    methods: Sequence[Method],
    answers: NDArray[np.float32],
    labels: NDArray[np.int64],
    names: Sequence[str],
) -> Scored:
    """Compute the error of a method's answers to texts with these labels."""
    chosen, n = answers.argmax(1), len(labels)
    wrong = int((chosen != labels).sum())
    low, high = wilson(wrong / n, n)
    f1 = class_f1(labels, chosen, classes=len(names))
    return Scored(
        methods=tuple(methods),
        error_rate=wrong / n,
        low=low,
        high=high,
        macro_f1=macro_f1(labels, chosen, classes=len(names)),
        n=n,
        weakest=weakest(f1, labels, names),
    )


def _fit_path(key: Sequence[Any]) -> Path:
    digest = hashlib.sha256(json.dumps([FIT, *key]).encode()).hexdigest()[:32]
    return cache() / "baselines" / f"{digest}.npz"


def _vectorizer(*, vocabulary: Sequence[str] | None = None) -> Any:
    try:
        from sklearn.feature_extraction.text import TfidfVectorizer
    except ImportError:
        raise MissingExtraError(
            "the baselines need scikit-learn, which is not installed; install it with: "
            "pip install 'bort[train]'"
        ) from None
    return TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, vocabulary=vocabulary)


def _regression(
    features: Any, task: Task, *, c: float, should_stop: ShouldStop | None
) -> dict[str, NDArray[Any]]:
    """Fit logistic regression; returns a row of coefficients per class that has texts."""
    labels = task.train.labels
    model = fit_logistic(features, labels, c=c, iterations=300, should_stop=should_stop)
    rows, offsets = model.coef_, model.intercept_
    if len(model.classes_) == 2:  # of two classes, scikit-learn keeps one row
        rows, offsets = np.vstack([-rows, rows]) / 2, np.concatenate([-offsets, offsets]) / 2
    return {
        "rows": rows.astype(np.float32),
        "offsets": offsets.astype(np.float32),
        "present": model.classes_.astype(np.int64),
        "classes": np.array(len(task.class_names)),
    }


def _linear(fit: Mapping[str, NDArray[Any]], features: Any) -> NDArray[np.float32]:
    scores = np.asarray(features @ fit["rows"].T) + fit["offsets"]
    grown = np.exp(scores - scores.max(axis=1, keepdims=True))
    shares = np.zeros((len(scores), int(fit["classes"])))
    shares[:, fit["present"]] = grown / grown.sum(axis=1, keepdims=True)
    return logarithm(shares)
