"""Choose which uncertified architecture to evaluate next."""

from collections.abc import Mapping

import numpy as np
from scipy.special import ndtr

from bort.search.arrays import FloatArray, IntArray
from bort.search.bounds import Envelope
from bort.search.guide.errors import ErrorModel
from bort.search.guide.gain import FreeVolume
from bort.search.observation import Observation
from bort.search.pareto import is_non_dominated
from bort.search.problem import SearchProblem

_CONSIDERED = 384  # bounds the work per choice in large spaces
_TARGETS = 2048
_TOGETHER = 32  # of these at a time: larger arrays would be mapped anew each time
_FINALISTS = 512  # whose gain is computed with each process alone
_ROOT = np.sqrt(2 * np.pi)
_REFERENCE = 1.1  # times the worst of each objective, so that extreme points count


def most_certifying(
    model: ErrorModel,
    envelope: Envelope,
    uncertified: IntArray,
    observations: Mapping[int, Observation],
    *,
    delta: float,
    best_log_error: FloatArray,
) -> tuple[int, int]:
    """Find the uncertified architecture that would certify most others, and how many.

    Assumes that its error is the model's mean. In large spaces, both the considered and the
    counted ones are evenly spaced samples. Of equals, the lowest index wins.

    Args:
        delta: δ of the goal.
        best_log_error: shape (N,), as in `CoverTarget`.
    """
    considered, counted = _thinned(uncertified, _CONSIDERED), _thinned(uncertified, _TARGETS)
    model.follow(observations)
    errors = model.mean()[considered]
    log_costs = np.log(envelope.problem.size), np.log(envelope.problem.latency)
    gains = np.zeros(len(considered), dtype=np.int64)
    for start in range(0, len(counted), _TOGETHER):
        some = counted[start : start + _TOGETHER]
        own = envelope.own_error_term(some, considered)
        cheap = log_costs[0][considered] - log_costs[0][some, None] <= delta
        cheap &= log_costs[1][considered] - log_costs[1][some, None] <= delta
        witnessed = np.where(cheap, errors, np.inf)
        np.minimum(witnessed, best_log_error[some, None], out=witnessed)
        cheap &= own <= delta
        lower = errors - own
        np.maximum(lower, envelope.values[some, None], out=lower)
        witnessed -= lower
        cheap |= witnessed <= delta
        gains += np.add.reduce(cheap.view(np.uint8), axis=0, dtype=np.uint8)
    best = int(np.argmax(gains))
    return int(considered[best]), int(gains[best] * len(uncertified) / len(counted))


def most_improving_front(
    model: ErrorModel,
    problem: SearchProblem,
    observations: Mapping[int, Observation],
    uncertified: IntArray,
) -> int:
    """Find the architecture with the largest expected gain in hypervolume of (p, i, e).

    If evaluations cost different amounts (`SearchProblem.effort`), it is the gain per cost: what is
    spent on one architecture is not there for others. The gain is averaged over the processes of
    the model: first over their mean and deviation, for all architectures, then over each of them,
    for the best. The reference point is 1.1 times the largest size, latency, and error seen or
    expected.
    """
    model.follow(observations)
    predicted = model.predict(is_tail_cut=True)
    costs = np.column_stack([problem.size, problem.latency])
    seen = [i for i, o in observations.items() if o.is_witness]
    points = np.column_stack([costs[seen], [observations[i].error for i in seen]])
    worst = max(float(points[:, 2].max()), float(np.exp(predicted.mean.max())))
    ref = _REFERENCE * np.append(costs.max(axis=0), worst)
    free = FreeVolume(points[is_non_dominated(points)], ref)
    rows = uncertified
    if len(rows) > _FINALISTS:
        mean, deviation = predicted.mean[rows], predicted.deviation[rows]
        (gains,) = free.expected_gains(costs[rows], mean[None], deviation[None])
        gains = gains / _effort(problem, rows)
        rows = np.sort(rows[np.argsort(-gains, kind="stable")[:_FINALISTS]])
    means, deviations = predicted.means[:, rows], predicted.deviations[:, rows]
    gains = predicted.shares @ free.expected_gains(costs[rows], means, deviations)
    return int(rows[np.argmax(gains / _effort(problem, rows))])


def most_improving_w(
    problem: SearchProblem,
    log_gains: FloatArray,
    error_weight: float,
    best_log_w: float,
    model: ErrorModel,
    observations: Mapping[int, Observation],
    uncertified: IntArray,
) -> int:
    """Find the architecture with the largest expected gain in ln W, per cost if costs differ."""
    model.follow(observations)
    predicted = model.predict()
    mean, deviation = predicted.mean[uncertified], predicted.deviation[uncertified]
    values = log_gains[uncertified] - error_weight * mean - best_log_w
    spread = np.maximum(error_weight * deviation, 1e-12)
    gains = values * ndtr(values / spread) + spread * np.exp(-0.5 * (values / spread) ** 2) / _ROOT
    return int(uncertified[np.argmax(gains / _effort(problem, uncertified))])


def _effort(problem: SearchProblem, rows: IntArray) -> FloatArray:
    return np.ones(len(rows)) if problem.effort is None else problem.effort[rows]


def _thinned(rows: IntArray, count: int) -> IntArray:
    if len(rows) <= count:
        return rows
    return rows[np.linspace(0, len(rows) - 1, count).round().astype(np.int64)]
