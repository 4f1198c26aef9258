"""The lower bound ℓ(ξ): the smallest possible ln e(ξ), given the evaluated architectures."""

from abc import ABC, abstractmethod
from collections.abc import Mapping

import numpy as np

from bort.search.arrays import BoolArray, FloatArray, IntArray
from bort.search.observation import Observation
from bort.search.problem import SearchProblem


class Envelope(ABC):
    """The lower bound on ln e of every architecture.

    Attributes:
        values: ℓ, shape (N,); -inf where nothing is known.
    """

    problem: SearchProblem
    values: FloatArray

    @abstractmethod
    def own_error_term(self, rows: IntArray | slice, others: IntArray) -> FloatArray:
        """Bound the ln of e(c) / e(ξ), with c as its own witness: shape (n, m)."""

    @abstractmethod
    def raise_by(self, index: int, observation: Observation, own: FloatArray) -> BoolArray:
        """Add one anchor, `own` being its `own_error_term` to all; mark where ℓ rose."""


class Measured(Envelope):
    """Bounds from the measured errors alone: no error bounds another, so λ is not needed."""

    def __init__(self, problem: SearchProblem, observations: Mapping[int, Observation]) -> None:
        self.problem = problem
        self.values = np.full(len(problem), -np.inf)
        indices = np.fromiter(observations, dtype=np.int64, count=len(observations))
        self.values[indices] = np.log([o.lower for o in observations.values()])

    def own_error_term(self, rows: IntArray | slice, others: IntArray) -> FloatArray:
        """Return infinity: errors bound nothing else."""
        return np.broadcast_to(np.inf, (len(self.values[rows]), len(others)))

    def raise_by(self, index: int, observation: Observation, own: FloatArray) -> BoolArray:  # noqa: ARG002
        """Raise ℓ only at the anchor itself."""
        self.values[index] = np.log(observation.lower)
        return np.zeros(len(self.problem), dtype=bool)


class LowerEnvelope(Envelope):
    """The lower bound on ln e of every architecture, raised by each evaluation.

    ℓ(ξ) is the largest of ln l(c) - d(c, ξ) - τ over the anchors c, and of ln l(c) - ln(1+σ)
    over the anchors at least as large, if a slack σ is given. Monotone bounds never chain. Both
    are ln l(c) minus c's own error term. At an evaluated anchor, ℓ is its own ln l.
    Memory O(N), cost O(N K) per evaluation.

    Attributes:
        values: shape (N,); -inf where nothing is known.
    """

    def __init__(
        self,
        problem: SearchProblem,
        *,
        lipschitz: FloatArray,
        nugget: float = 0.0,
        slack: float | None = None,
    ) -> None:
        self.problem = problem
        self.lipschitz = lipschitz
        self.nugget = nugget
        self.log_slack = None if slack is None else float(np.log1p(slack))
        self.values: FloatArray = np.full(len(problem), -np.inf)
        self._own = np.zeros(len(problem), dtype=bool)

    def reach(self, rows: IntArray | slice, others: IntArray) -> FloatArray:
        """Compute d(c, ξ) + τ from every row ξ to every other c: shape (n, m)."""
        return self.problem.distance(rows, others, self.lipschitz) + self.nugget

    def own_error_term(self, rows: IntArray | slice, others: IntArray) -> FloatArray:
        """Bound the ln of e(c) / e(ξ), with c as its own witness: shape (n, m)."""
        own = self.reach(rows, others)
        if self.log_slack is None:
            return own
        smaller = self.problem.is_no_larger(rows, others)
        return np.where(smaller, np.minimum(own, self.log_slack), own)

    def raise_by(self, index: int, observation: Observation, own: FloatArray) -> BoolArray:
        """Add one anchor, `own` being its `own_error_term` to all; mark where ℓ rose."""
        log_lower = float(np.log(observation.lower))
        bound = log_lower - own
        rose = (bound > self.values) & ~self._own
        self.values[rose] = bound[rose]
        self.values[index] = log_lower
        self._own[index] = True
        return rose


def monotone_record(
    problem: SearchProblem, observations: Mapping[int, Observation]
) -> tuple[int, float]:
    """Count comparable pairs of anchors, and find their worst ln l(larger) - ln u(smaller).

    The worst is -inf if no two are comparable. Cost: O(|C|² K).
    """
    rows = np.array([i for i, o in observations.items() if o.is_anchor], dtype=np.int64)
    comparable = problem.is_no_larger(rows, rows)
    np.fill_diagonal(comparable, False)
    lower = np.log([observations[int(i)].lower for i in rows])
    upper = np.log([observations[int(i)].upper for i in rows])
    excess = np.where(comparable, lower[None, :] - upper[:, None], -np.inf)
    return int(comparable.sum()), float(excess.max(initial=-np.inf))
