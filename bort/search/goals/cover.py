"""The goal `cover`: every architecture has an evaluated one within 1+ε of it in all objectives."""

import numpy as np

from bort.search.arrays import BoolArray, FloatArray, IntArray
from bort.search.goals.base import SearchGoal
from bort.search.guide.picks import most_certifying, most_improving_front
from bort.search.knowledge import Knowledge
from bort.search.packing import cover_bound
from bort.search.pareto import greedy_set_cover

# Gains shrink as the search proceeds, so it may need this many times the evaluations that it would
# need if every pick certified as many as the next one. docs/guarantee.md, "What is picked".
SHRINKAGE = 8.0
_MAX_CELLS = 20_000_000  # bytes of the who-covers-whom table; beyond it nothing is thinned


class Cover(SearchGoal):
    """The goal `cover`; its gap is the least δ at which every architecture is certified."""

    def gap(self, state: Knowledge) -> float:
        """The largest δ that any architecture needs."""
        if state.is_exhausted:
            return 0.0
        target = state.bounds.target
        assert target is not None
        return target.gap.largest()

    @property
    def tracked_delta(self) -> float:
        """The δ of the goal."""
        return self.delta

    def pick(self, state: Knowledge, limit: int) -> int | None:
        """Choose the uncertified one that certifies most others, or improves the front most.

        If the budget cannot reach the goal, the rest of it is spent on improving the front. What
        begun evaluations will certify, whatever their errors, is left to them.
        """
        bounds = state.bounds
        assert bounds.target is not None
        open_rows = np.flatnonzero(bounds.target.uncertified & state.is_open)
        uncertified = state.that_test(open_rows[~_is_promised(state, open_rows, self.delta)])
        if not len(uncertified):  # certified if λ holds, but λ has not been tested yet
            return state.farthest_untested()
        model, observations = state.guide()
        pick, gain = most_certifying(
            model,
            bounds.envelope,
            uncertified,
            observations,
            delta=self.delta,
            best_log_error=bounds.target.best_log_error,
        )
        remaining = limit - len(observations)
        if SHRINKAGE * len(uncertified) > remaining * max(gain, 1) and state.has_witness:
            return most_improving_front(model, state.problem, observations, uncertified)
        return pick

    def thresholds(self, state: Knowledge) -> FloatArray:
        """Below the best error among small and fast enough witnesses, divided by 1+ε."""
        target = state.bounds.target
        assert target is not None
        return np.asarray(target.best_log_error - self.delta)

    def packing_number(self, state: Knowledge) -> int:
        """Bound the number of architectures that are pairwise uncertified at ε."""
        return cover_bound(
            state.problem,
            epsilon=self.question.epsilon,
            lipschitz=state.lipschitz,
            nugget=state.nugget,
        )

    def cover(self, state: Knowledge) -> IntArray:
        """Choose a few evaluated architectures that cover all at ε."""
        return reduced_cover(state, self.delta)


def _is_promised(state: Knowledge, rows: IntArray, delta: float) -> BoolArray:
    """Mark those of `rows` that a begun evaluation will certify whatever its error: shape (n,)."""
    if not state.begun:
        return np.zeros(len(rows), dtype=bool)
    begun = np.array(state.begun)
    promised = state.bounds.envelope.own_error_term(rows, begun) <= delta
    for cost in (np.log(state.problem.size), np.log(state.problem.latency)):
        promised &= cost[begun][None, :] - cost[rows, None] <= delta
    return np.asarray(promised.any(axis=1))


def reduced_cover(state: Knowledge, delta: float) -> IntArray:
    """Choose evaluated architectures that certify all others at ε; indices, ascending.

    First, superfluous ones are dropped. Then a greedy choice keeps few that together certify every
    architecture of the space; each is checked again by the definition at the full ε.
    Precondition: the cover is certified at ε.
    """
    rows = state.bounds.useful_witnesses()
    if len(rows) * len(state.problem) > _MAX_CELLS:
        return rows
    return np.sort(rows[greedy_set_cover(_covers(state, rows, delta))])


def _covers(state: Knowledge, rows: IntArray, delta: float) -> BoolArray:
    """Mark which of `rows` certify which architecture at ε: shape (N or fewer, len(rows))."""
    problem = state.problem
    covers = state.bounds.error_terms(rows) <= delta
    for cost in (np.log(problem.size), np.log(problem.latency)):
        covers &= cost[rows][None, :] - cost[:, None] <= delta
    covers[rows, np.arange(len(rows))] = True
    return np.asarray(np.delete(covers, state.excluded, axis=0))


class Everything(SearchGoal):
    """A goal that evaluates every architecture and so assumes nothing."""

    needs_bounds = False

    def gap(self, state: Knowledge) -> float:
        """Return 0 once everything is evaluated, else infinity."""
        return 0.0 if state.is_exhausted else np.inf

    def pick(self, state: Knowledge, limit: int) -> int | None:  # noqa: ARG002
        """Choose the first architecture that is neither evaluated nor begun."""
        return int(np.argmax(state.is_open))

    def thresholds(self, state: Knowledge) -> FloatArray:
        """Return -inf: everything is evaluated."""
        return np.full(len(state.problem), -np.inf)

    def packing_number(self, state: Knowledge) -> int:
        """Return N."""
        return len(state.problem)

    def cover(self, state: Knowledge) -> IntArray:
        """Choose a few evaluated architectures that cover all at ε."""
        return reduced_cover(state, self.delta)
