"""The goal `cover`: every architecture has an evaluated one within 1+ε of it in all objectives."""

from typing import TYPE_CHECKING

import numpy as np

from bort.search.arrays import BoolArray, FloatArray, IntArray
from bort.search.bounds import Envelope
from bort.search.comparison.by_interval import IntervalGap
from bort.search.comparison.by_pair import PairGap
from bort.search.goals.base import SearchGoal
from bort.search.guide.design import farthest_point
from bort.search.guide.picks import most_certifying, most_improving_front
from bort.search.observation import Observation
from bort.search.packing import cover_bound

if TYPE_CHECKING:
    from bort.search.state import SearchState

# Gains shrink as the search goes on: so many times more evaluations may be needed than if every
# pick certified as many as the next one. Measured: docs/search.md, "What is picked".
SHRINKAGE = 8.0
_MAX_CELLS = 20_000_000  # bytes of the who-covers-whom table; beyond it nothing is thinned


class Cover(SearchGoal):
    """Its gap is the least δ at which every architecture is certified."""

    def gap(self, state: "SearchState") -> float:
        """The largest δ that any architecture needs."""
        if state.is_exhausted:
            return 0.0
        target = state.bounds.target
        assert target is not None
        return target.gap.largest()

    def target(self, envelope: Envelope, gap: IntervalGap | PairGap) -> "CoverTarget":
        """Who is certified at ε."""
        return CoverTarget(envelope, self.delta, gap)

    def pick(self, state: "SearchState", limit: int) -> int:
        """The uncertified one that certifies most others, or improves the front most.

        The latter where the goal is out of reach: then what is left had better improve the front.
        """
        bounds = state.bounds
        assert bounds.target is not None
        uncertified = np.flatnonzero(bounds.target.uncertified & state.is_open)
        if not len(uncertified):  # certified if λ holds, but λ has not been tested yet
            return farthest_point(state.problem, state.observations)
        pick, gain = most_certifying(
            bounds.envelope,
            uncertified,
            state.observations,
            delta=self.delta,
            best_log_error=bounds.target.best_log_error,
        )
        remaining = limit - len(state.observations)
        if SHRINKAGE * len(uncertified) > remaining * max(gain, 1) and state.has_witness:
            return most_improving_front(state.problem, state.observations, uncertified)
        return pick

    def packing_number(self, state: "SearchState") -> int:
        """Most architectures that are pairwise uncertified at ε."""
        return cover_bound(
            state.problem,
            epsilon=self.question.epsilon,
            lipschitz=state.lipschitz,
            nugget=state.nugget,
        )

    def cover(self, state: "SearchState") -> IntArray:
        """Few that cover all at ε."""
        return reduced_cover(state)


class CoverTarget:
    """The goal `cover` at δ = ln(1+ε): three columns of length N, updated in O(N K).

    Attributes:
        delta: δ.
        gap: the anytime ε, which may certify more.
        near: shape (N,); evaluated, or certified by a witness that needs no other's error.
        best_log_error: shape (N,); the least ln u(c) among the witnesses that are at most (1+ε)
            times as large and as slow.
    """

    def __init__(self, envelope: Envelope, delta: float, gap: IntervalGap | PairGap) -> None:
        problem = envelope.problem
        self._envelope = envelope
        self.gap = gap
        self.delta = delta
        self._log_size = np.log(problem.size)
        self._log_latency = np.log(problem.latency)
        self.near: BoolArray = np.zeros(len(problem), dtype=bool)
        self.best_log_error: FloatArray = np.full(len(problem), np.inf)

    def is_cheap_enough(self, index: int) -> BoolArray:
        """Where architecture `index` is at most (1+ε) times as large and as slow: shape (N,)."""
        size_is_fine = self._log_size[index] - self._log_size <= self.delta
        latency_is_fine = self._log_latency[index] - self._log_latency <= self.delta
        return np.asarray(size_is_fine & latency_is_fine)

    def add(self, index: int, observation: Observation, own: FloatArray, rose: BoolArray) -> None:
        """Take in one evaluation, after ℓ has been raised by it.

        Args:
            own: shape (N,), its own error term to all.
            rose: shape (N,), where ℓ rose.
        """
        self.gap.add(index, observation, own, rose)
        if observation.is_witness:
            cheap = self.is_cheap_enough(index)
            self.near |= cheap & (own <= self.delta)
            log_upper = float(np.log(observation.upper))
            better = cheap & (self.best_log_error > log_upper)
            self.best_log_error[better] = log_upper
        self.near[index] = True

    @property
    def uncertified(self) -> BoolArray:
        """Shape (N,)."""
        covered = self.best_log_error - self._envelope.values <= self.delta
        return ~(self.near | covered | self.gap.certified_besides(self.delta))


def reduced_cover(state: "SearchState") -> IntArray:
    """Indices, ascending, of evaluated architectures that certify all others at ε.

    First what another one makes superfluous is dropped, then greedily the fewest are kept that
    certify every architecture of the space, each re-checked by the definition at the full ε.
    Precondition: the cover is certified at ε.
    """
    rows = state.comparison.useful_witnesses(state)
    if len(rows) * len(state.problem) > _MAX_CELLS:
        return rows
    return np.sort(rows[_greedy_set_cover(_covers(state, rows))])


def _covers(state: "SearchState", rows: IntArray) -> BoolArray:
    """Whether each of `rows` certifies each architecture at ε: shape (N or fewer, len(rows))."""
    problem, delta = state.problem, state.goal.delta
    covers = state.comparison.error_terms(state, rows) <= delta
    for cost in (np.log(problem.size), np.log(problem.latency)):
        covers &= cost[rows][None, :] - cost[:, None] <= delta
    covers[rows, np.arange(len(rows))] = True
    excluded = [i for i, o in state.observations.items() if o.is_excluded]
    return np.asarray(np.delete(covers, excluded, axis=0))


def _greedy_set_cover(covers: BoolArray) -> IntArray:
    chosen: list[int] = []
    missing = covers.any(axis=1)
    while missing.any():
        best = int(np.argmax(covers[missing].sum(axis=0)))
        chosen.append(best)
        missing &= ~covers[:, best]
    return np.array(chosen, dtype=np.int64)
