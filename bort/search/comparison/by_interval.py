"""Errors compared each by itself: as measured, where an interval is a point, or by intervals."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from bort.search.arrays import BoolArray, FloatArray, IntArray
from bort.search.bounds import Envelope
from bort.search.observation import Observation
from bort.search.pareto import is_non_dominated
from bort.search.problem import SearchProblem

if TYPE_CHECKING:
    from bort.search.comparison.by_pair import PairGap, PairTerms
    from bort.search.state import SearchState

_CELLS = 1 << 19  # pairs (stale architecture, witness) handled at once: bounds the memory


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

    def pair_terms(self, problem: SearchProblem) -> "PairTerms | None":  # noqa: ARG002
        """What direct comparisons tell; None where there are none."""
        return None

    def cover_gap(self, envelope: Envelope, pairs: "PairTerms | None") -> "IntervalGap | PairGap":  # noqa: ARG002
        """What keeps the anytime ε of a cover up to date."""
        return IntervalGap(envelope)

    def best_room(self, state: "SearchState") -> tuple[int, float]:
        """The witness whose W is certified best, and ln of how much larger any W can be.

        Precondition: there is a witness.
        """
        upper, lower = state.log_w_bounds()
        rows = state.witnesses
        best = rows[int(np.argmax(state.log_w_lower(rows)))]
        highest = float(upper.max())
        return best, 0.0 if highest == -np.inf else max(0.0, highest - lower)

    def error_terms(self, state: "SearchState", rows: IntArray) -> FloatArray:
        """ln of how much more wrong each of `rows` can be than each architecture: shape (N, m)."""
        envelope = state.bounds.envelope
        log_upper = np.log([state.observations[int(i)].upper for i in rows])
        error_terms = log_upper - envelope.values[:, None]
        return np.minimum(error_terms, envelope.own_error_term(slice(None), rows))

    def useful_witnesses(self, state: "SearchState") -> IntArray:
        """Witnesses that no other one makes superfluous, the lowest index of equals: ascending.

        Another one makes it superfluous: no larger, no slower, and u(c) <= l(c'). Dropping by
        *measured* error could lose the cover.
        """
        rows = np.array(sorted(state.witnesses), dtype=np.int64)
        costs = np.column_stack([state.problem.size[rows], state.problem.latency[rows]])
        lower = np.array([state.observations[int(i)].lower for i in rows])
        upper = np.array([state.observations[int(i)].upper for i in rows])
        if (lower == upper).all():
            points = np.column_stack([costs, upper])
            keep = is_non_dominated(points)
            _, first = np.unique(points[keep], axis=0, return_index=True)
            return np.sort(rows[keep][first])
        return rows[~_is_beaten_for_sure(costs, lower, upper)]


class IntervalGap:
    """g(ξ), the least δ at which ξ is certified; ε* = exp(max g) - 1.

    After an evaluation g falls to the new witness's term, and goes stale where ℓ rose: a stale g
    is an upper bound, so only stale maxima are recomputed until the maximum is fresh.
    Source: ours; docs/search.md, "The anytime epsilon".
    """

    def __init__(self, envelope: Envelope) -> None:
        problem = envelope.problem
        self._envelope = envelope
        self._log_size = np.log(problem.size)
        self._log_latency = np.log(problem.latency)
        self._gap: FloatArray = np.full(len(problem), np.inf)
        self._stale = np.zeros(len(problem), dtype=bool)
        self._witnesses: list[int] = []
        self._log_uppers: list[float] = []
        self._largest: float | None = None

    def add(self, index: int, observation: Observation, own: FloatArray, rose: BoolArray) -> None:
        """Take in one evaluation, after ℓ has been raised by it.

        Args:
            own: shape (N,), its own error term to all.
            rose: shape (N,), where ℓ rose.
        """
        self._largest = None
        self._stale |= rose
        if observation.is_witness:
            self._witnesses.append(index)
            self._log_uppers.append(float(np.log(observation.upper)))
            error_term = np.minimum(own, self._log_uppers[-1] - self._envelope.values)
            gap = np.maximum(error_term, 0.0)
            np.maximum(gap, self._log_size[index] - self._log_size, out=gap)
            np.maximum(gap, self._log_latency[index] - self._log_latency, out=gap)
            np.minimum(self._gap, gap, out=self._gap)
        # An evaluated architecture covers itself; a diverged one is left out of the claim.
        self._gap[index] = 0.0
        self._stale[index] = False

    def largest(self) -> float:
        """The largest g, exact."""
        if self._largest is None:
            self._largest = self._find_largest()
        return self._largest

    def certified_besides(self, delta: float) -> BoolArray | bool:  # noqa: ARG002
        """Where δ is certified by more than `CoverTarget` knows: nowhere."""
        return False

    def _find_largest(self) -> float:
        while True:
            fresh = np.where(self._stale, -np.inf, self._gap)
            best = float(fresh.max())
            candidates = np.flatnonzero(self._stale & (self._gap >= best))
            if not len(candidates):
                return best
            batch = max(1, _CELLS // max(1, len(self._witnesses)))
            if len(candidates) > batch:
                order = np.argpartition(-self._gap[candidates], batch)[:batch]
                candidates = candidates[order]
            self._refresh(candidates)

    def _refresh(self, rows: IntArray) -> None:
        lower = self._envelope.values[rows]
        self._gap[rows] = np.inf
        size = max(1, _CELLS // len(rows))
        for start in range(0, len(self._witnesses), size):
            some = np.array(self._witnesses[start : start + size])
            uppers = np.array(self._log_uppers[start : start + size])
            gap = np.maximum(self._envelope.own_error_term(rows, some), 0.0)
            np.minimum(gap, np.maximum(uppers - lower[:, None], 0.0), out=gap)
            for log_cost in (self._log_size, self._log_latency):
                np.maximum(gap, log_cost[some] - log_cost[rows][:, None], out=gap)
            self._gap[rows] = np.minimum(self._gap[rows], gap.min(axis=1))
        self._stale[rows] = False


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
