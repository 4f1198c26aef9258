"""How good trained models are on texts that nothing was chosen by: accuracy with its interval."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from bort.training.metrics import macro_f1

CONFIDENCE = 0.95
_Z = float(stats.norm.ppf((1 + CONFIDENCE) / 2))


class Accuracy(NamedTuple):
    """Share of right answers over `n` texts, mean over the seeds, with its 95% interval, and the
    mean macro F1."""

    accuracy: float
    low: float
    high: float
    n: int
    macro_f1: float


def accuracy_of(
    answers: Sequence[NDArray[np.int64]], labels: NDArray[np.int64], *, classes: int
) -> Accuracy:
    """Judge the answers of several seeds' models to the same texts.

    Args:
        answers: one array per seed, shape (n,).
        labels: shape (n,).
        classes: number of classes.
    Returns:
        With one seed Wilson's interval of the texts. With several, the texts' share (each text
        counts with the mean over the seeds) and the seeds' (Student's t) are added as variances.
    """
    right = np.stack([found == labels for found in answers]).astype(np.float64)
    mean = float(right.mean())
    low, high = _interval(right, mean)
    f1 = float(np.mean([macro_f1(labels, found, classes=classes) for found in answers]))
    return Accuracy(mean, low, high, len(labels), f1)


def _interval(right: NDArray[np.float64], mean: float) -> tuple[float, float]:
    seeds, n = right.shape
    if seeds == 1:
        return _wilson(mean, n, _Z)
    half = _half_width(right)
    return max(0.0, mean - half), min(1.0, mean + half)


def _half_width(values: NDArray[np.float64]) -> float:
    """Of the interval of the mean of `values`, shape (seeds, texts)."""
    seeds, n = values.shape
    texts = _Z * float(values.mean(axis=0).std(ddof=1)) / math.sqrt(n)
    if seeds == 1:
        return texts
    t = float(stats.t.ppf((1 + CONFIDENCE) / 2, seeds - 1))
    return math.hypot(texts, t * float(values.mean(axis=1).std(ddof=1)) / math.sqrt(seeds))


def _wilson(share: float, n: int, z: float) -> tuple[float, float]:
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return max(0.0, centre - half), min(1.0, centre + half)


def paired_difference(
    ours: Sequence[NDArray[np.int64]], theirs: NDArray[np.int64], labels: NDArray[np.int64]
) -> dict[str, Any]:
    """How much more often we are right than they on the same texts, with its 95% interval.

    Args:
        ours: answers of each seed, shape (n,); the mean over the seeds counts, and their spread
            widens the interval, as in `accuracy_of`.
    """
    gain = np.stack([(found == labels).astype(np.float64) for found in ours]) - (theirs == labels)
    mean, half = float(gain.mean()), _half_width(gain)
    return {"difference": mean, "low": mean - half, "high": mean + half}
