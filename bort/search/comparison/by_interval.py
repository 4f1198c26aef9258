"""Compare errors by their intervals; a measured error is an interval of one point."""

from collections.abc import Mapping, Sequence

import numpy as np

from bort.search.arrays import BoolArray, FloatArray, IntArray
from bort.search.bounds import Envelope, Measured
from bort.search.comparison.progress import CoverGap, CoverTarget, IntervalGap
from bort.search.observation import Observation
from bort.search.pareto import is_non_dominated


class ByInterval:
    """The comparison of errors by their intervals."""

    def log_ratio_bounds(
        self, first: Observation, others: Sequence[Observation]
    ) -> tuple[FloatArray, FloatArray]:
        """Bound ln (first error / other error) and ln (other error / first error) from above.

        Returns:
            Two arrays of shape (m,).
        """
        lower, upper = (np.log([getattr(o, end) for o in others]) for end in ("lower", "upper"))
        return np.log(first.upper) - lower, upper - np.log(first.lower)

    def bounds(
        self, envelope: Envelope, observations: Mapping[int, Observation], *, delta: float | None
    ) -> "Bounds":
        """Build the bounds of a search; see `Bounds` for the arguments."""
        return Bounds(envelope, observations, delta=delta)


class Bounds:
    """Bounds on all errors, from the evaluations so far and one λ, or with everything evaluated.

    Args:
        envelope: lower bounds without any evaluation yet, or `Measured`.
        observations: by index, in their order. It may grow: `add` the new ones.
        delta: δ at which to mark what is certified; None if that is not needed.
    """

    def __init__(
        self, envelope: Envelope, observations: Mapping[int, Observation], *, delta: float | None
    ) -> None:
        self.problem = envelope.problem
        self.envelope = envelope
        self.target = None if delta is None else CoverTarget(envelope, delta, self._gap())
        self._observations = observations
        if self._uses_evaluations:
            for index, observation in observations.items():
                self.add(index, observation)

    def add(self, index: int, observation: Observation) -> None:
        """Add one evaluation. Cost O(N K)."""
        own = self.envelope.own_error_term(slice(None), np.array([index]))[:, 0]
        rose = np.zeros(len(own), dtype=bool)
        if observation.is_anchor:
            rose = self.envelope.raise_by(index, observation, own)
        self._compare(index, observation, own)
        if self.target is not None:
            self.target.add(index, observation, own, rose)

    @property
    def witnesses(self) -> list[int]:
        """Evaluated architectures that can be an answer, in the order of evaluation."""
        return [i for i, o in self._observations.items() if o.is_witness]

    def log_w(self, log_gains: FloatArray, error_weight: float) -> tuple[FloatArray, FloatArray]:
        """Bound ln W of all from above, shape (N,), and ln W of the witnesses from below."""
        upper = log_gains.copy()
        possible = upper > -np.inf
        if error_weight:
            upper[possible] -= error_weight * self.envelope.values[possible]
        upper[[i for i, o in self._observations.items() if o.is_excluded]] = -np.inf
        rows = self.witnesses
        errors = np.log([self._observations[i].upper for i in rows])
        return upper, log_gains[rows] - (error_weight * errors if error_weight else 0.0)

    def best_by_w(self, log_gains: FloatArray, error_weight: float) -> tuple[int, float]:
        """Find the witness with the best certified W, and ln of how much larger any W can be.

        Precondition: there is a witness.
        """
        upper, lower = self.log_w(log_gains, error_weight)
        best = self.witnesses[int(np.argmax(lower))]
        highest = float(upper.max())
        return best, 0.0 if highest == -np.inf else max(0.0, highest - float(lower.max()))

    def error_terms(self, rows: IntArray) -> FloatArray:
        """Bound ln e(row) / e(ξ) for each of `rows` and every ξ: shape (N, m)."""
        log_upper = np.log([self._observations[int(i)].upper for i in rows])
        error_terms = log_upper - self.envelope.values[:, None]
        return np.minimum(error_terms, self.envelope.own_error_term(slice(None), rows))

    def useful_witnesses(self) -> IntArray:
        """List the witnesses that are not superfluous, ascending; of equals, the lowest index.

        A witness c' is superfluous if another one c is no larger, no slower, and u(c) <= l(c').
        Dropping by *measured* error could lose the cover.
        """
        rows = np.array(sorted(self.witnesses), dtype=np.int64)
        costs = np.column_stack([self.problem.size[rows], self.problem.latency[rows]])
        lower = np.array([self._observations[int(i)].lower for i in rows])
        upper = np.array([self._observations[int(i)].upper for i in rows])
        if (lower == upper).all():
            points = np.column_stack([costs, upper])
            keep = is_non_dominated(points)
            _, first = np.unique(points[keep], axis=0, return_index=True)
            return np.sort(rows[keep][first])
        return rows[~_is_beaten_for_sure(costs, lower, upper)]

    @property
    def _uses_evaluations(self) -> bool:
        """Whether the bounds depend on more than the measured errors."""
        return not isinstance(self.envelope, Measured)

    def _gap(self) -> CoverGap:
        return IntervalGap(self.envelope)

    def _compare(self, index: int, observation: Observation, own: FloatArray) -> None:
        """Compare a new evaluation with the others."""


def _is_beaten_for_sure(costs: FloatArray, lower: FloatArray, upper: FloatArray) -> BoolArray:
    beaten = np.zeros(len(costs), dtype=bool)
    for row in range(len(costs)):
        beats = (costs <= costs[row]).all(axis=1) & (upper <= lower[row])
        equal = (costs == costs[row]).all(axis=1) & (upper == lower) & (upper == lower[row])
        equal &= upper[row] == lower[row]
        beats[row:] &= ~equal[row:]  # of equals, the first one stays
        beats[row] = False
        beaten[row] = beats.any()
    return beaten
