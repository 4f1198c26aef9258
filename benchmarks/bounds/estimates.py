"""Estimators of λ that differ from the search's own, and a search that uses one of them.

A directed λ has two constants for each dimension: one for growing it, one for shrinking it. With
d(a→b) = Σ λ↑ max(0, x(b)-x(a)) + λ↓ max(0, x(a)-x(b)), ln e(b) <= ln e(a) + d(a→b) + τ. So a
witness c covers ξ by itself if d(ξ→c) + τ <= δ, and an anchor c bounds ln e(ξ) from below by
ln l(c) - d(ξ→c) - τ: both read the distance from ξ to c.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from benchmarks.search.guarantee import Case, true_epsilon
from bort.core.question import Question
from bort.search import Observation, SearchProblem
from bort.search.arrays import FloatArray, IntArray
from bort.search.bounds import Envelope, LowerEnvelope
from bort.search.lipschitz import (
    LEAST_SHARE,
    CheapestEnvelope,
    LipschitzEstimate,
    Violation,
    _FamilyRecord,
    _independent_rows,
)
from bort.search.loop import ending, next_pick
from bort.search.state import SearchState

_TOLERANCE = 1e-9
_LEAST_RISE = 1e-12  # of ln e; less is rounding
_ROUNDING = 1e-10  # of a linear programme, in ln e
_MOST_PIVOTS = 10_000


@dataclass(frozen=True, slots=True)
class Rule:
    """How λ is estimated.

    Attributes:
        factor: on the cheapest envelope.
        is_directed: whether growing and shrinking a dimension have constants of their own.
        surprise: if above 0, the factor is at least 1 + surprise times how far, relatively, the
            worst of the last predictions was beyond the envelope before it; `factor` is its least.
        nugget: weight of τ in the envelope's price, in units of a dimension's whole effect; None
            is no nugget.
        least: share of the mean effect that every constant gets.
        challenges: see `Question.challenges`.
        may_fall: whether a constant falls again with its factor.
    """

    factor: float
    is_directed: bool = True
    surprise: float = 0.0
    nugget: float | None = None
    least: float = LEAST_SHARE
    challenges: int | None = None
    may_fall: bool = False


class DirectedEstimate(LipschitzEstimate):
    """λ and τ by a rule; `in_force` is the larger constant of each dimension.

    Attributes:
        growing, shrinking: the constants, shape (K,); None while unknown.
    """

    def __init__(self, problem: SearchProblem, question: Question, rule: Rule) -> None:
        super().__init__(problem, question)
        self.rule = rule
        self.growing: FloatArray | None = self.in_force
        self.shrinking: FloatArray | None = self.in_force
        self._fit = CheapestConstants(np.append(np.ones(self._columns), rule.nugget or 1.0))
        self._effects = np.zeros(self._columns + 1)  # of the whole extents; the last one is τ
        self._constants = np.zeros(self._columns + 1)  # in force, as effects
        self._surprises: list[float] = []

    @property
    def _columns(self) -> int:
        return len(self._rows) * (2 if self.rule.is_directed else 1)

    def _features(self, points: FloatArray, point: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Count the steps from `points` to `point` and back, in whole extents; the last is τ."""
        change = (point - points)[:, self._rows] / self._problem.extents[self._rows]
        ones = np.full((len(points), 1), 0.0 if self.rule.nugget is None else 1.0)
        there = np.hstack([*self._halves(change), ones])
        return there, np.hstack([*self._halves(-change), ones])

    def _halves(self, change: FloatArray) -> tuple[FloatArray, ...]:
        """Part steps into growing and shrinking; a category has one constant."""
        categorical = self._problem.categorical[self._rows]
        if not self.rule.is_directed:
            return (np.where(categorical, change != 0, np.abs(change)),)
        grown = np.where(categorical, change != 0, np.maximum(change, 0.0))
        return grown, np.where(categorical, 0.0, np.maximum(-change, 0.0))

    def give(self, errors: FloatArray) -> None:
        """Fit the constants to the errors of the whole space: shape (N,)."""
        points, logs = self._problem.coordinates, np.log(errors)
        pairs = [self._features(points, point) for point in points]
        steps = np.vstack([ahead for ahead, _ in pairs])
        rises = np.concatenate([value - logs for value in logs])
        self._constants = self._fit.allow(steps, rises)
        self._constants[:-1] += _TOLERANCE
        self._put_in_force()

    def _check(
        self, index: int, observation: Observation, steps: FloatArray, own: _FamilyRecord
    ) -> None:
        """Predict a new error, and remember how far it was beyond the envelope."""
        del steps  # without their directions
        anchors = own.anchors
        if self.in_force is None or self.is_given or not anchors:
            return
        point = self._problem.coordinates[index]
        ahead, back = self._features(self._points[anchors], point)
        rise = np.log(observation.error) - self._log_errors[anchors]
        reach = self._constants
        excess = np.maximum(rise - ahead @ reach, -rise - back @ reach)
        worst = int(np.argmax(excess))
        own.predictions += 1
        if excess[worst] > _TOLERANCE:
            other = list(self._sources)[anchors[worst]]
            self.violations.append(Violation(index, other, float(excess[worst]), self.anchors))
        floored = self._floored(self._effects)
        with np.errstate(divide="ignore", invalid="ignore"):
            needed = np.maximum(rise / (ahead @ floored), -rise / (back @ floored))
        self._surprises.append(float(np.nanmax(np.where(np.abs(rise) > 0, needed, 0.0))))

    def _estimate(self, steps: FloatArray) -> bool:
        is_new = self.in_force is None
        self.spans = _independent_rows(np.vstack([self.spans, steps[:, self._rows]]))
        newest = self._points[-1]
        ahead, back = self._features(self._points[:-1], newest)
        rise = self._log_errors[-1] - self._log_errors[:-1]
        self._effects = self._fit.allow(np.vstack([ahead, back]), np.concatenate([rise, -rise]))
        if not all(one.is_separated(self.spans, self._rows) for one in self._families):
            return False
        constants = self._factor * self._floored(self._effects)
        before = self._constants
        if not self.rule.may_fall:
            constants = np.maximum(before, constants)
        if not is_new and (constants == before).all():
            return False
        self._constants = constants
        self.raises += not is_new and bool((constants > before).any())
        self._put_in_force()
        return True

    @property
    def _factor(self) -> float:
        if not self.rule.surprise:
            return self.rule.factor
        recent = self._surprises[-2 * len(self._rows) :]
        beyond = max(0.0, max(recent, default=2.0) - 1.0)
        return max(self.rule.factor, 1.0 + self.rule.surprise * min(beyond, 2.0))

    def _floored(self, effects: FloatArray) -> FloatArray:
        own, nugget = effects[:-1], effects[-1:]
        return np.append(np.maximum(own, self.rule.least * own.mean()), nugget)

    def _put_in_force(self) -> None:
        count, extents = len(self._rows), self._problem.extents[self._rows]
        growing, shrinking = np.zeros((2, len(self._problem.names)))
        growing[self._rows] = self._constants[:count] / extents
        shrinking[self._rows] = self._constants[self._columns - count : self._columns] / extents
        categorical = self._problem.categorical
        shrinking[categorical] = growing[categorical]
        self.growing, self.shrinking = growing, shrinking
        self.in_force = np.maximum(growing, shrinking)
        self.nugget = float(self._constants[-1])


