"""λ bounds how fast the error can change: given, or estimated from evaluated pairs."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from bort.core.question import Question
from bort.search.arrays import BoolArray, FloatArray, IntArray
from bort.search.comparison import comparison_for
from bort.search.intervals import nugget_from_seeds
from bort.search.observation import Observation
from bort.search.problem import SearchProblem

SAFETY_FACTOR = 2.0  # measured: see docs/guarantee.md, "How often the estimate was wrong"
LEAST_SHARE = 0.5  # of the mean effect over a dimension's extent; measured: same section
TOLERANCE = 1e-9  # a pair that defines the envelope must not count as violating it
_LP_TOLERANCE = 1e-10
_BLOCK = 1 << 20  # pairs priced at once: bounds the memory

Envelopes = list[tuple[int, FloatArray]]
"""The cheapest envelopes over the varying dimensions, each with the number of anchors behind it."""


@dataclass(frozen=True, slots=True)
class Violation:
    """An evaluated architecture whose error was outside what λ predicted.

    Attributes:
        other: the evaluated one whose error differs too much.
        excess: how far ln e was outside the prediction.
        evaluation: number of anchors seen before it.
    """

    index: int
    other: int
    excess: float
    evaluation: int


def given_lipschitz(problem: SearchProblem, question: Question) -> FloatArray | None:
    """The given λ, shape (K,), or None if it must be estimated.

    Raises:
        InvalidFieldError: a dimension is missing or unknown.
    """
    given = question.lipschitz_by_dimension(problem.names)
    return None if given is None else np.array(given)


class LipschitzEstimate:
    """The current λ and the record of its predictions. Violations are never erased.

    Feed it the evaluations in their order. A given λ does not change. An estimated one is the
    cheapest envelope of all pairs times `SAFETY_FACTOR`. It only rises, and it is None until
    evaluated pairs separate all dimensions that vary: `spans`, shape (r, K'), contains independent
    differences of pairs over these K' dimensions. At that moment τ, unless given, is measured from
    the trainings that were repeated with other seeds.

    Pairs are of one family, so each family has its own λ, and needs its own predictions. A family
    whose architectures have all been evaluated needs none. τ is the largest of the families.
    Cost per evaluation: O(|C| K), and O(|C|² K) per pivot if the envelope must rise.
    """

    def __init__(
        self,
        problem: SearchProblem,
        question: Question,
    ) -> None:
        self._problem = problem
        self._comparison = comparison_for(problem.population(question.confidence))
        self._rows = np.flatnonzero(problem.matters)
        self._points = np.empty((0, len(problem.names)))
        self._log_errors = np.empty(0)
        self._sources: dict[int, Observation] = {}
        self.is_given = question.is_lipschitz_given
        self.is_nugget_measured = question.nugget is None and not self.is_given
        self.nugget = question.nugget or 0.0
        self._envelope = CheapestEnvelope(problem.extents[self._rows], nugget=self.nugget)
        self.spans = np.empty((0, len(self._rows)))
        self.in_force: FloatArray | None = given_lipschitz(problem, question)
        self._families = [_FamilyRecord(rows, part) for rows, part in problem.parts]
        self.raises = 0
        self.envelopes: Envelopes = []
        self.violations: list[Violation] = []

    @property
    def anchors(self) -> int:
        """Number of evaluations that bound others."""
        return len(self._points)

    @property
    def sources(self) -> tuple[int, ...]:
        """The evaluations that bound others, in their order."""
        return tuple(self._sources)

    @property
    def pairs(self) -> int:
        """Number of evaluated pairs behind λ."""
        return sum(len(one.anchors) * (len(one.anchors) - 1) // 2 for one in self._families)

    @property
    def predictions(self) -> int:
        """Number of new errors that λ has predicted."""
        return sum(one.predictions for one in self._families)

    @property
    def worst_excess(self) -> float:
        """Largest violation in ln e; 0 if there is none."""
        return max((v.excess for v in self.violations), default=0.0)

    @property
    def envelope_slopes(self) -> FloatArray:
        """The cheapest envelope itself, without factor or floor, over the varying dimensions."""
        return self._envelope.slopes

    @property
    def predictions_wanted(self) -> int:
        """Predictions required before an estimated λ may certify: one per varying dimension."""
        return 0 if self.is_given else len(self._rows)

    @property
    def predictions_counted(self) -> int:
        """Predictions made of those wanted: more of one family do not make up for another."""
        return sum(min(one.predictions, len(one.varying)) for one in self._families)

    @property
    def untested_families(self) -> tuple[int, ...]:
        """The families of which an estimated λ has not predicted enough new errors."""
        return self.families_to_test({})

    def families_to_test(self, coming: Mapping[int, int]) -> tuple[int, ...]:
        """The families that would need more predictions after so many coming ones of each."""
        if self.is_given:
            return ()
        names = [int(self._problem.families[one.rows[0]]) for one in self._families]
        return tuple(
            name
            for name, one in zip(names, self._families, strict=True)
            if not one.is_tested_with(coming.get(name, 0))
        )

    @property
    def is_tested(self) -> bool:
        """Whether λ is known and, if estimated, has predicted enough new errors."""
        return self.in_force is not None and not self.untested_families

    def observe(self, index: int, observation: Observation) -> bool:
        """Check the prediction for `index`, then learn from it; True if λ changed."""
        own = next(one for one in self._families if one.contains(index))
        own.evaluated += 1
        if not observation.is_anchor:
            return False
        point = self._problem.coordinates[index]
        steps = self._problem.differences(self._points[own.anchors], point)
        self._check(index, observation, steps, own)
        own.anchors.append(len(self._points))
        self._points = np.vstack([self._points, point])
        self._log_errors = np.append(self._log_errors, np.log(observation.error))
        self._sources[index] = observation
        return False if self.is_given else self._estimate(steps)

    def _check(
        self, index: int, observation: Observation, steps: FloatArray, own: "_FamilyRecord"
    ) -> None:
        if self.in_force is None or not own.anchors:
            return
        reach = steps @ self.in_force + self.nugget
        sources = list(self._sources.items())
        kin = [sources[place] for place in own.anchors]
        ahead, back = self._comparison.log_ratio_bounds(observation, [o for _, o in kin])
        # One error is surely at least exp(-bound on the inverse ratio) times the other.
        excess = np.maximum(-back, -ahead) - reach
        worst = int(np.argmax(excess))
        own.predictions += 1
        if excess[worst] > TOLERANCE:
            other = kin[worst][0]
            self.violations.append(Violation(index, other, float(excess[worst]), self.anchors))

    def _estimate(self, steps: FloatArray) -> bool:
        self.spans = _independent_rows(np.vstack([self.spans, steps[:, self._rows]]))
        rises = self._update(len(self._points) - 1)
        are_separated = all(one.is_separated(self.spans, self._rows) for one in self._families)
        if not are_separated or not (rises or self.in_force is None):
            return False
        if self.in_force is None and self.is_nugget_measured:
            self._measure_nugget()
        self.envelopes.append((self.anchors, self._envelope.slopes.copy()))
        estimate = np.zeros(len(self._problem.names))
        estimate[self._rows] = SAFETY_FACTOR * self._slopes()
        if self.in_force is None:
            self.in_force = estimate
            return True
        if (estimate <= self.in_force).all():
            return False
        self.in_force = np.maximum(self.in_force, estimate)
        self.raises += 1
        return True

    def _update(self, newest: int) -> bool:
        """Give the envelope the pairs of one point with those of its family before it."""
        own = next(one for one in self._families if newest in one.anchors)
        kin = [place for place in own.anchors if place <= newest]
        points, logs = self._points[kin], self._log_errors[kin]
        steps = self._problem.differences(points[:-1], points[-1])
        return self._envelope.update(
            steps[:, self._rows],
            np.abs(logs[:-1] - logs[-1]),
            points=points[:, self._rows],
            log_errors=logs,
            categorical=self._problem.categorical[self._rows],
        )

    def _measure_nugget(self) -> None:
        """Measure τ from the seeds of the design, and fit the envelope again with it."""
        repeats = [o.repeats for o in self._sources.values()]
        self.nugget = max(
            nugget_from_seeds([repeats[place] for place in one.anchors]) for one in self._families
        )
        if self.nugget:
            extents = self._problem.extents[self._rows]
            self._envelope = CheapestEnvelope(extents, nugget=self.nugget)
            for newest in range(1, len(self._points)):
                self._update(newest)

    def _slopes(self) -> FloatArray:
        # A dimension that made no difference in one place may make one elsewhere.
        extents = self._problem.extents[self._rows]
        effects = self._envelope.slopes * extents
        least = np.zeros(len(effects))
        for one in self._families:
            own = np.isin(self._rows, one.varying)
            least[own] = LEAST_SHARE * effects[own].sum() / max(1, len(one.varying))
        return np.asarray(np.maximum(effects, least) / extents)


class _FamilyRecord:
    """What was seen of one family.

    Attributes:
        rows: its architectures, ascending.
        varying: its dimensions.
        evaluated: how many of its architectures have been evaluated.
        anchors: places of those that bound others among all that do.
        predictions: how many of its new errors λ has predicted.
    """

    def __init__(self, rows: IntArray, part: SearchProblem) -> None:
        self.rows, self.varying = rows, np.flatnonzero(part.matters)
        self.evaluated = self.predictions = 0
        self.anchors: list[int] = []

    def contains(self, index: int) -> bool:
        """Whether an architecture is of this family; O(log N)."""
        place = int(np.searchsorted(self.rows, index))
        return place < len(self.rows) and bool(self.rows[place] == index)

    def is_separated(self, spans: FloatArray, rows: IntArray) -> bool:
        """Whether independent differences tell its dimensions apart, or need not."""
        own = spans[:, np.isin(rows, self.varying)].any(axis=1)
        return self._is_complete or int(own.sum()) >= len(self.varying)

    def is_tested_with(self, coming: int) -> bool:
        """Whether λ has predicted one new error per dimension, after so many more, or need not."""
        is_complete = self.evaluated + coming >= len(self.rows)
        return is_complete or self.predictions + coming >= len(self.varying)

    @property
    def _is_complete(self) -> bool:
        return self.evaluated == len(self.rows)


def _independent_rows(steps: FloatArray) -> FloatArray:
    """Choose at most K rows of `steps` that span the same space. O(n K²)."""
    chosen: list[FloatArray] = []
    residual = steps / np.maximum(np.abs(steps).max(axis=0, initial=0.0), 1e-300)
    for _ in range(steps.shape[1]):
        norms = np.einsum("nk,nk->n", residual, residual)
        best = int(np.argmax(norms)) if len(norms) else -1
        if best < 0 or norms[best] < 1e-12:
            break
        chosen.append(steps[best])
        direction = residual[best] / np.sqrt(norms[best])
        residual = residual - np.outer(residual @ direction, direction)
    return np.array(chosen).reshape(len(chosen), steps.shape[1])


class CheapestEnvelope:
    """The λ with the smallest Σ λ_k L_k that satisfies all pairs so far: a small linear programme.

    Minimise Σ λ_k L_k subject to Σ λ_k |Δx_k| >= |Δ ln e| - τ for every pair, λ >= 0. It has K
    variables and very many constraints, so the simplex method runs on the dual, whose basis is
    K x K, and prices the pairs without ever storing them. New pairs keep the dual basis feasible:
    the next solution starts where the last one ended.

    Args:
        extents: shape (K,), L_k > 0, the weight of λ_k in the objective.
        nugget: τ, which any pair may differ by in addition.
    """

    def __init__(self, extents: FloatArray, *, nugget: float) -> None:
        self._extents = extents
        self._nugget = nugget
        self._basis = np.eye(len(extents))
        self._gains = np.zeros(len(extents))
        self.slopes: FloatArray = np.zeros(len(extents))

    def update(
        self,
        steps: FloatArray,
        gaps: FloatArray,
        *,
        points: FloatArray,
        log_errors: FloatArray,
        categorical: BoolArray,
    ) -> bool:
        """Add the pairs of one new point; True if λ changed.

        Args:
            steps, gaps: shapes (n, K) and (n,): |Δx| and |Δ ln e| of the new pairs.
            points, log_errors: shapes (m, K) and (m,): all points, including the new one.
            categorical: shape (K,).
        """
        violated = _most_violated(steps, gaps - self._nugget, self.slopes)
        if violated is None:
            return False
        for _ in range(100 * (1 + len(self._extents))):
            self._enter(*violated)
            negative = int(np.argmin(self.slopes))
            if self.slopes[negative] < -_LP_TOLERANCE:
                violated = np.eye(len(self._extents))[negative], 0.0
                continue
            violated = self._price(points, log_errors, categorical)
            if violated is None:
                return True
        raise ArithmeticError("the simplex method did not terminate")  # pragma: no cover

    def _enter(self, column: FloatArray, gain: float) -> None:
        direction = np.linalg.solve(self._basis, column)
        amounts = np.linalg.solve(self._basis, self._extents)
        usable = direction > _LP_TOLERANCE
        ratios = np.where(usable, amounts / np.where(usable, direction, 1.0), np.inf)
        leaving = int(np.argmin(ratios))
        self._basis[:, leaving] = column
        self._gains[leaving] = gain
        self.slopes = np.asarray(np.linalg.solve(self._basis.T, self._gains), dtype=float)

    def _price(
        self, points: FloatArray, log_errors: FloatArray, categorical: BoolArray
    ) -> tuple[FloatArray, float] | None:
        worst: tuple[FloatArray, float] | None = None
        worst_excess = _LP_TOLERANCE
        rows = max(1, _BLOCK // max(1, len(points)))
        for start in range(0, len(points), rows):
            block = slice(start, start + rows)
            gaps = np.abs(log_errors[block, None] - log_errors[None, :]) - self._nugget
            told_apart = np.zeros(gaps.shape, dtype=bool)
            for k, slope in enumerate(self.slopes):
                step = np.abs(points[block, k, None] - points[None, :, k])
                told_apart |= step > 0
                gaps -= slope * ((step > 0) if categorical[k] else step)
            gaps[~told_apart] = -np.inf
            i, j = np.unravel_index(int(np.argmax(gaps)), gaps.shape)
            if gaps[i, j] > worst_excess:
                step = np.abs(points[start + i] - points[j])
                step = np.where(categorical, step > 0, step).astype(float)
                worst_excess = float(gaps[i, j])
                worst = step, float(abs(log_errors[start + i] - log_errors[j]) - self._nugget)
        return worst


def _most_violated(
    steps: FloatArray, gaps: FloatArray, slopes: FloatArray
) -> tuple[FloatArray, float] | None:
    told_apart = steps.any(axis=1)
    excess = np.where(told_apart, gaps - steps @ slopes, -np.inf)
    if not len(excess) or excess.max() <= _LP_TOLERANCE:
        return None
    row = int(np.argmax(excess))
    return steps[row], float(gaps[row])
