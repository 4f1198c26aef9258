"""A goal decides when it is reached, what to evaluate next, and what the answer is."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from bort.core.question import Question, Weights
from bort.search.arrays import FloatArray, IntArray
from bort.search.knowledge import Knowledge
from bort.search.observation import Observation
from bort.search.problem import SearchProblem


class SearchGoal(ABC):
    """One goal with the ε and weights of a question. Evaluations belong to a state, not to it.

    A gap is the distance to certainty, in logarithms: 0 certifies ε = 0, infinity certifies
    nothing.

    Attributes:
        needs_errors: errors matter for it.
        needs_bounds: λ bounds unevaluated architectures; otherwise everything is evaluated.
    """

    needs_errors = True
    needs_bounds = True

    def __init__(self, question: Question) -> None:
        self.question = question

    @property
    def needs_lipschitz(self) -> bool:
        """Whether the goal can certify nothing while λ is unknown."""
        return self.needs_errors and self.needs_bounds

    @property
    def tracked_delta(self) -> float | None:
        """The δ at which the goal must know what is certified; None if it does not need to."""
        return None

    @property
    def delta(self) -> float:
        """δ = ln(1+ε)."""
        return float(np.log1p(self.question.epsilon))

    @abstractmethod
    def gap(self, state: Knowledge) -> float:
        """Return how far the goal is from being certified.

        Precondition: there is a witness, and λ was tested or is not needed.
        """

    def allows(self, gap: float) -> bool:
        """Whether the gap is as small as ε requires."""
        return gap <= self.delta

    def epsilon_of(self, gap: float) -> float:
        """The ε that a gap certifies, rounded up: asked for, it is certified."""
        epsilon = float(np.expm1(gap))
        while np.log1p(epsilon) < gap:
            epsilon = float(np.nextafter(epsilon, np.inf))
        return epsilon

    @abstractmethod
    def pick(self, state: Knowledge, limit: int) -> int | None:
        """Choose the next of at most `limit` evaluations; deterministic.

        None if nothing is worth beginning before one that has begun is done.
        """

    @abstractmethod
    def thresholds(self, state: Knowledge) -> FloatArray:
        """Compute the ln e below which each architecture breaks the goal: shape (N,).

        -inf where no error does. Precondition: λ is known.
        """

    @abstractmethod
    def packing_number(self, state: Knowledge) -> int:
        """Bound the evaluations that the goal needs under λ, without design and tests."""

    def is_limited_by_noise(self, state: Knowledge) -> bool:  # noqa: ARG002
        """Whether nothing is left to evaluate and only wide intervals prevent the goal."""
        return False

    @abstractmethod
    def cover(self, state: Knowledge) -> IntArray | None:
        """Compute the answer's ε-cover; None if the goal has none."""

    def audited(self, cover: IntArray, best: int) -> tuple[int, ...]:  # noqa: ARG002
        """List the architectures that an audit tests others against, ascending."""
        return tuple(sorted(cover.tolist()))

    @staticmethod
    def holds(claim: "AuditedClaim", index: int) -> bool:
        """Check the claim for one trained architecture, by the errors on this dev set.

        The tolerance is the same as in `verify`.
        """
        problem, seen = claim.problem, claim.observations
        factor = (1 + claim.epsilon) * (1 + 1e-9)
        return any(
            problem.size[c] <= factor * problem.size[index]
            and problem.latency[c] <= factor * problem.latency[index]
            and seen[c].error <= factor * seen[index].error
            for c in claim.members
        )


@dataclass(frozen=True, slots=True)
class AuditedClaim:
    """The claim that an audit tests: nothing beats these members by more than ε."""

    problem: SearchProblem
    observations: Mapping[int, Observation]
    members: tuple[int, ...]
    epsilon: float
    weights: Weights