class CheapestConstants(CheapestEnvelope):
    """The constants with the least price that allow every rise so far.

    Minimise prices @ z subject to steps @ z >= rises, z >= 0. Rows that no constant can allow
    (equal coordinates, no τ) are left out. The simplex method continues where it ended.
    """

    def __init__(self, prices: FloatArray) -> None:
        super().__init__(prices, nugget=0.0)
        self._steps, self._rises = np.empty((0, len(prices))), np.empty(0)

    def allow(self, steps: FloatArray, rises: FloatArray) -> FloatArray:
        """Add rows, and return the constants, shape (n,)."""
        possible = steps.any(axis=1) & (rises > _LEAST_RISE)
        self._steps = np.vstack([self._steps, steps[possible]])
        self._rises = np.concatenate([self._rises, rises[possible]])
        if not len(self._rises):
            return self.slopes
        for _ in range(_MOST_PIVOTS):
            negative = int(np.argmin(self.slopes))
            excess = self._rises - self._steps @ self.slopes
            worst = int(np.argmax(excess))
            if self.slopes[negative] < -_ROUNDING:
                self._enter(np.eye(len(self.slopes))[negative], 0.0)
            elif excess[worst] > _ROUNDING:
                self._enter(self._steps[worst], float(self._rises[worst]))
            else:
                found = np.maximum(self.slopes, 0.0)
                reach = np.maximum(self._steps @ found, 1e-300)
                return np.asarray(found * max(1.0, float((self._rises / reach).max())))
        raise ArithmeticError("the simplex method did not terminate")


class _Remembered(LowerEnvelope):
    """A lower envelope that computes all distances of a small space once."""

    def reach(self, rows: IntArray | slice, others: IntArray) -> FloatArray:
        """Look up the distances from every row ξ to every other c, plus τ: shape (n, m)."""
        return np.asarray(self._all[rows][:, others])

    @cached_property
    def _all(self) -> FloatArray:
        everyone = np.arange(len(self.problem))
        return self._distances(everyone) + self.nugget

    def _distances(self, everyone: IntArray) -> FloatArray:
        return self.problem.distance(everyone, everyone, self.lipschitz)


