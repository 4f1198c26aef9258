"""The answer where every error is known, in arrays: for tables of a million architectures."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from bort.core.errors import InvalidOptionError
from bort.core.study import check_epsilon, check_weights
from bort.search.arrays import FloatArray, IntArray
from bort.search.pareto import is_non_dominated
from bort.search.w_coefficient import log_gain, log_w


class TableAnswer(NamedTuple):
    """The exact answer; nothing is assumed.

    Attributes:
        front: indices that no other architecture beats, ascending.
        cover: some of the front; each architecture has one within a factor of 1+ε of it.
        best: index of the largest W.
        w: shape (N,), every W; to be maximised.
    """

    front: IntArray
    cover: IntArray
    best: int
    w: FloatArray


def solve_table(
    size: FloatArray,
    latency: FloatArray,
    errors: FloatArray,
    *,
    epsilon: float = 0.25,
    weights: Sequence[float] = (1.0, 1.0, 1.0),
) -> TableAnswer:
    """Front, ε-cover and W of a table whose errors are all known.

    Args:
        size, latency, errors: shape (N,), all above 0 and minimised.
        epsilon: ε of the cover.
        weights: cost weights of size, latency and error.
    Raises:
        InvalidOptionError: an option, or an error of 0, that cannot be used.
    Cost: O(N log N) time, O(N) memory.
    """
    check_epsilon(epsilon)
    chosen = check_weights(weights)
    if not (errors > 0).all():
        raise InvalidOptionError("errors must be above 0; floor errors of 0 at 1/(2n)")
    costs = np.column_stack([size, latency, errors])
    front = np.flatnonzero(is_non_dominated(costs))
    log_ws = log_w(log_gain(size, latency, chosen), errors, chosen)
    return TableAnswer(
        front, front[_cells(costs[front], epsilon)], int(np.argmax(log_ws)), np.exp(log_ws)
    )


def _cells(costs: FloatArray, epsilon: float) -> IntArray:
    """One row per occupied cell of a grid of ratio 1+ε: it covers all others of its cell.

    Source: the grid of Papadimitriou & Yannakakis 2000.
    """
    cells = np.floor(np.log(costs) / np.log1p(epsilon) + 1e-12)
    _, first = np.unique(cells, axis=0, return_index=True)
    return np.sort(first)
