"""The answer where every error is known, in arrays: for tables of a million architectures."""

from typing import NamedTuple

import numpy as np

from bort.core.errors import InvalidOptionError
from bort.core.question import Question
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
    question: Question,
) -> TableAnswer:
    """Front, ε-cover and W of a table whose errors are all known.

    Args:
        size, latency, errors: shape (N,), all above 0 and minimised.
        question: its ε and weights.
    Raises:
        InvalidOptionError: an error of 0.
    Cost: O(N log N) time, O(N) memory.
    """
    if not (errors > 0).all():
        raise InvalidOptionError("errors must be above 0; floor errors of 0 at 1/(2n)")
    costs = np.column_stack([size, latency, errors])
    front = np.flatnonzero(is_non_dominated(costs))
    log_ws = log_w(log_gain(size, latency, question.weights), errors, question.weights)
    return TableAnswer(
        front, front[_cells(costs[front], question.epsilon)], int(np.argmax(log_ws)), np.exp(log_ws)
    )


def _cells(costs: FloatArray, epsilon: float) -> IntArray:
    """One row per occupied cell of a grid of ratio 1+ε: it covers all others of its cell.

    Source: the grid of Papadimitriou & Yannakakis 2000.
    """
    cells = np.floor(np.log(costs) / np.log1p(epsilon) + 1e-12)
    _, first = np.unique(cells, axis=0, return_index=True)
    return np.sort(first)
