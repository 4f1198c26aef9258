"""How fast the error can change: λ given, or estimated from the evaluated pairs."""

from dataclasses import dataclass

import numpy as np

from bort.search.arrays import FloatArray
from bort.search.envelope_lp import CheapestEnvelope
from bort.search.observation import Observation
from bort.search.problem import SearchProblem

SAFETY_FACTOR = 2.0  # measured: see docs/search.md, "How often the estimate was wrong"
LEAST_SHARE = 0.5  # of the mean effect over a dimension's extent; measured: see the same
TOLERANCE = 1e-9  # a pair that defines the envelope must not count as violating it


@dataclass(frozen=True, slots=True)
class Violation:
    """An evaluated architecture whose error lay outside what λ predicted.

    Attributes:
        index: the architecture.
        excess: by how much ln e lay outside.
        evaluation: how many sources had been seen before it.
    """

    index: int
    excess: float
    evaluation: int


class LipschitzEstimate:
    """λ in force, and the record of its predictions. Violations are never erased.

    Feed it the evaluations in their order. A given λ stays as given. An estimated one is the
    cheapest envelope of all pairs times `SAFETY_FACTOR`, it only rises, and it is None until
    every dimension that varies has been told apart by evaluated pairs (`spans`, shape (r, K'),
    holds independent differences of pairs over the K' dimensions that vary).
    Cost per evaluation: O(|C| K), and O(|C|² K) per pivot where the envelope must rise.
    """

    def __init__(
        self, problem: SearchProblem, *, given: FloatArray | None = None, nugget: float = 0.0
    ) -> None:
        self._problem = problem
        self._rows = np.flatnonzero(problem.matters)
        self._points = np.empty((0, len(problem.names)))
        self._bounds = np.empty((0, 3))  # ln lower, ln error, ln upper
        self._envelope = CheapestEnvelope(problem.extents[self._rows], nugget=nugget)
        self.spans = np.empty((0, len(self._rows)))
        self.nugget = nugget
        self.is_given = given is not None
        self.in_force: FloatArray | None = given
        self.predictions = 0
        self.raises = 0
        self.violations: list[Violation] = []

    @property
    def sources(self) -> int:
        """Number of evaluations that bound others."""
        return len(self._points)

    @property
    def pairs(self) -> int:
        """Number of evaluated pairs behind λ."""
        return self.sources * (self.sources - 1) // 2

    @property
    def worst_excess(self) -> float:
        """Largest violation in ln e, 0 where none."""
        return max((v.excess for v in self.violations), default=0.0)

    @property
    def envelope_slopes(self) -> FloatArray:
        """The cheapest envelope itself, without factor or floor, over the varying dimensions."""
        return self._envelope.slopes

    @property
    def predictions_wanted(self) -> int:
        """Predictions to be made before an estimated λ may certify: one per varying dimension."""
        return 0 if self.is_given else len(self._rows)

    @property
    def is_tested(self) -> bool:
        """λ is known, and an estimate has met as many new errors as it needs to."""
        return self.in_force is not None and self.predictions >= self.predictions_wanted

    def observe(self, index: int, observation: Observation) -> bool:
        """Check the prediction for `index`, then learn from it; True where λ changed."""
        if not observation.is_source:
            return False
        point = self._problem.coordinates[index]
        bounds = np.log([observation.lower, observation.error, observation.upper])
        steps = self._problem.differences(self._points, point)
        self._check(index, steps, bounds)
        self._points = np.vstack([self._points, point])
        self._bounds = np.vstack([self._bounds, bounds])
        return False if self.is_given else self._estimate(steps, float(bounds[1]))

    def _check(self, index: int, steps: FloatArray, bounds: FloatArray) -> None:
        if self.in_force is None or not self.sources:
            return
        reach = steps @ self.in_force + self.nugget
        above = bounds[0] - np.min(self._bounds[:, 2] + reach)
        below = np.max(self._bounds[:, 0] - reach) - bounds[2]
        excess = float(max(above, below))
        self.predictions += 1
        if excess > TOLERANCE:
            self.violations.append(Violation(index, excess, self.sources))

    def _estimate(self, steps: FloatArray, log_error: float) -> bool:
        self.spans = _independent_rows(np.vstack([self.spans, steps[:, self._rows]]))
        rows = self._points[:, self._rows], self._bounds[:, 1]
        rises = self._envelope.update(
            steps[:, self._rows],
            np.abs(self._bounds[:-1, 1] - log_error),
            points=rows[0],
            log_errors=rows[1],
            categorical=self._problem.categorical[self._rows],
        )
        if len(self.spans) < len(self._rows) or not (rises or self.in_force is None):
            return False
        estimate = np.zeros(len(self._problem.names))
        estimate[self._rows] = SAFETY_FACTOR * self._slopes()
        if self.in_force is None:
            self.in_force = estimate
            return True
        if (estimate <= self.in_force).all():
            return False
        self.in_force = np.maximum(self.in_force, estimate)
        self.raises += 1
        return True

    def _slopes(self) -> FloatArray:
        # A dimension that made no difference where it was tried may make one elsewhere.
        extents = self._problem.extents[self._rows]
        effects = self._envelope.slopes * extents
        return np.asarray(
            np.maximum(effects, LEAST_SHARE * effects.sum() / max(1, len(effects))) / extents
        )


def _independent_rows(steps: FloatArray) -> FloatArray:
    """Some rows of `steps` that span the same space: at most K of them. O(n K²)."""
    chosen: list[FloatArray] = []
    residual = steps / np.maximum(np.abs(steps).max(axis=0, initial=0.0), 1e-300)
    for _ in range(steps.shape[1]):
        norms = np.einsum("nk,nk->n", residual, residual)
        best = int(np.argmax(norms)) if len(norms) else -1
        if best < 0 or norms[best] < 1e-12:
            break
        chosen.append(steps[best])
        direction = residual[best] / np.sqrt(norms[best])
        residual = residual - np.outer(residual @ direction, direction)
    return np.array(chosen).reshape(len(chosen), steps.shape[1])
