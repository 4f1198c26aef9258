"""Dominance, hypervolume and covers. All objectives are minimised."""

import moocore
import numpy as np

from bort.search.arrays import BoolArray, FloatArray, IntArray


def is_non_dominated(costs: FloatArray) -> BoolArray:
    """Mark the rows that no other row beats.

    A row beats another if it is no larger in every column and smaller in at least one. Cost:
    O(n log n) for up to three columns.

    Args:
        costs: shape (n, d), every column minimised; NaN is not allowed.
    Returns:
        Shape (n,). Equal rows are all marked.
    Raises:
        ValueError: `costs` is not two-dimensional, or contains NaN.

    Examples:
        >>> is_non_dominated(np.array([[1.0, 2], [2, 1], [2, 2], [1, 2]])).tolist()
        [True, True, False, True]

    Source: Kung, Luccio & Preparata 1975, through moocore.
    """
    costs = np.asarray(costs, dtype=float)
    if costs.ndim != 2:
        raise ValueError(f"costs must be two-dimensional, got shape {costs.shape}")
    if np.isnan(costs).any():
        raise ValueError("costs must not contain NaN; leave out rows that were not measured")
    if not len(costs):
        return np.zeros(0, dtype=bool)
    return np.asarray(moocore.is_nondominated(costs, keep_weakly=True), dtype=bool)


def hypervolume(costs: FloatArray, /, ref: FloatArray) -> float:
    """Compute the volume that the rows dominate, up to the reference point; 0 for no rows.

    Args:
        costs: shape (n, d), every column minimised.
        ref: shape (d,); rows beyond it count as nothing.
    Source: Guerreiro & Fonseca's algorithms, through moocore.

    Examples:
        >>> hypervolume(np.array([[1.0, 2], [2, 1]]), ref=np.array([3.0, 3]))
        3.0
    """
    if not len(costs):
        return 0.0
    return float(moocore.hypervolume(costs, ref=ref))


def greedy_set_cover(covers: BoolArray) -> IntArray:
    """Choose few columns that together mark every row that any column marks; most first.

    Args:
        covers: shape (rows, columns).
    Source: Chvátal 1979; at most 1 + ln(rows) times as many as necessary. Cost: O(rows · columns).
    """
    chosen: list[int] = []
    missing = covers.any(axis=1)
    counts = covers.sum(axis=0)  # of missing rows
    while missing.any():
        best = int(np.argmax(counts))
        chosen.append(best)
        found = missing & covers[:, best]
        counts -= covers[found].sum(axis=0)
        missing &= ~found
    return np.array(chosen, dtype=np.int64)
