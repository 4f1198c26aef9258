"""A small Gaussian process on ln e. It guides the choice, never the certificate."""

from collections.abc import Mapping

import numpy as np

from bort.search.arrays import FloatArray, IntArray
from bort.search.observation import Observation
from bort.search.problem import SearchProblem

# Prior standard deviations of ln e: level, effect of one dimension over its whole extent,
# smooth departure from linear, and what one training adds. Chosen once on BERT-like tables.
_LEVEL, _LINEAR, _SMOOTH, _NOISE = 1.0, 0.4, 0.15, 0.03
_LENGTH = 0.5  # of a dimension's extent


def predict_log_error(
    problem: SearchProblem, observations: Mapping[int, Observation], rows: IntArray
) -> tuple[FloatArray, FloatArray]:
    """Mean and standard deviation of ln e for `rows`, from the sources among `observations`.

    Cost: O(|C|³ + n |C| K).
    """
    seen = [i for i, o in observations.items() if o.is_source]
    if not seen:
        return np.full(len(rows), np.log(0.25)), np.full(len(rows), _LINEAR)
    values = np.log([observations[i].error for i in seen])
    centre = float(values.mean())
    here, there = _scaled(problem, np.array(seen)), _scaled(problem, rows)
    covariance = _kernel(here, here) + _NOISE**2 * np.eye(len(seen))
    cross = _kernel(there, here)
    solved = np.linalg.solve(covariance, np.column_stack([values - centre, cross.T]))
    mean = centre + cross @ solved[:, 0]
    prior = _LEVEL**2 + _LINEAR**2 * (there**2).sum(axis=1) + _SMOOTH**2
    variance = prior - np.einsum("nm,mn->n", cross, solved[:, 1:])
    return mean, np.sqrt(np.maximum(variance, 1e-12))


def _scaled(problem: SearchProblem, rows: IntArray) -> FloatArray:
    low = problem.coordinates.min(axis=0)
    extents = np.where(problem.extents > 0, problem.extents, 1.0)
    return np.asarray((problem.coordinates[rows] - low) / extents - 0.5)


def _kernel(a: FloatArray, b: FloatArray) -> FloatArray:
    squares = np.maximum(
        (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1)[None, :] - 2 * a @ b.T, 0.0
    )
    smooth = np.exp(-squares / (2 * _LENGTH**2))
    return np.asarray(_LEVEL**2 + _LINEAR**2 * (a @ b.T) + _SMOOTH**2 * smooth)
