"""Measures of the runs: hypervolume by evaluation, evaluations to a share, true epsilon."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.stats import binom

from benchmarks.search.runs import Run
from benchmarks.search.table import BenchmarkTable, true_epsilon
from bort.search.arrays import FloatArray

SHARES = (0.95, 0.99)  # of the exhaustive front's hypervolume


class Median(NamedTuple):
    """A median over runs with its interval; None means "not reached".

    Attributes:
        median: the middle run, or the mean of both middle runs.
        low, high: order statistics that contain the true median with 95% confidence, or the
            extremes if there are too few runs.
    """

    median: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Summary:
    """The summary of all runs of a sampler on a table.

    Attributes:
        table, sampler: names.
        runs: number of runs.
        evaluations: the most evaluations in a run.
        evaluations_to: by share of the front's hypervolume, the evaluations needed.
        final_share: share of the front's hypervolume after all evaluations.
        true_epsilon: smallest ε at which the evaluated architectures really cover all, at the end.
        certified_epsilon: the ε that the last run certified; None if nothing is certified.
        curve: shape (evaluations, 3): median share with lower and upper quartile, by evaluation.
    """

    table: str
    sampler: str
    runs: int
    evaluations: int
    evaluations_to: dict[float, Median]
    final_share: Median
    true_epsilon: Median
    certified_epsilon: float | None
    curve: FloatArray


def summarise(table: BenchmarkTable, runs: Sequence[Run]) -> Summary:
    """Measure the runs of one sampler on one table."""
    shares = [hypervolume_shares(table, run.rows) for run in runs]
    length = max(map(len, shares))
    filled = np.array([_filled(values, length) for values in shares])
    reached = {share: [evaluations_to(values, share) for values in shares] for share in SHARES}
    epsilons = [true_epsilon(table.costs, run.rows) for run in runs]
    return Summary(
        table=table.name,
        sampler=runs[0].key.sampler,
        runs=len(runs),
        evaluations=length,
        evaluations_to={share: median_of(counts) for share, counts in reached.items()},
        final_share=median_of([float(values[-1]) for values in filled]),
        true_epsilon=median_of([e if np.isfinite(e) else None for e in epsilons]),
        certified_epsilon=runs[-1].certified_epsilon,
        curve=np.quantile(filled, (0.5, 0.25, 0.75), axis=0).T,
    )


def hypervolume_shares(table: BenchmarkTable, rows: Sequence[int]) -> FloatArray:
    """Compute the share of the front's hypervolume after each evaluation: shape (len(rows),)."""
    return np.fromiter(table.shares(rows), dtype=np.float64, count=len(rows))


def evaluations_to(shares: FloatArray, share: float) -> int | None:
    """Count the evaluations until `share` is reached; None if it is not.

    Examples:
        >>> evaluations_to(np.array([0.5, 0.97, 1.0]), 0.95)
        2
    """
    hits = np.flatnonzero(shares >= share - 1e-12)
    return int(hits[0]) + 1 if len(hits) else None


def median_of(values: Sequence[float | None]) -> Median:
    """Compute the median and its 95% interval; "not reached" counts as more than any number.

    Examples:
        >>> median_of([3, 1, None])
        Median(median=3.0, low=1, high=None)
    """
    ordered = sorted(values, key=lambda v: np.inf if v is None else v)
    count = len(ordered)
    # The r smallest and the r largest are outside; P(fewer than r below the median) <= 0.025.
    outside = max(0, int(binom.ppf(0.025, count, 0.5)) - 1) if count > 1 else 0
    lower, upper = ordered[(count - 1) // 2], ordered[count // 2]
    median = None if lower is None or upper is None else (lower + upper) / 2
    return Median(median, ordered[outside], ordered[count - 1 - outside])


def _filled(shares: FloatArray, length: int) -> FloatArray:
    """Extend a run that ended early with its last value."""
    last = shares[-1] if len(shares) else 0.0
    return np.concatenate([shares, np.full(length - len(shares), last)])
