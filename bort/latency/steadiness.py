"""Judge from the rounds of a measurement how steady the machine was and what they resolve.

Every round times every architecture, so the times form a table of architectures by rounds. If a
whole round was slow, that says something about the machine and nothing about two architectures. The
rest of the variation limits how close two architectures can be and still be ranked.
"""

import math
from statistics import NormalDist

import numpy as np

from bort.latency.protocol import CONFIDENCE, ENOUGH_ROUNDS, FloatArray

FEWEST_TO_SHARE = 5
"""Architectures that must agree before a slow round is blamed on the machine."""

GROUP = 12  # fewest architectures, if there is more than one group
MOST_GROUPS = 4
"""A slow machine slows small models, which mostly wait for the interpreter, by another factor than
large ones: docs/latency.md, "Pace"."""

_IQR_OF_NORMAL = 1.349
_MEDIAN_TO_MEAN_ERROR = 1.2533
"""Standard error of a median, in standard errors of a mean: sqrt(pi/2), for normal noise."""


def round_factors(seconds: FloatArray) -> FloatArray:
    """Estimate how much slower than usual the machine was in each round, by architecture speed.

    The architectures are split by their usual time into at most four groups of twelve or more. In
    each group the factor is the median ratio of this round's time to the usual one (one step of
    Tukey's median polish in logarithms; Tukey 1977, *Exploratory Data Analysis*). Between the
    groups' usual times, factors are interpolated.

    Args:
        seconds: shape (architectures, rounds, timed_runs).
    Returns:
        Shape (architectures, rounds), each row with median 1; all 1 if there are too few
        architectures or rounds.
    """
    architectures, rounds, _ = seconds.shape
    if architectures < FEWEST_TO_SHARE or rounds < ENOUGH_ROUNDS:
        return np.ones((architectures, rounds))
    logs = _logs(seconds)
    usual = np.median(logs, axis=1)
    deviations = logs - usual[:, None]
    order = np.argsort(usual, kind="stable")
    groups = np.array_split(order, int(np.clip(architectures // GROUP, 1, MOST_GROUPS)))
    places = [float(np.median(usual[group])) for group in groups]
    shared = np.array([np.median(deviations[group], axis=0) for group in groups])
    between = np.array([np.interp(usual, places, column) for column in shared.T]).T
    factors: FloatArray = np.exp(between - np.median(between, axis=1, keepdims=True))
    return factors


def resolution(seconds: FloatArray) -> float | None:
    """Estimate the smallest relative difference of two architectures that these rounds can rank.

    The 95% half-width of the difference of two median logarithms, from the spread of single
    rounds (interquartile range, median over the architectures) after removing what whole rounds
    share.

    Args:
        seconds: shape (architectures, rounds, timed_runs).
    Returns:
        A share (0.03 is 3%); None for fewer than three rounds.
    """
    rounds = seconds.shape[1]
    if rounds < ENOUGH_ROUNDS:
        return None
    logs = _logs(seconds / round_factors(seconds)[:, :, None])
    rest = logs - np.median(logs, axis=1, keepdims=True)
    spread = float(np.median([robust_deviation(row) for row in rest]))
    z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
    return z * math.sqrt(2 / rounds) * _MEDIAN_TO_MEAN_ERROR * spread


def drift(factors: FloatArray) -> float | None:
    """Estimate how much slower (above 0) the last third of the rounds was than the first.

    Args:
        factors: shape (architectures, rounds), of `round_factors`.
    Returns:
        A share, median over the architectures; None for fewer than three rounds.
    """
    third = factors.shape[1] // 3
    if third == 0:
        return None
    last, first = (np.median(part, axis=1) for part in (factors[:, -third:], factors[:, :third]))
    return float(np.median(last / first) - 1)


def ratio_interval(
    slower: FloatArray, faster: FloatArray, *, rng: np.random.Generator, resamples: int = 2_000
) -> tuple[float, float, float]:
    """Estimate how many times faster one architecture is, from ratios within each round.

    Args:
        slower, faster: shape (rounds, timed_runs), rounds in the same order.
    Returns:
        The median ratio, and the ends of its 95% bootstrap interval over rounds.
    """
    ratios = np.median(slower, axis=1) / np.median(faster, axis=1)
    drawn = ratios[rng.integers(0, len(ratios), size=(resamples, len(ratios)))]
    low, high = np.quantile(np.median(drawn, axis=1), [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    median = float(np.median(ratios))
    return median, min(median, float(low)), max(median, float(high))


def robust_deviation(values: FloatArray) -> float:
    """Estimate the standard deviation from the values' interquartile range."""
    low, high = np.quantile(values, [0.25, 0.75])
    return float(high - low) / _IQR_OF_NORMAL


def _logs(seconds: FloatArray) -> FloatArray:
    """Compute ln of each round's median time, (architectures, rounds)."""
    logs: FloatArray = np.log(np.median(seconds, axis=2))
    return logs
