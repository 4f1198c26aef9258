"""Metrics: error rate, its standard error, macro F1, and which items were answered wrongly."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

WEAKEST = 5  # classes named with their F1
Z95 = 1.959963984540054  # the normal distribution's 97.5% point


def error_se(error_rate: float, n: int) -> float:
    """Compute the binomial standard error of an error rate on `n` examples."""
    return math.sqrt(error_rate * (1.0 - error_rate) / n)


def wilson(share: float, n: int, *, z: float = Z95) -> tuple[float, float]:
    """Compute Wilson's interval for a share of `n` (Wilson 1927); 95% by default."""
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return max(0.0, centre - half), min(1.0, centre + half)


def class_f1(
    labels: NDArray[Any], predictions: NDArray[Any], /, *, classes: int
) -> NDArray[np.float64]:
    """Compute the F1 of each class, shape (classes,); NaN if it is neither present nor predicted.

    Args:
        labels: shape (n,), 0..classes-1.
        predictions: shape (n,), 0..classes-1.
    """
    table = np.bincount(labels * classes + predictions, minlength=classes * classes)
    table = table.reshape(classes, classes)
    hits, present, predicted = np.diag(table), table.sum(axis=1), table.sum(axis=0)
    with np.errstate(invalid="ignore"):
        found: NDArray[np.float64] = 2.0 * hits / (present + predicted)
    return found


def weakest(
    f1: NDArray[np.float64], labels: NDArray[Any], names: Sequence[str]
) -> tuple[tuple[str, float], ...]:
    """List the `WEAKEST` classes among `labels` with the lowest F1, the lowest first.

    If more of them have an F1 of 0, all of those are listed.
    """
    present = np.flatnonzero(np.bincount(labels, minlength=len(names)))
    lost = int((f1[present] == 0).sum())
    order = present[np.argsort(f1[present], kind="stable")][: max(WEAKEST, lost)]
    return tuple((names[i], float(f1[i])) for i in order)


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
    found = class_f1(labels, predictions, classes=classes)
    seen = ~np.isnan(found)
    return float(np.mean(found[seen])) if seen.any() else 0.0


def majority_error(labels: NDArray[Any], /, *, classes: int) -> float:
    """Compute the error rate of always answering with the most frequent class."""
    return float(1.0 - np.bincount(labels, minlength=classes).max() / len(labels))


def reordered_error(labels: NDArray[Any], predictions: NDArray[Any], /, *, classes: int) -> float:
    """Compute the error rate if the predicted classes were renamed in the best way."""
    table = np.bincount(labels * classes + predictions, minlength=classes * classes)
    rows, columns = linear_sum_assignment(table.reshape(classes, classes), maximize=True)
    return float(1.0 - table.reshape(classes, classes)[rows, columns].sum() / len(labels))


def pack_items(wrong: BoolArray) -> bytes:
    """Pack into one bit per item, the format of `Evaluation.wrong_items`."""
    return np.packbits(wrong).tobytes()


def unpack_items(packed: bytes, n: int) -> BoolArray:
    """Unpack what `pack_items` packed, shape (n,)."""
    return np.unpackbits(np.frombuffer(packed, dtype=np.uint8), count=n).astype(np.bool_)
