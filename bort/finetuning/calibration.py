"""Does a model's score mean what it says: are answers with a score of 90% right 90% of the time?

Pure. A reliability diagram (DeGroot and Fienberg 1983) and the expected calibration error of Naeini
et al. 2015, in bins with equally many texts (Nguyen and O'Connor 2015).
"""

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

BINS = 10
TEXTS_PER_BIN = 20  # with fewer texts there are fewer bins


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """The answers with similar scores.

    Attributes:
        n: how many there are.
        right: how many of them are right.
        score: their mean score.
    """

    n: int
    right: int
    score: float

    def __post_init__(self) -> None:
        if not 0 <= self.right <= self.n or not self.n or not 0 <= self.score <= 1:
            raise ValueError("a bin must have 0 <= right <= n, n > 0 and 0 <= score <= 1")

    @property
    def accuracy(self) -> float:
        """The share of right answers."""
        return self.right / self.n


@dataclass(frozen=True, slots=True)
class Calibration:
    """How a model's scores compare with its accuracy, by ascending score."""

    bins: tuple[Bin, ...]

    def __post_init__(self) -> None:
        if not self.bins:
            raise ValueError("a calibration needs at least one bin")

    @property
    def n(self) -> int:
        """The number of texts."""
        return sum(one.n for one in self.bins)

    @property
    def error(self) -> float:
        """The expected calibration error: the mean of |accuracy - score| over the texts.

        Chance alone makes it larger than 0, also for a perfectly calibrated model.
        """
        return sum(one.n * abs(one.accuracy - one.score) for one in self.bins) / self.n

    @property
    def excess(self) -> float:
        """The mean score minus the accuracy: above 0, the model is too sure of itself."""
        return sum(one.n * one.score - one.right for one in self.bins) / self.n

    @property
    def interval(self) -> tuple[float, float]:
        """An interval for the error of these bins on new texts, with at least 95% confidence.

        [ours] The error is a norm of the bins' gaps, so it is wrong by at most the norm of their
        noise. That norm is a sum of half-normal variables: its mean and variance are known, and
        1.96 standard deviations above the mean are reached in less than 5% of cases.
        """
        noise = [one.n / self.n * _standard_error(one) for one in self.bins]
        mean = math.sqrt(2 / math.pi) * sum(noise)
        spread = math.sqrt((1 - 2 / math.pi) * sum(value * value for value in noise))
        half = mean + 1.96 * spread
        return max(0.0, self.error - half), min(1.0, self.error + half)


def _standard_error(one: Bin) -> float:
    """Estimate the noise of a bin's accuracy (Agresti and Coull 1998), never as 0."""
    share = (one.right + 2) / (one.n + 4)
    return math.sqrt(share * (1 - share) / one.n)


def calibration_of(scores: NDArray[np.floating], is_right: NDArray[np.bool_]) -> Calibration:
    """Count right answers in at most `BINS` bins with equally many texts.

    Args:
        scores: the probability of each answer, shape (n,), n > 0. Equal ones share a bin.
        is_right: shape (n,).

    Examples:
        >>> scores = np.linspace(0.5, 1, 200)
        >>> found = calibration_of(scores, scores > 0.75)  # right half of the time
        >>> len(found.bins), round(found.error, 2), round(found.excess, 2)
        (10, 0.37, 0.25)
    """
    bins = max(1, min(BINS, len(scores) // TEXTS_PER_BIN))
    levels = np.unique(np.quantile(scores, np.arange(1, bins) / bins))
    where = np.searchsorted(levels, scores, side="right")
    order = np.argsort(where, kind="stable")
    starts = np.flatnonzero(np.diff(where[order], prepend=-1))
    groups = [order[start:end] for start, end in pairwise([*starts, len(order)])]
    return Calibration(
        tuple(
            Bin(n=len(rows), right=int(is_right[rows].sum()), score=float(scores[rows].mean()))
            for rows in groups
        )
    )