class DirectedEnvelope(_Remembered):
    """The lower envelope under a directed λ: its distances go from ξ to c."""

    def __init__(
        self, problem: SearchProblem, *, growing: FloatArray, shrinking: FloatArray, nugget: float
    ) -> None:
        super().__init__(problem, lipschitz=np.maximum(growing, shrinking), nugget=nugget)
        self._growing, self._shrinking = growing, shrinking

    def _distances(self, everyone: IntArray) -> FloatArray:
        return directed_distance(self.problem, everyone, everyone, self._growing, self._shrinking)


def directed_distance(
    problem: SearchProblem,
    rows: IntArray | slice,
    others: IntArray,
    growing: FloatArray,
    shrinking: FloatArray,
) -> FloatArray:
    """Compute d(row→other), which bounds ln e(other) - ln e(row): shape (n, m)."""
    ours, theirs = problem.coordinates[rows], problem.coordinates[others]
    total = np.zeros((len(ours), len(theirs)))
    for k in np.flatnonzero(problem.matters):
        change = theirs[None, :, k] - ours[:, k, None]
        if problem.categorical[k]:
            total += growing[k] * (change != 0)
        else:
            total += np.where(change > 0, growing[k] * change, -shrinking[k] * change)
    return total


class _SmallState(SearchState):
    """The search as it is, on a small space."""

    def _envelope(self) -> Envelope:
        lipschitz = self.estimate.in_force
        if self.is_exhausted or lipschitz is None:
            return super()._envelope()
        return _Remembered(self.problem, lipschitz=lipschitz, nugget=self.nugget)


class DirectedState(SearchState):
    """A search whose λ is estimated by a rule."""

    estimate: DirectedEstimate

    def __init__(self, problem: SearchProblem, question: Question, rule: Rule) -> None:
        super().__init__(problem, question)
        self.estimate = DirectedEstimate(problem, question, rule)

    def _envelope(self) -> Envelope:
        growing, shrinking = self.estimate.growing, self.estimate.shrinking
        if self.is_exhausted or growing is None or shrinking is None:
            return super()._envelope()
        return DirectedEnvelope(
            self.problem, growing=growing, shrinking=shrinking, nugget=self.nugget
        )

    def _most_fragile(self) -> int | None:
        growing, shrinking = self.estimate.growing, self.estimate.shrinking
        assert growing is not None
        assert shrinking is not None
        seen = self.observations
        anchors = np.array([i for i, o in seen.items() if o.is_anchor])
        thresholds = self.goal.thresholds(self)
        rows = np.flatnonzero(self.is_open & (thresholds > -np.inf))
        if not len(rows):
            return None
        reach = directed_distance(self.problem, rows, anchors, growing, shrinking)
        logs = np.log([seen[int(i)].lower for i in anchors])
        room = logs[None, :] - self.nugget - thresholds[rows, None]
        with np.errstate(divide="ignore", invalid="ignore"):
            factors = np.where(room > 0, room / reach, 0.0).max(axis=1)
        return int(rows[np.argmin(factors)]) if factors.min() < np.inf else None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one search ended with.

    Attributes:
        certified_epsilon: None if nothing is certified, or everything was evaluated.
        true_epsilon: the smallest ε at which the evaluated ones cover the space.
        bound: the most evaluations that it might have needed under its last λ.
    """

    evaluated: tuple[int, ...]
    certified_epsilon: float | None
    true_epsilon: float
    bound: int

    @property
    def is_wrong(self) -> bool:
        """Whether the true ε is above the certified one."""
        certified = self.certified_epsilon
        return certified is not None and self.true_epsilon > certified + _TOLERANCE


def search(case: Case, epsilon: float, rule: Rule | None) -> Outcome:
    """Search a space to its end; None is the search's own estimator."""
    if rule is None:
        return _searched(case, _SmallState(case.problem, Question(epsilon=epsilon)))
    question = Question(epsilon=epsilon, challenges=rule.challenges)
    return _searched(case, DirectedState(case.problem, question, rule))


def search_given(case: Case, epsilon: float, *, is_directed: bool) -> Outcome:
    """Search a space whose λ is given: the cheapest one that holds for all of its pairs."""
    problem = case.problem
    estimate = DirectedEstimate(problem, Question(), Rule(1.0, is_directed=is_directed))
    estimate.give(case.errors)
    assert estimate.in_force is not None
    question = Question(epsilon=epsilon, lipschitz=tuple(estimate.in_force.tolist()))
    if not is_directed:
        return _searched(case, _SmallState(problem, question))
    state = DirectedState(problem, question, Rule(1.0))
    state.estimate.growing, state.estimate.shrinking = estimate.growing, estimate.shrinking
    return _searched(case, state)


def _searched(case: Case, state: SearchState) -> Outcome:
    limit = len(case.problem)
    while ending(state, limit) is None:
        index = next_pick(state, limit)
        assert index is not None, "nothing has begun that it could wait for"
        state.add(index, case.evaluate(index))
    return Outcome(
        tuple(state.observations),
        None if state.is_exhausted else state.certified_epsilon,
        true_epsilon(case, list(state.observations)),
        state.evaluation_bound,
    )
