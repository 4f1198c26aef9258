"""What is known and certified after some evaluations. Pure bookkeeping: it chooses nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from bort.core.errors import InvalidOptionError
from bort.core.question import Question
from bort.search.arrays import BoolArray, FloatArray
from bort.search.cover_gap import CoverGap
from bort.search.cover_target import CoverTarget
from bort.search.evaluation_bound import best_bound, cover_bound
from bort.search.lipschitz import TOLERANCE, LipschitzEstimate
from bort.search.lower_envelope import LowerEnvelope
from bort.search.monotone import monotone_record
from bort.search.observation import Observation
from bort.search.paired_terms import PairedTerms
from bort.search.problem import SearchProblem
from bort.search.w_coefficient import log_gain

Ending = Literal["certified", "exhausted", "limited by noise", "assumption violated"]


@dataclass(slots=True)
class _Engines:
    envelope: LowerEnvelope
    gap: CoverGap | None
    target: CoverTarget | None
    paired: PairedTerms | None = None


class SearchState:
    """Everything that a search knows, fed one evaluation at a time, in their order.

    While λ is unknown there is nothing to certify and `envelope` is None, except where every
    architecture has been evaluated, which needs no λ.
    Memory O(N + |C| K). Cost per evaluation O(N K); where λ rises, O(|C| N K).
    """

    def __init__(self, problem: SearchProblem, question: Question) -> None:
        self.problem = problem
        self.question = question
        self.population = problem.population(question.confidence)
        self.observations: dict[int, Observation] = {}
        self.estimate = LipschitzEstimate(problem, question)
        self.log_gains: FloatArray = log_gain(problem.size, problem.latency, question.weights)
        self.is_open: BoolArray = np.ones(len(problem), dtype=bool)
        self._engines: _Engines | None = None
        self._bound: tuple[int, int] | None = None
        self._only_measured: tuple[int, PairedTerms] | None = None
        if not question.goal.evaluates_everything and self.estimate.in_force is not None:
            self._engines = self._build(self.estimate.in_force)

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
        self._engines = None

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
        if self.is_exhausted or self.question.goal.evaluates_everything:
            self._engines = None  # no bound is needed any more, or ever
        elif self.estimate.observe(index, observation):
            self._engines = None
        elif self._engines is not None:
            self._take_in(self._engines, index, observation)

    @property
    def delta(self) -> float:
        """δ = ln(1+ε)."""
        return float(np.log1p(self.question.epsilon))

    @property
    def log_room(self) -> float:
        """δ' = -ln(1-ε), what the best W may fall short by; infinite from ε = 1 on."""
        epsilon = self.question.epsilon
        return np.inf if epsilon >= 1 else -float(np.log1p(-epsilon))

    @property
    def is_exhausted(self) -> bool:
        """Every architecture has been evaluated."""
        return len(self.observations) == len(self.problem)

    @property
    def nugget(self) -> float:
        """τ in force."""
        return self.estimate.nugget

    @property
    def is_ready(self) -> bool:
        """λ is known and tested, or not needed."""
        return self.estimate.is_tested or self.is_exhausted

    @property
    def log_lower(self) -> FloatArray:
        """Lower bound on ln e of all, shape (N,); the measured ones where all are evaluated."""
        if not self.is_exhausted:
            return self.engines.envelope.values
        values = np.empty(len(self.problem))
        indices = np.fromiter(self.observations, dtype=np.int64, count=len(values))
        values[indices] = np.log([o.lower for o in self.observations.values()])
        return values

    @property
    def engines(self) -> _Engines:
        """The bounds under the λ in force, rebuilt where it has risen."""
        if self._engines is None:
            assert self.estimate.in_force is not None, "without λ there are no bounds"
            self._engines = self._build(self.estimate.in_force)
        return self._engines

    @property
    def is_refuted(self) -> bool:
        """The evaluations contradict the λ or the σ that was given: nothing is certified."""
        if self.is_exhausted or self.question.goal.evaluates_everything:
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
        epsilon = float(-np.expm1(-gap) if self.question.goal == "best" else np.expm1(gap))
        return min(epsilon, self.question.epsilon) if self.is_reached else epsilon

    @property
    def is_reached(self) -> bool:
        """The goal is reached at the ε that was asked for, if nothing refutes the assumptions."""
        if self.question.goal == "best":
            return self.has_witness and self._gap() <= self.log_room
        return self._gap() <= self.delta

    @property
    def is_certified(self) -> bool:
        """The goal is reached at the ε that was asked for."""
        return self.is_reached and not self.is_refuted

    @property
    def contenders(self) -> BoolArray:
        """Goal best: who may still beat the best by more than ε allows, shape (N,)."""
        upper, lower = self.log_w_bounds()
        return np.asarray((upper > -np.inf) & (upper > lower + self.log_room))

    @property
    def ending(self) -> Ending | None:
        """Why there is nothing left to evaluate, or None where a search would go on."""
        if self.is_reached:
            return "assumption violated" if self.is_refuted else "certified"
        if self.is_limited_by_noise:
            return "limited by noise"
        return "exhausted" if self.is_exhausted else None

    @property
    def is_limited_by_noise(self) -> bool:
        """Goal best: every contender has been evaluated, and the intervals still overlap."""
        return (
            self.question.goal == "best"
            and self.is_ready
            and self.has_witness
            and not self.is_reached
            and not (self.contenders & self.is_open).any()
        )

    @property
    def evaluation_bound(self) -> int:
        """Evaluations that the goal can need at most, under the λ in force; N while unknown.

        It speaks of a search made by `certified_search` from its first evaluation on. The design,
        the tests of an estimate and what gave no witness come on top; for the best W a λ that
        rose opens a new account.
        """
        raises = self.estimate.raises
        if self._bound is None or self._bound[0] != raises:
            self._bound = raises, self._packing_number()
        without = sum(not o.is_witness for o in self.observations.values())
        design = 0 if self.estimate.is_given else 1 + int(self.problem.matters.sum())
        tests = self.estimate.predictions_wanted
        return min(len(self.problem), self._bound[1] + design + tests + without)

    def log_w_bounds(self) -> tuple[FloatArray, float]:
        """Upper bounds on ln W of all, shape (N,), and the lower bound on ln W of the best."""
        weight = self.question.weights[2]
        upper = self.log_gains.copy()
        possible = upper > -np.inf
        if weight:
            upper[possible] -= weight * self.log_lower[possible]
        excluded = [i for i, o in self.observations.items() if o.is_excluded]
        upper[excluded] = -np.inf
        rows = [i for i, o in self.observations.items() if o.is_witness]
        errors = np.log([self.observations[i].upper for i in rows])
        lower = self.log_gains[rows] - (weight * errors if weight else 0.0)
        return upper, float(lower.max(initial=-np.inf))

    @property
    def paired(self) -> PairedTerms | None:
        """Direct comparisons of pairs; None for a claim about this dev set."""
        population = self.population
        if population is None or not population.compares_pairs:
            return None
        if not self.is_exhausted:
            return None if self.estimate.in_force is None else self.engines.paired
        if self._only_measured is None or self._only_measured[0] != len(self.observations):
            terms = PairedTerms(self.problem, population)
            for index, observation in self.observations.items():
                terms.add(index, observation, None)
            self._only_measured = len(self.observations), terms
        return self._only_measured[1]

    def best_room(self) -> tuple[int | None, float]:
        """The witness whose W is certified best, and ln of how much larger any W can be."""
        rows = [i for i, o in self.observations.items() if o.is_witness]
        if not rows:
            return None, np.inf
        weight = self.question.weights[2]
        paired = self.paired
        if paired is not None:
            rooms = [paired.room(i, self.log_gains, weight) for i in rows]
            return rows[int(np.argmin(rooms))], min(rooms)
        upper, lower = self.log_w_bounds()
        errors = np.log([self.observations[i].upper for i in rows])
        best = rows[int(np.argmax(self.log_gains[rows] - (weight * errors if weight else 0.0)))]
        highest = float(upper.max())
        return best, 0.0 if highest == -np.inf else max(0.0, highest - lower)

    @property
    def has_witness(self) -> bool:
        """There is an evaluated architecture that can be an answer."""
        return any(o.is_witness for o in self.observations.values())

    def _gap(self) -> float:
        if self.question.goal.evaluates_everything and not self.is_exhausted:
            return np.inf
        if not self.has_witness or not (self.is_ready or self.needs_no_errors):
            return np.inf
        if self.question.goal == "best":
            return self.best_room()[1]
        if self.is_exhausted:
            return 0.0
        if self.engines.paired is not None:
            return float(self.engines.paired.gaps().max())
        gap = self.engines.gap
        assert gap is not None
        return gap.largest()[1]

    @property
    def needs_no_errors(self) -> bool:
        """Goal best, with no weight on the error."""
        return self.question.goal == "best" and self.question.weights[2] == 0

    def _packing_number(self) -> int:
        question, lipschitz = self.question, self.estimate.in_force
        if question.goal == "best" and question.weights[2] == 0:
            return 1
        if question.goal.evaluates_everything or lipschitz is None:
            return len(self.problem)
        if question.goal == "cover":
            return cover_bound(
                self.problem, epsilon=question.epsilon, lipschitz=lipschitz, nugget=self.nugget
            )
        widths = [np.log(o.upper / o.lower) for o in self.observations.values()]
        return (1 + self.estimate.raises) * best_bound(
            self.problem,
            epsilon=question.epsilon,
            lipschitz=lipschitz,
            error_weight=question.weights[2],
            nugget=self.nugget,
            log_width=max(widths, default=0.0),
        )

    def _build(self, lipschitz: FloatArray) -> _Engines:
        question = self.question
        envelope = LowerEnvelope(
            self.problem, lipschitz=lipschitz, nugget=self.nugget, slack=question.slack
        )
        is_cover = question.goal != "best"
        population = self.population
        paired = None
        if population is not None and population.compares_pairs:
            paired = PairedTerms(self.problem, population)
        engines = _Engines(
            envelope,
            CoverGap(envelope) if is_cover else None,
            CoverTarget(envelope, self.delta, paired) if is_cover else None,
            paired,
        )
        for index, observation in self.observations.items():
            self._take_in(engines, index, observation)
        return engines

    def _take_in(self, engines: _Engines, index: int, observation: Observation) -> None:
        own = engines.envelope.own_error_term(slice(None), np.array([index]))[:, 0]
        rose = np.zeros(len(self.problem), dtype=bool)
        if observation.is_source:
            rose = engines.envelope.raise_by(index, observation, own)
        if engines.paired is not None:
            engines.paired.add(index, observation, own)
        if engines.gap is not None and engines.target is not None:
            engines.gap.add(index, observation, own, rose)
            engines.target.add(index, observation, own)
