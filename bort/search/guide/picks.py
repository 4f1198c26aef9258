"""Choose which uncertified architecture to evaluate next."""

from collections.abc import Mapping

import numpy as np

from bort.search.arrays import FloatArray, IntArray
from bort.search.bounds import Envelope
from bort.search.guide.surrogate import expected_gain, predict_log_error
from bort.search.observation import Observation
from bort.search.pareto import is_non_dominated
from bort.search.problem import SearchProblem

_CONSIDERED = 384  # bounds the work per choice in large spaces
_TARGETS = 2048
_NODES = (-1.2247448713915890, 0.0, 1.2247448713915890)  # Gauss-Hermite, 3 nodes, in units of √2σ
_NODE_WEIGHTS = (1 / 6, 2 / 3, 1 / 6)
_FRONT_CONSIDERED = 16_384
_REFERENCE = 1.1  # times the worst of each objective, so that extreme points count


def most_certifying(
    envelope: Envelope,
    uncertified: IntArray,
    observations: Mapping[int, Observation],
    *,
    delta: float,
    best_log_error: FloatArray,
) -> tuple[int, int]:
    """Find the uncertified architecture that would certify most others, and how many.

    Assumes that its error is the surrogate's mean. In large spaces, both the considered and the
    counted ones are evenly spaced samples. Of equals, the lowest index wins.

    Args:
        delta: δ of the goal.
        best_log_error: shape (N,), as in `CoverTarget`.
    """
    considered, counted = _thinned(uncertified, _CONSIDERED), _thinned(uncertified, _TARGETS)
    errors, _ = predict_log_error(envelope.problem, observations, considered)
    own = envelope.own_error_term(counted, considered)
    cheap = np.ones(own.shape, dtype=bool)
    for cost in (np.log(envelope.problem.size), np.log(envelope.problem.latency)):
        cheap &= cost[considered][None, :] - cost[counted][:, None] <= delta
    witnessed = np.where(cheap, errors[None, :], np.inf)
    witnessed = np.minimum(witnessed, best_log_error[counted][:, None])
    lower = np.maximum(envelope.values[counted][:, None], errors[None, :] - own)
    gains = ((cheap & (own <= delta)) | (witnessed - lower <= delta)).sum(axis=0)
    best = int(np.argmax(gains))
    return int(considered[best]), int(gains[best] * len(uncertified) / len(counted))


def most_improving_front(
    problem: SearchProblem, observations: Mapping[int, Observation], uncertified: IntArray
) -> int:
    """Find the architecture with the largest expected gain in hypervolume of (p, i, e).

    The reference point is 1.1 times the largest size, latency, and error seen or expected. In
    very large spaces an evenly spaced sample is considered.
    """
    considered = _thinned(uncertified, _FRONT_CONSIDERED)
    mean, deviation = predict_log_error(problem, observations, considered, is_tail_cut=True)
    costs = np.column_stack([problem.size, problem.latency])
    seen = [i for i, o in observations.items() if o.is_witness]
    points = np.column_stack([costs[seen], [observations[i].error for i in seen]])
    worst = max(float(points[:, 2].max()), float(np.exp(mean.max())))
    gains = expected_gain(
        points[is_non_dominated(points)],
        costs[considered],
        mean,
        deviation,
        ref=_REFERENCE * np.append(costs.max(axis=0), worst),
    )
    return int(considered[np.argmax(gains)])


def most_improving_w(
    log_gains: FloatArray,
    error_weight: float,
    best_log_w: float,
    problem: SearchProblem,
    observations: Mapping[int, Observation],
    uncertified: IntArray,
) -> int:
    """Find the architecture with the largest expected gain in ln W."""
    considered = _thinned(uncertified, _TARGETS)
    mean, deviation = predict_log_error(problem, observations, considered)
    gains = np.zeros(len(considered))
    for node, weight in zip(_NODES, _NODE_WEIGHTS, strict=True):
        value = log_gains[considered] - error_weight * (mean + np.sqrt(2) * deviation * node)
        gains += weight * np.maximum(value - best_log_w, 0.0)
    return int(considered[np.argmax(gains)])


def _thinned(rows: IntArray, count: int) -> IntArray:
    if len(rows) <= count:
        return rows
    return rows[np.linspace(0, len(rows) - 1, count).round().astype(np.int64)]
