"""What is known and certified after some evaluations. Pure bookkeeping: it chooses nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bort.core.errors import InvalidOptionError
from bort.core.question import Question
from bort.search.arrays import BoolArray, FloatArray
from bort.search.bounds import Envelope, LowerEnvelope, Measured, monotone_record
from bort.search.comparison import comparison_for
from bort.search.comparison.by_pair import PairTerms
from bort.search.goals import goal_of
from bort.search.goals.cover import CoverTarget
from bort.search.ledger import Ending
from bort.search.lipschitz import TOLERANCE, LipschitzEstimate
from bort.search.observation import Observation
from bort.search.problem import SearchProblem
from bort.search.w_coefficient import log_gain


@dataclass(slots=True)
class Bounds:
    """What the evaluations tell of all errors under the λ in force, or with everything evaluated.

    Attributes:
        envelope: lower bounds on every error.
        pairs: direct comparisons; None where errors are compared each by itself.
        target: who is certified at ε; None where the goal needs no such list.
    """

    envelope: Envelope
    pairs: PairTerms | None
    target: CoverTarget | None

    def add(self, index: int, observation: Observation) -> None:
        """Take in one evaluation. Cost O(N K)."""
        envelope = self.envelope
        own = envelope.own_error_term(slice(None), np.array([index]))[:, 0]
        rose = np.zeros(len(envelope.values), dtype=bool)
        if observation.is_source:
            rose = envelope.raise_by(index, observation, own)
        if self.pairs is not None:
            self.pairs.add(index, observation, own)
        if self.target is not None:
            self.target.add(index, observation, own, rose)


class SearchState:
    """Everything that a search knows, fed one evaluation at a time, in their order.

    While λ is unknown there is nothing to certify and there are no `bounds`, except where every
    architecture has been evaluated, which needs no λ.
    Memory O(N + |C| K). Cost per evaluation O(N K); where λ rises, O(|C| N K).
    """

    def __init__(self, problem: SearchProblem, question: Question) -> None:
        self.problem = problem
        self.question = question
        self.goal = goal_of(question)
        self.population = problem.population(question.confidence)
        self.comparison = comparison_for(self.population)
        self.observations: dict[int, Observation] = {}
        self.estimate = LipschitzEstimate(problem, question)
        self.log_gains: FloatArray = log_gain(problem.size, problem.latency, question.weights)
        self.is_open: BoolArray = np.ones(len(problem), dtype=bool)
        self._bounds: Bounds | None = None
        self._packing: tuple[int, int] | None = None
        if self.goal.needs_bounds and self.estimate.in_force is not None:
            self._bounds = self._build()

    def add_all(self, observations: Mapping[int, Observation]) -> None:
        """Take in many evaluations, in their order; fast where they are the whole space."""
        if len(self.observations) + len(observations) < len(self.problem):
            for index, observation in observations.items():
                self.add(index, observation)
            return
        indices = np.fromiter(observations, dtype=np.int64, count=len(observations))
        if not (
            0 <= indices.min() <= indices.max() < len(self.problem) and self.is_open[indices].all()
        ):
            raise InvalidOptionError("evaluations must be of new architectures of the space")
        self.observations.update(observations)
        self.is_open[indices] = False
        self._bounds = None

    def add(self, index: int, observation: Observation) -> None:
        """Take in one evaluation.

        Raises:
            InvalidOptionError: `index` is no architecture of the space, or was there already.
        """
        if not 0 <= index < len(self.problem) or index in self.observations:
            raise InvalidOptionError(
                f"evaluation of architecture {index}: expected a new index below "
                f"{len(self.problem)}"
            )
        self.observations[index] = observation
        self.is_open[index] = False
        if self.is_exhausted or not self.goal.needs_bounds:
            self._bounds = None  # λ is not needed any more, or never was
        elif self.estimate.observe(index, observation):
            self._bounds = None
        elif self._bounds is not None:
            self._bounds.add(index, observation)

    @property
    def is_exhausted(self) -> bool:
        """Every architecture has been evaluated."""
        return len(self.observations) == len(self.problem)

    @property
    def rests_on_lipschitz(self) -> bool:
        """Unevaluated architectures are bounded, by λ."""
        return self.goal.needs_bounds and not self.is_exhausted

    @property
    def witnesses(self) -> list[int]:
        """Evaluated architectures that can be an answer, in the order of evaluation."""
        return [i for i, o in self.observations.items() if o.is_witness]

    @property
    def has_witness(self) -> bool:
        """There is an evaluated architecture that can be an answer."""
        return any(o.is_witness for o in self.observations.values())

    @property
    def excluded(self) -> list[int]:
        """Architectures of which every training diverged."""
        return [i for i, o in self.observations.items() if o.is_excluded]

    @property
    def lipschitz(self) -> FloatArray:
        """λ in force. Precondition: it is known."""
        assert self.estimate.in_force is not None, "without λ there are no bounds"
        return self.estimate.in_force

    @property
    def nugget(self) -> float:
        """τ in force."""
        return self.estimate.nugget

    @property
    def is_ready(self) -> bool:
        """λ is known and tested, or not needed."""
        return self.estimate.is_tested or self.is_exhausted

    @property
    def has_bounds(self) -> bool:
        """λ is known, or not needed."""
        return self.is_exhausted or self.estimate.in_force is not None

    @property
    def bounds(self) -> Bounds:
        """The bounds under the λ in force, rebuilt where it has risen."""
        if self._bounds is None:
            self._bounds = self._build()
        return self._bounds

    @property
    def is_refuted(self) -> bool:
        """The evaluations contradict the λ or the σ that was given: nothing is certified."""
        if not self.rests_on_lipschitz:
            return False
        if self.estimate.is_given and self.estimate.violations:
            return True
        slack = self.question.slack
        return (
            slack is not None
            and monotone_record(self.problem, self.observations)[1] > np.log1p(slack) + TOLERANCE
        )

    @property
    def certified_epsilon(self) -> float | None:
        """ε*, the smallest ε that is certified so far; None while nothing is."""
        gap = self._gap()
        if gap == np.inf or self.is_refuted:
            return None
        epsilon = self.goal.epsilon_of(gap)
        return min(epsilon, self.question.epsilon) if self.is_reached else epsilon

    @property
    def is_reached(self) -> bool:
        """The goal is reached at the ε that was asked for, if nothing refutes the assumptions."""
        return self.has_witness and self.goal.allows(self._gap())

    @property
    def is_certified(self) -> bool:
        """The goal is reached at the ε that was asked for."""
        return self.is_reached and not self.is_refuted

    @property
    def ending(self) -> Ending | None:
        """Why there is nothing left to evaluate, or None where a search would go on."""
        if self.is_reached:
            return Ending.ASSUMPTION_VIOLATED if self.is_refuted else Ending.CERTIFIED
        if self.goal.is_limited_by_noise(self):
            return Ending.LIMITED_BY_NOISE
        return Ending.EXHAUSTED if self.is_exhausted else None

    @property
    def evaluation_bound(self) -> int:
        """Evaluations that the goal can need at most, under the λ in force; N while unknown.

        It holds for a search made by `certified_search` from its first evaluation on. The design,
        the tests of an estimate and what gave no witness come on top; for the best W a λ that
        rose opens a new account.
        """
        raises = self.estimate.raises
        if self._packing is None or self._packing[0] != raises:
            self._packing = raises, self._packing_number()
        without = sum(not o.is_witness for o in self.observations.values())
        design = 0 if self.estimate.is_given else 1 + int(self.problem.matters.sum())
        tests = self.estimate.predictions_wanted
        return min(len(self.problem), self._packing[1] + design + tests + without)

    def log_w_bounds(self) -> tuple[FloatArray, float]:
        """Upper bounds on ln W of all, shape (N,), and the lower bound on ln W of the best."""
        weight = self.question.weights[2]
        upper = self.log_gains.copy()
        possible = upper > -np.inf
        if weight:
            upper[possible] -= weight * self.bounds.envelope.values[possible]
        upper[self.excluded] = -np.inf
        return upper, float(self.log_w_lower(self.witnesses).max(initial=-np.inf))

    def log_w_lower(self, witnesses: Sequence[int]) -> FloatArray:
        """Lower bounds on ln W of some evaluated architectures: shape (m,)."""
        weight = self.question.weights[2]
        errors = np.log([self.observations[i].upper for i in witnesses])
        return np.asarray(self.log_gains[witnesses] - (weight * errors if weight else 0.0))

    def best_room(self) -> tuple[int | None, float]:
        """The witness whose W is certified best, and ln of how much larger any W can be."""
        return self.comparison.best_room(self) if self.has_witness else (None, np.inf)

    def _gap(self) -> float:
        is_known = self.is_ready or not self.goal.needs_lipschitz
        return self.goal.gap(self) if is_known and self.has_witness else np.inf

    def _packing_number(self) -> int:
        if self.estimate.in_force is None and self.goal.needs_lipschitz:
            return len(self.problem)
        return self.goal.packing_number(self)

    def _build(self) -> Bounds:
        pairs = self.comparison.pair_terms(self.problem)
        if self.is_exhausted:
            bounds = Bounds(Measured(self.problem, self.observations), pairs, None)
            if pairs is None:
                return bounds
        else:
            envelope = LowerEnvelope(
                self.problem,
                lipschitz=self.lipschitz,
                nugget=self.nugget,
                slack=self.question.slack,
            )
            gap = self.comparison.cover_gap(envelope, pairs)
            bounds = Bounds(envelope, pairs, self.goal.target(envelope, gap))
        for index, observation in self.observations.items():
            bounds.add(index, observation)
        return bounds
