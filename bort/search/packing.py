"""Packing numbers bound the evaluations of a search; docs/guarantee.md has the proofs."""

import numpy as np

from bort.search.arrays import FloatArray, IntArray
from bort.search.problem import SearchProblem

_TOLERANCE = 1e-12  # ceil(3.0000000000000004) must be 3; absorbed by closed cells


def cover_bound(
    problem: SearchProblem, *, epsilon: float, lipschitz: FloatArray, nugget: float = 0.0
) -> int:
    """Bound how many architectures can be pairwise uncertified at ε: the smaller of two forms.

    The bounds of several families add.
    Cost: O(N log N), one pass over Ξ.
    """
    delta = float(np.log1p(epsilon))
    if delta <= nugget:
        return len(problem)
    total = 0
    for rows, part in problem.parts:
        occupied = occupied_cells(part, delta=delta, lipschitz=lipschitz, nugget=nugget)
        product = product_bound(part, delta=delta, lipschitz=lipschitz, nugget=nugget)
        total += min(len(rows), occupied, product)
    return total


def product_bound(
    problem: SearchProblem, *, delta: float, lipschitz: FloatArray, nugget: float = 0.0
) -> int:
    """Compute Π_k min(n_k, max(1, ⌈K μ_k L_k / δ⌉)), or N if no elasticities are known.

    With a nugget the error's share of μ_k is λ_k δ/(δ-τ), so its cells are narrower.
    """
    sizes, latencies = problem.size_elasticity, problem.latency_elasticity
    if sizes is None or latencies is None or np.isnan((sizes + latencies)[problem.matters]).any():
        return len(problem)
    slopes = np.maximum(np.maximum(sizes, latencies), lipschitz * delta / (delta - nugget))
    return _cells(problem, slopes / delta)


def occupied_cells(
    problem: SearchProblem, *, delta: float, lipschitz: FloatArray, nugget: float = 0.0
) -> int:
    """Count occupied cells (⌊ln p/δ⌋, ⌊ln i/δ⌋, ⌊K λ_k x_k/(δ-τ)⌋); needs no monotone costs."""
    rows = np.flatnonzero(problem.matters & (lipschitz > 0))
    columns = [np.floor(np.log(cost) / delta) for cost in (problem.size, problem.latency)]
    for k in rows:
        column = problem.coordinates[:, k]
        if not problem.categorical[k]:
            column = np.floor(len(rows) * lipschitz[k] * column / (delta - nugget))
        columns.append(column)
    return _distinct(columns)


def best_bound(
    problem: SearchProblem,
    *,
    epsilon: float,
    lipschitz: FloatArray,
    error_weight: float,
    nugget: float = 0.0,
    log_width: float = 0.0,
) -> int:
    """Compute 2 Π_k max(1, ⌈K w_e λ_k L_k / δ'⌉) + 1 with δ' = -ln(1-ε), at most N.

    The products of several families add.

    `log_width` is the widest interval, ln u - ln l. Noise and nugget both narrow the cells to
    δ' - w_e (τ + width); if that is not above 0, the bound is N.
    """
    if error_weight == 0 or epsilon >= 1:
        return 1
    cell_width = -float(np.log1p(-epsilon)) - error_weight * (nugget + log_width)
    if cell_width <= 0:
        return len(problem)
    slopes = error_weight * lipschitz / cell_width
    return min(len(problem), 2 * sum(_cells(part, slopes) for _, part in problem.parts) + 1)


def _cells(problem: SearchProblem, slopes: FloatArray) -> int:
    rows = np.flatnonzero(problem.matters)
    total = 1
    for k in rows:
        values = len(np.unique(problem.coordinates[:, k]))
        widths = np.ceil(len(rows) * slopes[k] * problem.extents[k] - _TOLERANCE)
        total *= values if problem.categorical[k] else min(values, max(1, int(widths)))
    return min(total, len(problem))


def _distinct(columns: list[FloatArray]) -> int:
    codes: IntArray = np.zeros(len(columns[0]), dtype=np.int64)
    for column in columns:
        _, column_codes = np.unique(column, return_inverse=True)
        _, codes = np.unique(codes * len(codes) + column_codes, return_inverse=True)
    return int(codes.max()) + 1
