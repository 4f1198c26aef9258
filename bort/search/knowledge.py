"""The knowledge of a search after some evaluations: errors, λ and the bounds from them."""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Mapping
from functools import cached_property

import numpy as np

from bort.core.errors import InvalidOptionError
from bort.core.question import Question
from bort.search.arrays import BoolArray, FloatArray, IntArray
from bort.search.bounds import Envelope, LowerEnvelope, Measured
from bort.search.comparison import Bounds, comparison_for
from bort.search.guide.design import farthest_point, first_design
from bort.search.guide.errors import ErrorModel
from bort.search.lipschitz import LipschitzEstimate
from bort.search.observation import Observation
from bort.search.problem import SearchProblem
from bort.search.w_coefficient import log_gain


class Knowledge(ABC):
    """Everything that a search knows, updated by one evaluation at a time.

    Architectures whose evaluation has begun (`begun`, in the order of their picks) are not picked
    again, and guide the choice of others. No claim depends on them.

    Memory O(N + |C| K). Cost per evaluation O(N K); if λ rises, O(|C| N K).

    Args:
        delta: δ at which to mark what is certified; None if that is not needed.
    """

    def __init__(self, problem: SearchProblem, question: Question, *, delta: float | None) -> None:
        self.problem = problem
        self.question = question
        self.population = problem.population(question.confidence)
        self.observations: dict[int, Observation] = {}
        self.begun: list[int] = []
        self.estimate = LipschitzEstimate(problem, question)
        self.log_gains: FloatArray = log_gain(problem.size, problem.latency, question.weights)
        self.is_open: BoolArray = np.ones(len(problem), dtype=bool)
        self._comparison = comparison_for(self.population)
        self._delta = delta
        self._bounds: Bounds | None = None

    @cached_property
    def errors(self) -> ErrorModel:
        """The model that guides the choice. No claim depends on it."""
        return ErrorModel(self.problem)

    def add_all(self, observations: Mapping[int, Observation]) -> None:
        """Add many evaluations in their order; fast if they are the whole space."""
        if len(self.observations) + len(observations) < len(self.problem):
            for index, observation in observations.items():
                self.add(index, observation)
            return
        indices = np.fromiter(observations, dtype=np.int64, count=len(observations))
        if not (
            0 <= indices.min() <= indices.max() < len(self.problem) and self.is_open[indices].all()
        ):
            raise InvalidOptionError(
                "evaluations must be of architectures in the space that were not evaluated before"
            )
        self.observations.update(observations)
        self.is_open[indices] = False
        self._bounds = None

    def begin(self, index: int) -> None:
        """Note that the evaluation of `index` has begun; `add` its result later."""
        self._check_new(index)
        self.begun.append(index)
        self.is_open[index] = False

    def add(self, index: int, observation: Observation) -> None:
        """Add one evaluation.

        Raises:
            InvalidOptionError: `index` is outside the space, or was evaluated before.
        """
        if index in self.begun:
            self.begun.remove(index)
        else:
            self._check_new(index)
        self.observations[index] = observation
        self.is_open[index] = False
        if self.is_exhausted or self.question.goal.evaluates_everything:
            self._bounds = None  # λ is no longer needed, or never was
        elif self.estimate.observe(index, observation):
            self._bounds = None
        elif self._bounds is not None:
            self._bounds.add(index, observation)

    def _check_new(self, index: int) -> None:
        if not 0 <= index < len(self.problem) or not self.is_open[index]:
            raise InvalidOptionError(
                f"evaluation of architecture {index}: expected a new index below "
                f"{len(self.problem)}"
            )

    @property
    def taken(self) -> list[int]:
        """Architectures that are evaluated or begun, in the order of their picks."""
        return [*self.observations, *self.begun]

    def guide(self) -> tuple[ErrorModel, Mapping[int, Observation]]:
        """Return the model that guides the choice, and what it goes by.

        A begun evaluation counts with the error that the model predicts for it.
        """
        if not self.begun:
            return self.errors, self.observations
        self.errors.follow(self.observations)
        means = self.errors.mean()
        believed = {i: Observation.of(float(np.exp(means[i]))) for i in self.begun}
        return self.errors.copy(), {**self.observations, **believed}

    @property
    def is_exhausted(self) -> bool:
        """Whether every architecture has been evaluated."""
        return len(self.observations) == len(self.problem)

    @property
    def witnesses(self) -> list[int]:
        """Evaluated architectures that can be an answer, in the order of evaluation."""
        return [i for i, o in self.observations.items() if o.is_witness]

    @property
    def has_witness(self) -> bool:
        """Whether an evaluated architecture can be an answer."""
        return any(o.is_witness for o in self.observations.values())

    @property
    def excluded(self) -> list[int]:
        """Architectures whose trainings all diverged."""
        return [i for i, o in self.observations.items() if o.is_excluded]

    @property
    def lipschitz(self) -> FloatArray:
        """The current λ. Precondition: it is known."""
        assert self.estimate.in_force is not None, "without λ there are no bounds"
        return self.estimate.in_force

    @property
    def nugget(self) -> float:
        """The current τ."""
        return self.estimate.nugget

    @property
    def is_ready(self) -> bool:
        """Whether λ is known and tested, or not needed."""
        return self.estimate.is_tested or self.is_exhausted

    @property
    @abstractmethod
    def evaluation_bound(self) -> int:
        """The most evaluations that the goal can need under the current λ."""

    @property
    def bounds(self) -> Bounds:
        """The bounds under the current λ, rebuilt if it has risen.

        While λ is unknown, and once everything is evaluated, no error bounds another.
        """
        if self._bounds is None:
            delta = None if self.is_exhausted else self._delta
            self._bounds = self._comparison.bounds(self._envelope(), self.observations, delta=delta)
        return self._bounds

    def that_test(self, rows: IntArray) -> IntArray:
        """Keep those of the families whose λ must still be tested; all if every λ is tested.

        Nothing is certified before all families are tested, so they come first.
        """
        families = self._families_to_test()
        return rows[np.isin(self.problem.families[rows], families)] if families else rows

    def farthest_untested(self) -> int | None:
        """Find the architecture that tests λ most: the farthest of the families that need it.

        None if those that have begun will test it.
        """
        families = self._families_to_test()
        if self.begun and not families:
            return None
        return farthest_point(self.problem, self.taken, families)

    def _families_to_test(self) -> tuple[int, ...]:
        """The families whose λ is not tested even when all begun evaluations are done."""
        if not self.begun:
            return self.estimate.untested_families
        fitted = first_design(self.problem) if self.estimate.in_force is None else ()
        testing = [int(self.problem.families[i]) for i in self.begun if i not in fitted]
        return self.estimate.families_to_test(Counter(testing))

    def log_w_bounds(self) -> tuple[FloatArray, float]:
        """Bound ln W of all from above, shape (N,), and ln W of the best from below."""
        upper, lower = self.bounds.log_w(self.log_gains, self.question.weights[2])
        return upper, float(lower.max(initial=-np.inf))

    def best_by_w(self) -> tuple[int | None, float]:
        """Find the witness with the best certified W, and ln of how much larger any W can be."""
        if not self.has_witness:
            return None, np.inf
        return self.bounds.best_by_w(self.log_gains, self.question.weights[2])

    def _envelope(self) -> Envelope:
        lipschitz = self.estimate.in_force
        if self.is_exhausted or lipschitz is None:
            return Measured(self.problem, self.observations)
        return LowerEnvelope(
            self.problem, lipschitz=lipschitz, nugget=self.nugget, slack=self.question.slack
        )
