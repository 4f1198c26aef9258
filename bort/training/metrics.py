"""Metrics: error rate, its standard error, macro F1, and which items were answered wrongly."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


def error_se(error_rate: float, n: int) -> float:
    """Compute the binomial standard error of an error rate on `n` examples."""
    return math.sqrt(error_rate * (1.0 - error_rate) / n)


def macro_f1(labels: NDArray[Any], predictions: NDArray[Any], /, *, classes: int) -> float:
    """Compute the unweighted mean of the classes' F1.

    Args:
        labels: shape (n,), 0..classes-1.
        predictions: shape (n,), 0..classes-1.
    Returns:
        0..1. A class that is neither present nor predicted is left out of the mean, as in
        `sklearn.metrics.f1_score(average="macro")`; a class that is present but never predicted
        counts 0.
    """
    table = np.bincount(labels * classes + predictions, minlength=classes * classes)
    table = table.reshape(classes, classes)
    hits, present, predicted = np.diag(table), table.sum(axis=1), table.sum(axis=0)
    seen = (present + predicted) > 0
    if not seen.any():
        return 0.0
    return float(np.mean(2.0 * hits[seen] / (present + predicted)[seen]))


def majority_error(labels: NDArray[Any], /, *, classes: int) -> float:
    """Compute the error rate of always answering with the most frequent class."""
    return float(1.0 - np.bincount(labels, minlength=classes).max() / len(labels))


def pack_items(wrong: BoolArray) -> bytes:
    """Pack into one bit per item, the format of `Evaluation.wrong_items`."""
    return np.packbits(wrong).tobytes()


def unpack_items(packed: bytes, n: int) -> BoolArray:
    """Unpack what `pack_items` packed, shape (n,)."""
    return np.unpackbits(np.frombuffer(packed, dtype=np.uint8), count=n).astype(np.bool_)
