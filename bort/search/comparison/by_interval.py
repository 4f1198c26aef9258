"""Errors compared each by itself: as measured, where an interval is a point, or by intervals."""

from collections.abc import Mapping, Sequence

import numpy as np

from bort.search.arrays import BoolArray, FloatArray, IntArray
from bort.search.bounds import Envelope, Measured
from bort.search.comparison.progress import CoverGap, CoverTarget, IntervalGap
from bort.search.observation import Observation
from bort.search.pareto import is_non_dominated


class ByInterval:
    """Two errors are as far apart as their intervals allow."""

    def log_ratio_bounds(
        self, first: Observation, others: Sequence[Observation]
    ) -> tuple[FloatArray, FloatArray]:
        """Upper bounds on ln (first error / other error) and on ln (other error / first error).

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
        envelope: the lower bounds, with nothing taken in yet, or `Measured`.
        observations: by index, in their order. It may grow: `add` what is new.
        delta: δ at which to tell who is certified; None where nobody asks.
    """

    def __init__(
        self, envelope: Envelope, observations: Mapping[int, Observation], *, delta: float | None
    ) -> None:
        self.problem = envelope.problem
        self.envelope = envelope
        self.target = None if delta is None else CoverTarget(envelope, delta, self._gap())
        self._observations = observations
        if self._takes_in_all:
            for index, observation in observations.items():
                self.add(index, observation)

    def add(self, index: int, observation: Observation) -> None:
        """Take in one evaluation. Cost O(N K)."""
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
        """Upper bounds on ln W of all, shape (N,), and lower bounds on that of the witnesses."""
        upper = log_gains.copy()
        possible = upper > -np.inf
        if error_weight:
            upper[possible] -= error_weight * self.envelope.values[possible]
        upper[[i for i, o in self._observations.items() if o.is_excluded]] = -np.inf
        rows = self.witnesses
        errors = np.log([self._observations[i].upper for i in rows])
        return upper, log_gains[rows] - (error_weight * errors if error_weight else 0.0)

    def best_room(self, log_gains: FloatArray, error_weight: float) -> tuple[int, float]:
        """The witness whose W is certified best, and ln of how much larger any W can be.

        Precondition: there is a witness.
        """
        upper, lower = self.log_w(log_gains, error_weight)
        best = self.witnesses[int(np.argmax(lower))]
        highest = float(upper.max())
        return best, 0.0 if highest == -np.inf else max(0.0, highest - float(lower.max()))

    def error_terms(self, rows: IntArray) -> FloatArray:
        """ln of how much more wrong each of `rows` can be than each architecture: shape (N, m)."""
        log_upper = np.log([self._observations[int(i)].upper for i in rows])
        error_terms = log_upper - self.envelope.values[:, None]
        return np.minimum(error_terms, self.envelope.own_error_term(slice(None), rows))

    def useful_witnesses(self) -> IntArray:
        """Witnesses that no other one makes superfluous, the lowest index of equals: ascending.

        Another one makes it superfluous: no larger, no slower, and u(c) <= l(c'). Dropping by
        *measured* error could lose the cover.
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
    def _takes_in_all(self) -> bool:
        """There is something to build up; measured errors stand as they are."""
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
        beats[row:] &= ~equal[row:]  # of equals the first stays
        beats[row] = False
        beaten[row] = beats.any()
    return beaten
