"""The goal `best`: W(best) at least 1-ε of the largest W, the form of the paper's guarantee."""

import numpy as np

from bort.core.question import Question
from bort.search.arrays import BoolArray, FloatArray, IntArray
from bort.search.goals.base import AuditedClaim, SearchGoal
from bort.search.guide.picks import most_improving_w
from bort.search.knowledge import Knowledge
from bort.search.packing import best_bound
from bort.search.w_coefficient import log_gain


class Best(SearchGoal):
    """The goal `best`; its gap is the ln of how much larger than W(best) any W can be."""

    def __init__(self, question: Question) -> None:
        super().__init__(question)
        self.needs_errors = question.weights[2] > 0

    @property
    def allowed_gap(self) -> float:
        """δ' = -ln(1-ε), the largest gap that ε allows; infinite from ε = 1 on."""
        epsilon = self.question.epsilon
        return np.inf if epsilon >= 1 else -float(np.log1p(-epsilon))

    def gap(self, state: Knowledge) -> float:
        """Compute the ln of how much larger than W(best) any W can be."""
        return state.best_by_w()[1]

    def allows(self, gap: float) -> bool:
        """Whether the gap is at most δ'."""
        return gap <= self.allowed_gap

    def epsilon_of(self, gap: float) -> float:
        """Return 1 - exp(-gap), rounded up."""
        epsilon = float(-np.expm1(-gap))
        while epsilon < 1 and -np.log1p(-epsilon) < gap:
            epsilon = float(np.nextafter(epsilon, 1.0))
        return epsilon

    def pick(self, state: Knowledge, limit: int) -> int | None:
        """Alternate between the largest upper bound on W and the largest gain or improvement.

        What begun evaluations will settle, whatever their errors, is left to them.
        """
        if not self.needs_errors:
            rows = np.flatnonzero(state.is_open)
            return None if state.begun else _first_largest(state.log_gains, rows)
        upper, lower = state.log_w_bounds()
        rows = np.flatnonzero(self._contenders(upper, lower) & state.is_open)
        rows = state.that_test(rows[~self._is_promised(state, rows)])
        if not len(rows):  # certified if λ holds, but λ has not been tested yet
            return state.farthest_untested()
        if len(state.taken) % 2:
            return _first_largest(upper, rows)
        if limit < state.evaluation_bound and state.has_witness:
            model, observations = state.guide()
            weight, gains = self.question.weights[2], state.log_gains
            expected = [gains[i] - weight * np.log(observations[i].error) for i in state.begun]
            best = max([lower, *expected])
            return most_improving_w(state.problem, gains, weight, best, model, observations, rows)
        return _first_largest(state.log_gains, rows)  # the bound is based on this rule

    def thresholds(self, state: Knowledge) -> FloatArray:
        """Below the error with which W exceeds that of the best by more than ε."""
        if not self.needs_errors:
            return np.full(len(state.problem), -np.inf)
        lower = state.log_w_bounds()[1]
        return np.asarray((state.log_gains - lower - self.allowed_gap) / self.question.weights[2])

    def packing_number(self, state: Knowledge) -> int:
        """Count again whenever λ has risen."""
        if not self.needs_errors:
            return 1
        widths = [np.log(o.upper / o.lower) for o in state.observations.values()]
        return (1 + state.estimate.raises) * best_bound(
            state.problem,
            epsilon=self.question.epsilon,
            lipschitz=state.lipschitz,
            error_weight=self.question.weights[2],
            nugget=state.nugget,
            log_width=max(widths, default=0.0),
        )

    def is_limited_by_noise(self, state: Knowledge) -> bool:
        """Whether every contender has been evaluated and the intervals still overlap."""
        if not state.is_ready or not state.has_witness:
            return False
        return not (self._contenders(*state.log_w_bounds()) & state.is_open).any()

    def cover(self, state: Knowledge) -> IntArray | None:  # noqa: ARG002
        """Return None, because the answer is one architecture."""
        return None

    def audited(self, cover: IntArray, best: int) -> tuple[int, ...]:  # noqa: ARG002
        """Return only the best."""
        return (best,)

    @staticmethod
    def holds(claim: AuditedClaim, index: int) -> bool:
        """Check whether W of `index` is at most what ε allows."""
        gains = log_gain(claim.problem.size, claim.problem.latency, claim.weights)
        weight, best = claim.weights[2], claim.members[0]
        ours = gains[best] - weight * np.log(claim.observations[best].error)
        theirs = gains[index] - weight * np.log(claim.observations[index].error)
        if claim.epsilon >= 1 or theirs == -np.inf:
            return True
        return bool(ours >= np.log1p(-claim.epsilon) + theirs - 1e-9)

    def _is_promised(self, state: Knowledge, rows: IntArray) -> BoolArray:
        """Mark those of `rows` that cannot beat a begun one by more than ε: shape (n,)."""
        if not state.begun:
            return np.zeros(len(rows), dtype=bool)
        begun = np.array(state.begun)
        own = self.question.weights[2] * state.bounds.envelope.own_error_term(rows, begun)
        gains = state.log_gains
        promised = gains[rows, None] + own - gains[None, begun] <= self.allowed_gap
        return np.asarray(promised.any(axis=1))

    def _contenders(self, upper: FloatArray, lower: float) -> BoolArray:
        """Mark the architectures that may still beat the best by more than ε, shape (N,)."""
        return np.asarray((upper > -np.inf) & (upper > lower + self.allowed_gap))


def _first_largest(values: FloatArray, rows: IntArray) -> int:
    return int(rows[np.argmax(values[rows])])
