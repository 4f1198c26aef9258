"""The cheapest Lipschitz envelope of evaluated pairs: a small linear programme.

Minimise Σ λ_k L_k subject to Σ λ_k |Δx_k| >= |Δ ln e| - τ for every pair, λ >= 0. It has K
variables and very many constraints, so we run the simplex method on the dual, whose basis is
K x K, and price the pairs without ever storing them. Adding pairs keeps the dual basis feasible:
the next solution starts where the last one ended.
"""

import numpy as np

from bort.search.arrays import BoolArray, FloatArray

_TOLERANCE = 1e-10
_BLOCK = 1 << 20  # pairs priced at once: bounds the memory


class CheapestEnvelope:
    """λ of least Σ λ_k L_k that all pairs seen so far satisfy.

    Args:
        extents: shape (K,), L_k > 0, the weight of λ_k in the objective.
        nugget: τ, what any pair may differ by besides.
    """

    def __init__(self, extents: FloatArray, *, nugget: float) -> None:
        self._extents = extents
        self._nugget = nugget
        self._basis = np.eye(len(extents))
        self._gains = np.zeros(len(extents))
        self.slopes: FloatArray = np.zeros(len(extents))

    def update(
        self,
        steps: FloatArray,
        gaps: FloatArray,
        *,
        points: FloatArray,
        log_errors: FloatArray,
        categorical: BoolArray,
    ) -> bool:
        """Take in the pairs of one new point; True where λ changed.

        Args:
            steps, gaps: shapes (n, K) and (n,): |Δx| and |Δ ln e| of the new pairs.
            points, log_errors: shapes (m, K) and (m,): all points, the new one among them.
            categorical: shape (K,).
        """
        violated = _most_violated(steps, gaps - self._nugget, self.slopes)
        if violated is None:
            return False
        for _ in range(100 * (1 + len(self._extents))):
            self._enter(*violated)
            negative = int(np.argmin(self.slopes))
            if self.slopes[negative] < -_TOLERANCE:
                violated = np.eye(len(self._extents))[negative], 0.0
                continue
            violated = self._price(points, log_errors, categorical)
            if violated is None:
                return True
        raise ArithmeticError("the simplex method did not end")  # pragma: no cover

    def _enter(self, column: FloatArray, gain: float) -> None:
        direction = np.linalg.solve(self._basis, column)
        amounts = np.linalg.solve(self._basis, self._extents)
        usable = direction > _TOLERANCE
        ratios = np.where(usable, amounts / np.where(usable, direction, 1.0), np.inf)
        leaving = int(np.argmin(ratios))
        self._basis[:, leaving] = column
        self._gains[leaving] = gain
        self.slopes = np.asarray(np.linalg.solve(self._basis.T, self._gains), dtype=float)

    def _price(
        self, points: FloatArray, log_errors: FloatArray, categorical: BoolArray
    ) -> tuple[FloatArray, float] | None:
        worst: tuple[FloatArray, float] | None = None
        worst_excess = _TOLERANCE
        rows = max(1, _BLOCK // max(1, len(points)))
        for start in range(0, len(points), rows):
            block = slice(start, start + rows)
            gaps = np.abs(log_errors[block, None] - log_errors[None, :]) - self._nugget
            told_apart = np.zeros(gaps.shape, dtype=bool)
            for k, slope in enumerate(self.slopes):
                step = np.abs(points[block, k, None] - points[None, :, k])
                told_apart |= step > 0
                gaps -= slope * ((step > 0) if categorical[k] else step)
            gaps[~told_apart] = -np.inf
            i, j = np.unravel_index(int(np.argmax(gaps)), gaps.shape)
            if gaps[i, j] > worst_excess:
                step = np.abs(points[start + i] - points[j])
                step = np.where(categorical, step > 0, step).astype(float)
                worst_excess = float(gaps[i, j])
                worst = step, float(abs(log_errors[start + i] - log_errors[j]) - self._nugget)
        return worst


def _most_violated(
    steps: FloatArray, gaps: FloatArray, slopes: FloatArray
) -> tuple[FloatArray, float] | None:
    told_apart = steps.any(axis=1)
    excess = np.where(told_apart, gaps - steps @ slopes, -np.inf)
    if not len(excess) or excess.max() <= _TOLERANCE:
        return None
    row = int(np.argmax(excess))
    return steps[row], float(gaps[row])
