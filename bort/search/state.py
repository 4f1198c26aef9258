"""The state of a search: its certified claims so far. It does not choose what comes next."""

from enum import StrEnum

import numpy as np

from bort.core.question import Question
from bort.search.arrays import LARGEST_GAP
from bort.search.bounds import monotone_record
from bort.search.challenges import most_fragile
from bort.search.goals import goal_of
from bort.search.knowledge import Knowledge
from bort.search.lipschitz import TOLERANCE
from bort.search.observation import Observation
from bort.search.problem import SearchProblem
from bort.search.spot_checks import spot_checks_for


class Ending(StrEnum):
    """The reasons why a search ends."""

    CERTIFIED = "certified"
    EXHAUSTED = "exhausted"
    LIMITED_BY_NOISE = "limited by noise"
    ASSUMPTION_VIOLATED = "assumption violated"
    BUDGET = "budget"


class SearchState(Knowledge):
    """A search after some evaluations: its knowledge and what it certifies.

    While λ is unknown, nothing is certified, unless every architecture has been evaluated or errors
    do not count.
    """

    def __init__(self, problem: SearchProblem, question: Question) -> None:
        self.goal = goal_of(question)
        super().__init__(problem, question, delta=self.goal.tracked_delta)
        self.spot_checks = spot_checks_for(problem, question)
        self.challenges = 0  # made since λ last rose or something was not certified
        self._challenges_before = 0  # those that do not count any more
        self._fragile: tuple[int, int | None] | None = None  # by number of evaluations
        self._packing: tuple[int, int] | None = None

    def add(self, index: int, observation: Observation) -> None:
        """Add one evaluation; see `Knowledge.add`."""
        is_challenge = self.challenge is not None and self.challenge == index
        raises = self.estimate.raises
        super().add(index, observation)
        if self.question.challenges:
            self.challenges += is_challenge and observation.is_anchor
            if self.estimate.raises > raises or not self._is_within():
                self._challenges_before += self.challenges
                self.challenges = 0

    @property
    def challenge(self) -> int | None:
        """The next challenge of a λ that seems to certify the goal; None if none is wanted."""
        if (self.question.challenges or 0) <= self.challenges or self.estimate.is_given:
            return None
        if not self.rests_on_lipschitz or not self.goal.needs_lipschitz or not self._is_within():
            return None
        if self._fragile is None or self._fragile[0] != len(self.observations):
            self._fragile = len(self.observations), self._most_fragile()
        return self._fragile[1]

    def _most_fragile(self) -> int | None:
        return most_fragile(
            self.problem,
            self.observations,
            lipschitz=self.lipschitz,
            nugget=self.nugget,
            thresholds=self.goal.thresholds(self),
        )

    def _is_within(self) -> bool:
        """Whether the goal is reached if λ holds, tested or not."""
        if self.estimate.in_force is None or not self.has_witness:
            return False
        return self.goal.allows(self.goal.gap(self))

    @property
    def rests_on_lipschitz(self) -> bool:
        """Whether λ bounds unevaluated architectures."""
        return self.goal.needs_bounds and not self.is_exhausted

    @property
    def is_refuted(self) -> bool:
        """Whether the evaluations contradict the given λ or σ, so that nothing is certified."""
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
    def is_withdrawn(self) -> bool:
        """Whether nothing is certified, whatever the evaluations say."""
        return self.problem.latency_is_refused or self.is_refuted

    @property
    def certified_epsilon(self) -> float | None:
        """ε*, the smallest ε certified so far; None if nothing is."""
        gap = self._gap()
        if gap > LARGEST_GAP or self.is_withdrawn:
            return None
        epsilon = self.goal.epsilon_of(gap)
        return min(epsilon, self.question.epsilon) if self.is_reached else epsilon

    @property
    def is_reached(self) -> bool:
        """Whether the goal is reached at the requested ε, if nothing refutes the assumptions."""
        return self.has_witness and self.goal.allows(self._gap()) and self.challenge is None

    @property
    def is_certified(self) -> bool:
        """Whether the goal is certified at the requested ε."""
        return self.is_reached and not self.is_withdrawn

    @property
    def ending(self) -> Ending | None:
        """The reason why nothing is left to evaluate, or None if the search continues."""
        if self.is_reached:
            return Ending.ASSUMPTION_VIOLATED if self.is_withdrawn else Ending.CERTIFIED
        if self.challenge is None and self.goal.is_limited_by_noise(self):
            return Ending.LIMITED_BY_NOISE
        return Ending.EXHAUSTED if self.is_exhausted else None

    @property
    def evaluation_bound(self) -> int:
        """The most evaluations that the goal can need under the current λ; N while unknown.

        It is valid for a search that `certified_search` made from the first evaluation on. It does
        not include the design, the tests of an estimate and evaluations without a witness. For the
        best W, counting begins again when λ rises.
        """
        # Minus one while λ is unknown: the number changes when λ first appears, too.
        raises = -1 if self.estimate.in_force is None else self.estimate.raises
        if self._packing is None or self._packing[0] != raises:
            self._packing = raises, self._packing_number()
        without = sum(not o.is_witness for o in self.observations.values())
        first = len(self.problem.parts) + int(self.problem.matters.sum())
        design = 0 if self.estimate.is_given else first
        tests = self.estimate.predictions_wanted
        challenges = (self.question.challenges or 0) + self._challenges_before
        tests = 0 if self.estimate.is_given else max(tests, challenges)
        picks = min(len(self.problem), self._packing[1] + design + tests + without)
        return picks if self.spot_checks is None else self.spot_checks.total(picks)

    def _gap(self) -> float:
        is_known = self.is_ready or not self.goal.needs_lipschitz
        return self.goal.gap(self) if is_known and self.has_witness else np.inf

    def _packing_number(self) -> int:
        if self.estimate.in_force is None and self.goal.needs_lipschitz:
            return len(self.problem)
        return self.goal.packing_number(self)
