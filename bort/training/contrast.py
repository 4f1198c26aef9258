"""A contrastive start for few labels: texts of one class move together, others apart.

The source network's sentence vectors are arranged by class before a classifier is trained on top.
With few texts that uses the labels better: n texts have n (n - 1) / 2 pairs.

Source: SetFit (Tunstall et al. 2022) for the recipe; the loss over all pairs of a batch is that of
Khosla et al. (2020), "Supervised contrastive learning".
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from bort.training.forward import MASKED, vectors_of
from bort.training.loop import Objective, TrainingBatch, predict
from bort.training.tokens import EncodedTask, Tokens

TEMPERATURE = 0.1
CLASSES_PER_BATCH = 8


def contrastive(model: Any, *, dtype: torch.dtype) -> Objective:
    """Make the objective: every text should be nearer to its class than to the rest of its batch.

    Args:
        model: a `BertForSequenceClassification`; its head is not used.
        dtype: the precision of the matrix products.
    """
    forward = vectors_of(model, dtype=dtype)

    def objective(batch: TrainingBatch) -> torch.Tensor:
        vectors = forward(batch.ids, batch.lengths, batch.first)
        itself = torch.eye(len(vectors), dtype=torch.bool, device=vectors.device)
        is_same = (batch.targets @ batch.targets.T > 0) & ~itself
        scores = (vectors @ vectors.T / TEMPERATURE).masked_fill(itself, MASKED)
        gains = scores.log_softmax(dim=1).masked_fill(~is_same, 0.0).sum(1)
        counts = is_same.sum(1)
        return -(gains / counts.clamp(min=1)).sum() / (counts > 0).sum().clamp(min=1)

    return objective


def class_batches(
    labels: NDArray[np.int64], batch_size: int, rng: np.random.Generator
) -> Iterator[NDArray[np.int64]]:
    """Yield batches of row numbers without end, each of a few classes with several texts each.

    A class with a single text has no pair; it is left out unless all are like that.
    """
    rows_of = [np.flatnonzero(labels == label) for label in np.unique(labels)]
    pairable = [rows for rows in rows_of if len(rows) > 1] or rows_of
    count = min(CLASSES_PER_BATCH, len(pairable))
    while True:
        chosen = rng.choice(len(pairable), count, replace=False)
        yield np.concatenate(
            [
                rng.choice(pairable[i], min(batch_size // count, len(pairable[i])), replace=False)
                for i in chosen
            ]
        )


def nearest_class_error(
    model: Any,
    encoded: EncodedTask,
    train: NDArray[np.int64],
    dev: NDArray[np.int64],
    *,
    dtype: torch.dtype,
    pause: Callable[[], object],
) -> float:
    """Compute the dev error of answering with the class whose mean vector is nearest.

    Args:
        train: labels of the training texts.
        dev: labels of the dev texts.
    """
    forward = vectors_of(model, dtype=dtype)

    def vectors(tokens: Tokens) -> NDArray[np.float32]:
        return predict(model, tokens, padding=encoded.padding, forward=forward, pause=pause)

    known = vectors(encoded.splits["train"])
    present = np.unique(train)
    means = np.stack([known[train == label].mean(axis=0) for label in present])
    means /= np.linalg.norm(means, axis=1, keepdims=True)
    answers = present[(vectors(encoded.splits["dev"]) @ means.T).argmax(axis=1)]
    return float(np.mean(answers != dev))
