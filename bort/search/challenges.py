"""Challenges: trainings that would break a claim first if its estimated λ were too small.

When everything is certified by an estimated λ, the search looks for the architecture that needs the
least larger λ to be uncovered, and trains it. docs/guarantee.md, "Challenges".
"""

from collections.abc import Mapping

import numpy as np

from bort.search.arrays import FloatArray
from bort.search.observation import Observation
from bort.search.problem import SearchProblem

_CELLS = 1 << 19  # pairs handled at once: bounds the memory


def most_fragile(
    problem: SearchProblem,
    observations: Mapping[int, Observation],
    *,
    lipschitz: FloatArray,
    nugget: float,
    thresholds: FloatArray,
) -> int | None:
    """Find the unevaluated architecture that a slightly larger λ would no longer certify.

    Args:
        thresholds: shape (N,): the claim fails for an architecture whose ln e is below.
    Returns:
        The one with the smallest factor on λ for which its lower bound is at its threshold; of
        equals, the lowest index. None if no λ breaks the claim. O(N |C| K).
    """
    anchors = np.array([i for i, o in observations.items() if o.is_anchor], dtype=np.int64)
    log_lower = np.log([observations[int(i)].lower for i in anchors])
    is_open = np.ones(len(problem), dtype=bool)
    is_open[list(observations)] = False
    rows = np.flatnonzero(is_open & (thresholds > -np.inf))
    factors = np.full(len(rows), np.inf)
    size = max(1, _CELLS // max(1, len(anchors)))
    for start in range(0, len(rows) if len(anchors) else 0, size):
        some = rows[start : start + size]
        reach = problem.distance(some, anchors, lipschitz)
        room = log_lower[None, :] - nugget - thresholds[some, None]
        with np.errstate(divide="ignore", invalid="ignore"):
            needed = np.where(room > 0, room / reach, 0.0)
        factors[start : start + size] = needed.max(axis=1)
    if not len(rows) or factors.min() == np.inf:
        return None
    return int(rows[np.argmin(factors)])
