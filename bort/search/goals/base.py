"""What a goal decides: when it is reached, what to evaluate next, what the answer is."""

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

import numpy as np

from bort.core.question import Question
from bort.search.arrays import IntArray
from bort.search.bounds import Envelope
from bort.search.comparison.by_interval import IntervalGap
from bort.search.comparison.by_pair import PairGap

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bort.search.audit import AuditPlan
    from bort.search.goals.cover import CoverTarget
    from bort.search.observation import Observation
    from bort.search.problem import SearchProblem
    from bort.search.state import SearchState


class SearchGoal(ABC):
    """One goal at one question's ε and weights. It holds no evaluations: a state does.

    A gap is what is missing to certainty, in logarithms: 0 certifies ε = 0, infinity nothing.

    Attributes:
        needs_errors: errors count at all.
        needs_bounds: unevaluated architectures are bounded, by λ; else everything is evaluated.
    """

    needs_errors = True
    needs_bounds = True

    def __init__(self, question: Question) -> None:
        self.question = question

    @property
    def needs_lipschitz(self) -> bool:
        """Nothing can be certified while λ is unknown."""
        return self.needs_errors and self.needs_bounds

    @property
    def delta(self) -> float:
        """δ = ln(1+ε)."""
        return float(np.log1p(self.question.epsilon))

    @abstractmethod
    def gap(self, state: "SearchState") -> float:
        """What is missing to certainty. Precondition: there is a witness, and λ was tested."""

    def allows(self, gap: float) -> bool:
        """The gap is no wider than ε allows."""
        return gap <= self.delta

    def epsilon_of(self, gap: float) -> float:
        """The ε that a gap certifies."""
        return float(np.expm1(gap))

    @abstractmethod
    def pick(self, state: "SearchState", limit: int) -> int:
        """The next architecture to evaluate, with `limit` evaluations in all; deterministic."""

    @abstractmethod
    def packing_number(self, state: "SearchState") -> int:
        """Evaluations that the goal needs at most under λ, besides design and tests."""

    def is_limited_by_noise(self, state: "SearchState") -> bool:  # noqa: ARG002
        """Nothing is left to evaluate, and wide intervals alone keep the goal out of reach."""
        return False

    def target(
        self,
        envelope: Envelope,  # noqa: ARG002
        gap: "IntervalGap | PairGap",  # noqa: ARG002
    ) -> "CoverTarget | None":
        """What keeps up to date who is certified at ε; None where the goal needs no such list."""
        return None

    @abstractmethod
    def cover(self, state: "SearchState") -> IntArray | None:
        """The ε-cover that the answer names; None where the goal names none."""

    def audited(self, cover: IntArray, best: int) -> tuple[int, ...]:  # noqa: ARG002
        """The architectures that an audit tests others against, ascending."""
        return tuple(sorted(cover.tolist()))

    @staticmethod
    def holds(
        problem: "SearchProblem",
        plan: "AuditPlan",
        observations: "Mapping[int, Observation]",
        index: int,
    ) -> bool:
        """An audited claim holds for one trained architecture, by the errors on this dev set.

        The tolerance is that of `verify`.
        """
        factor = (1 + plan.epsilon) * (1 + 1e-9)
        return any(
            problem.size[c] <= factor * problem.size[index]
            and problem.latency[c] <= factor * problem.latency[index]
            and observations[c].error <= factor * observations[index].error
            for c in plan.members
        )
