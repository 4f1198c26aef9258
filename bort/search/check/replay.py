"""What the evaluations of a certificate say about λ and τ, in their order.

Written again for `verify` from docs/guarantee.md: it shares no code with the search. A linear
programme can have many solutions, so the certificate lists the envelopes that it used, and each is
checked to be an envelope and to be a cheapest one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from bort.core.question import Question
from bort.search.arrays import BoolArray, FloatArray, IntArray
from bort.search.check.ratios import Ratios
from bort.search.observation import Observation

_TOLERANCE = 1e-9
_TIGHT = 1e-7  # pairs this close to the envelope may hold it up
_COST_TOLERANCE = 1e-6  # relative, of a linear programme
_APART = 1e-6  # of a dimension's extent
_FACTOR = 2.0  # on the envelope
_LEAST = 0.5  # share of the mean effect that every dimension gets
_CONFIDENCE = 0.95  # of τ


@dataclass(slots=True)
class Replay:
    """What was learned.

    Attributes:
        lipschitz: λ, shape (K,); None while unknown.
        design: the evaluations from which λ was first estimated.
        made: predictions of new errors, by family.
        pairs: pairs of one family behind λ.
        violations: index, the other's index, excess.
        faults: what is wrong with the listed envelopes.
    """

    lipschitz: FloatArray | None
    nugget: float
    anchors: int = 0
    design: tuple[int, ...] = ()
    made: dict[int, int] = field(default_factory=dict)
    pairs: int = 0
    violations: list[tuple[int, int, float]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


@dataclass(frozen=True, eq=False)
class Evidence:
    """The evaluations that bound others, in their order; none if λ is not needed.

    Attributes:
        points: shape (m, K).
        categorical, extents: shape (K,); a dimension without extent never matters.
        envelopes: as listed, each a number of evaluations and its slopes.
        families: shape (m,), the family of each.
        owners: shape (K,), the family in which each dimension varies; -1 if it does not.
        complete: the families that were evaluated completely with each; they need no λ.
    """

    question: Question
    given: FloatArray | None
    rows: Sequence[int]
    points: FloatArray
    categorical: BoolArray
    extents: FloatArray
    observations: Sequence[Observation]
    envelopes: Sequence[tuple[int, FloatArray]]
    ratios: Ratios
    families: IntArray
    owners: IntArray
    complete: Sequence[frozenset[int]]

    def kin(self, row: int) -> IntArray:
        """List those of its family before it."""
        return np.flatnonzero(self.families[:row] == self.families[row])


def replay(evidence: Evidence) -> Replay:
    """Go through the evaluations as the search did: predict, compare, learn."""
    found = Replay(evidence.given, evidence.question.nugget or 0.0, len(evidence.rows))
    learner = None if evidence.given is not None else _Learner(evidence, found)
    for count in range(1, len(evidence.rows) + 1):
        kin = evidence.kin(count - 1)
        found.pairs += len(kin)
        if found.lipschitz is not None and len(kin):
            _predict(evidence, found, count - 1, kin)
        if learner is not None:
            learner.learn(count)
    listed = [count for count, _ in evidence.envelopes]
    used = [] if learner is None else learner.used
    if listed != used:
        found.faults.append(
            f"envelopes are listed after {listed} evaluations, but belong to {used}"
        )
    return found


def _steps(evidence: Evidence, rows: IntArray | slice, row: int) -> FloatArray:
    steps = np.abs(evidence.points[rows] - evidence.points[row])
    return np.asarray(np.where(evidence.categorical, steps > 0, steps), dtype=float)


def _predict(evidence: Evidence, found: Replay, row: int, kin: IntArray) -> None:
    before = [evidence.observations[place] for place in kin]
    ahead, back = evidence.ratios.row(evidence.observations[row], before)
    assert found.lipschitz is not None
    reach = weighted(_steps(evidence, kin, row), found.lipschitz) + found.nugget
    excess = np.maximum(-ahead, -back) - reach
    worst = int(np.argmax(excess))
    family = int(evidence.families[row])
    found.made[family] = found.made.get(family, 0) + 1
    if excess[worst] > _TOLERANCE:
        indices = evidence.rows[row], evidence.rows[int(kin[worst])]
        found.violations.append((*indices, float(excess[worst])))


def weighted(steps: FloatArray, lipschitz: FloatArray) -> FloatArray:
    """Sum λ_k times the steps over the last axis, one dimension after the other."""
    total = np.zeros(steps.shape[:-1])
    for k, slope in enumerate(lipschitz):
        total += slope * steps[..., k]
    return total


class _Learner:
    """Checks each listed envelope, and derives λ and τ from it."""

    def __init__(self, evidence: Evidence, found: Replay) -> None:
        self.evidence, self.found = evidence, found
        self.matters = np.flatnonzero(evidence.extents > 0)
        self.extents = evidence.extents[self.matters]
        self.logs = np.log([o.error for o in evidence.observations])
        self.listed = dict(evidence.envelopes)
        self.slopes: FloatArray | None = None
        self.basis = np.empty((0, len(self.matters)))
        self.used: list[int] = []

    def learn(self, count: int) -> None:
        if self.slopes is None:
            if not self._tells_apart(count):
                return
            self._measure_nugget(count)
        elif self._worst(self.slopes, count - 1) <= _TOLERANCE and count not in self.listed:
            return
        self.used.append(count)
        slopes = self.listed.get(count)
        if slopes is None:
            return
        if slopes.shape != self.extents.shape:
            self.found.faults.append(
                f"the envelope after {count} evaluations does not have {len(self.extents)} slopes"
            )
            return
        self._check(slopes, count)
        self.slopes = slopes
        effects = slopes * self.extents
        owners = self.evidence.owners[self.matters]
        least = np.array([_LEAST * effects[owners == owner].mean() for owner in owners])
        estimate = np.zeros(len(self.evidence.extents))
        estimate[self.matters] = _FACTOR * (np.maximum(effects, least) / self.extents)
        known = self.found.lipschitz
        self.found.lipschitz = estimate if known is None else np.maximum(known, estimate)

    def _pairs(self, row: int) -> tuple[FloatArray, FloatArray]:
        """List |Δx| and |Δ ln e| - τ of a row's pairs with its kin that differ from it."""
        kin = self.evidence.kin(row)
        steps = _steps(self.evidence, kin, row)[:, self.matters]
        gaps = np.abs(self.logs[kin] - self.logs[row]) - self.found.nugget
        apart = steps.any(axis=1)
        return steps[apart], gaps[apart]

    def _tells_apart(self, count: int) -> bool:
        """Check that the differences of the first `count` tell the dimensions apart."""
        from scipy.linalg import qr

        steps = np.vstack([self.basis, self._pairs(count - 1)[0] / self.extents])
        if steps.size:
            _, triangle, order = qr(steps.T, mode="economic", pivoting=True)
            self.basis = steps[order[: int((np.abs(np.diag(triangle)) > _APART).sum())]]
        owners, complete = self.evidence.owners[self.matters], self.evidence.complete[count - 1]
        missing = [
            np.sum(owners == f) - (self.basis[:, owners == f] != 0).any(axis=1).sum()
            for f in set(owners.tolist()) - complete
        ]
        return not any(missing)

    def _measure_nugget(self, count: int) -> None:
        if self.evidence.question.nugget is not None:
            return
        self.found.design = tuple(self.evidence.rows[:count])
        repeats = [o.repeats for o in self.evidence.observations[:count]]
        families = self.evidence.families[:count]
        self.found.nugget = max(
            nugget_of([repeats[place] for place in np.flatnonzero(families == family)])
            for family in set(families.tolist())
        )

    def _worst(self, slopes: FloatArray, row: int) -> float:
        steps, gaps = self._pairs(row)
        return float((gaps - weighted(steps, slopes)).max(initial=-np.inf))

    def _check(self, slopes: FloatArray, count: int) -> None:
        """Check that the slopes satisfy all pairs so far, and that no cheaper ones do.

        Only pairs that the envelope touches can hold it up: if it is a cheapest one for them, it is
        a cheapest one for all.
        """
        from scipy.optimize import linprog

        if self.slopes is not None and self._worst(self.slopes, count - 1) <= 0:
            self.found.faults.append(f"the envelope after {count} evaluations had not to rise")
        touching: list[tuple[FloatArray, float]] = []
        worst = -float(slopes.min(initial=0.0))
        for row in range(1, count):
            steps, gaps = self._pairs(row)
            excess = gaps - weighted(steps, slopes)
            worst = max(worst, float(excess.max(initial=-np.inf)))
            near = np.flatnonzero(excess > -_TIGHT)
            touching += [(steps[j], float(gaps[j])) for j in near]
        if worst > _TIGHT:
            self.found.faults.append(
                f"the envelope after {count} evaluations is exceeded by {worst:.3g}"
            )
        cost = float(self.extents @ slopes)
        least = 0.0
        if touching:
            steps, gaps = np.array([s for s, _ in touching]), np.array([g for _, g in touching])
            solved = linprog(self.extents, A_ub=-steps, b_ub=-gaps)
            least = float(solved.fun) if solved.success else np.inf
        if not abs(cost - least) <= _COST_TOLERANCE * max(1e-3, least):
            self.found.faults.append(
                f"the envelope after {count} evaluations costs {cost:.6g}, but the cheapest "
                f"{least:.6g}"
            )


def nugget_of(repeats: Sequence[Sequence[float]]) -> float:
    """Estimate τ from repeated seeds: Student's quantile of the difference of two means."""
    from scipy.stats import t

    logs = [np.log(errors) for errors in repeats if len(errors) > 1]
    freedom = sum(len(x) - 1 for x in logs)
    if not freedom:
        return 0.0
    variance = sum(len(x) * float(np.var(x)) for x in logs) / freedom
    trainings = min(len(x) for x in logs)
    return float(t.ppf((1 + _CONFIDENCE) / 2, freedom)) * float(np.sqrt(2 * variance / trainings))
