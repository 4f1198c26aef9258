"""Class probabilities as arrays, shape (n, classes), and their logarithms."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

Logits = dict[str, Floats]
"""By split, each shape (n, classes), columns in the order of the task's classes."""

LEAST = 1e-6  # probability of an excluded class, so that its logarithm is finite


def softmax(logits: Floats) -> Floats:
    """Compute the softmax along the last axis."""
    grown = np.exp(logits - logits.max(axis=-1, keepdims=True))
    shares: Floats = grown / grown.sum(axis=-1, keepdims=True)
    return shares


def one_hot(labels: NDArray[np.int64], classes: int) -> Floats:
    """Turn hard labels into probabilities, shape (n, classes)."""
    return np.eye(classes, dtype=np.float32)[labels]


def logarithm(shares: NDArray[np.floating]) -> Floats:
    """Compute the logarithm of probabilities, finite even where one is 0."""
    found: Floats = np.log(np.maximum(shares, LEAST)).astype(np.float32)
    return found


def mean_of(logits: Sequence[Floats]) -> Floats:
    """Average the probabilities of several methods; given and returned as logits."""
    if len(logits) == 1:
        return logits[0]
    return logarithm(np.mean([softmax(one) for one in logits], axis=0))
