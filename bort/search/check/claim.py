"""The claim that follows from the evaluations of a certificate, from the definitions alone.

Written again for `verify`: it shares no code with the search that made the certificate.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from bort.core.question import Goal
from bort.search import facts
from bort.search.arrays import LARGEST_GAP, FloatArray
from bort.search.check.case import CertifiedCase
from bort.search.check.challenges import challenges_made
from bort.search.check.direct import direct_front
from bort.search.check.spot_checks import spot_checked
from bort.search.facts import Fact, Guarantee, Status

_TOLERANCE = 1e-9
_MOST_CELLS = 20_000_000  # of the table of who covers whom; beyond it a cover is not thinned


@dataclass(frozen=True, kw_only=True)
class Claim:
    """What a certificate may claim; see `Answer` for the fields."""

    certified_epsilon: float | None
    is_certified: bool
    ending: str | None
    guarantee: Guarantee
    front: tuple[int, ...]
    cover: tuple[int, ...] | None
    best: int | None
    w_ratio: float | None
    ledger: tuple[Fact, ...]
    violations: tuple[tuple[int, int, float], ...]

    def to_dict(self, case: CertifiedCase) -> dict[str, Any]:
        """Convert to the JSON values of the certificate."""
        return {
            "evaluations": len(case.rows),
            "certified_epsilon": self.certified_epsilon,
            "is_certified": self.is_certified,
            "ending": self.ending,
            "guarantee": str(self.guarantee),
            "front": list(self.front),
            "cover": None if self.cover is None else list(self.cover),
            "cover_epsilon": None if self.cover is None else case.question.epsilon,
            "best": self.best,
            "w_ratio": self.w_ratio,
            "ledger": [fact.to_dict() for fact in self.ledger],
            "violations": [list(violation) for violation in self.violations],
        }

    def audited(self, found: Sequence[facts.Audited], *, is_lipschitz_given: bool) -> "Claim":
        """Add what audits found. One that fails, or refutes a given λ, withdraws the claim."""
        is_refuted = is_lipschitz_given and any(fact.outside for fact in found)
        ledger = tuple(
            replace(fact, is_refuted_by_audit=True)
            if is_refuted and isinstance(fact, facts.LambdaGiven)
            else fact
            for fact in self.ledger
        )
        if not is_refuted and not any(fact.is_refuting for fact in found):
            return replace(self, ledger=(*ledger, *found))
        return replace(
            self,
            ledger=(*ledger, *found),
            guarantee=Guarantee.NONE,
            certified_epsilon=None,
            cover=None,
            w_ratio=None,
            is_certified=False,
            ending="assumption violated",
        )


def claim_of(case: CertifiedCase, *, leeway: float = 0.0) -> Claim:
    """Derive the claim.

    Args:
        leeway: added to every threshold in logarithms: another machine may round a tie to the
            other side.
    """
    return _Derivation(case, leeway).claim()


class _Derivation:
    def __init__(self, case: CertifiedCase, leeway: float) -> None:
        self.case, self.leeway = case, leeway
        self.question, self.direct, self.learned = case.question, case.direct, case.learned
        self.goal, self.weights = case.question.goal, case.question.weights
        self.witnesses = [i for i, o in case.seen.items() if not o.is_excluded]
        self.needs_errors = self.goal is not Goal.BEST or self.weights[2] > 0
        self.needs_bounds = not self.goal.evaluates_everything
        self.rests_on_lipschitz = self.needs_bounds and not case.is_exhausted
        is_tested = self.learned.lipschitz is not None
        is_tested &= question_gives(case) or not case.untested
        self.is_tested = is_tested
        self.is_ready = is_tested or case.is_exhausted
        self.gap = self._gap()
        limit = float(np.log1p(self.question.epsilon))
        if self.goal is Goal.BEST:
            epsilon = self.question.epsilon
            limit = np.inf if epsilon >= 1 else -float(np.log1p(-epsilon))
        self.limit = limit
        is_within = bool(self.witnesses) and self.gap <= limit + leeway
        self.challenges, self.is_challenged = challenges_made(case, leeway=leeway)
        self.is_reached = is_within and self.is_challenged
        self.is_refuted = self.rests_on_lipschitz and self._is_refuted()
        self.is_withdrawn = self.is_refuted or case.problem.latency_is_refused
        self.certified_epsilon = self._certified_epsilon()

    def claim(self) -> Claim:
        is_certified = self.is_reached and not self.is_withdrawn
        ledger = self._ledger()
        best, w_ratio = self._best()
        return Claim(
            certified_epsilon=self.certified_epsilon,
            is_certified=is_certified,
            ending=self._ending(),
            guarantee=self._guarantee(ledger),
            front=self._front(),
            cover=self._cover() if is_certified and self.goal is not Goal.BEST else None,
            best=best,
            w_ratio=w_ratio,
            ledger=ledger,
            violations=tuple(self.learned.violations),
        )

    def _gap(self) -> float:
        """Compute the least δ that the goal allows; infinity if nothing is certified."""
        needs_lipschitz = self.needs_errors and self.needs_bounds
        if not self.witnesses or (needs_lipschitz and not self.is_ready):
            return np.inf
        if self.goal is Goal.BEST:
            return float(self.direct.w_gaps(self.weights).min())
        if self.case.is_exhausted:
            return 0.0
        if not self.needs_bounds:
            return np.inf
        blocks = self.direct.blocks()
        return max(float(self.direct.gaps(b, self.witnesses).max()) for b in blocks)

    def _certified_epsilon(self) -> float | None:
        if self.gap > LARGEST_GAP or self.is_withdrawn:
            return None
        is_best = self.goal is Goal.BEST
        epsilon = float(-np.expm1(-self.gap) if is_best else np.expm1(self.gap))
        return min(epsilon, self.question.epsilon) if self.is_reached else epsilon

    def _is_refuted(self) -> bool:
        if question_gives(self.case) and self.learned.violations:
            return True
        slack = self.question.slack
        return slack is not None and self._worst_order() > np.log1p(slack) + _TOLERANCE

    def _worst_order(self) -> float:
        return self.direct.monotone_record()[1]

    def _ending(self) -> str | None:
        if self.is_reached:
            return "assumption violated" if self.is_withdrawn else "certified"
        if self.is_challenged and self._is_limited_by_noise():
            return "limited by noise"
        return "exhausted" if self.case.is_exhausted else None

    def _is_limited_by_noise(self) -> bool:
        """Whether only evaluated architectures may still beat the best by more than ε."""
        if self.goal is not Goal.BEST or not self.is_ready or not self.witnesses:
            return False
        weight, direct = self.weights[2], self.direct
        gains = direct.log_gain(self.weights)
        uppers = np.array([self.case.seen[i].upper for i in self.witnesses])
        lower = gains[self.witnesses] - (weight * np.log(uppers) if weight else 0.0)
        limit = float(lower.max()) + self.limit + self.leeway
        for block in direct.blocks():
            targets = block[(gains[block] > -np.inf) & ~np.isin(block, direct.rows)]
            if not len(targets):
                continue
            most = gains[targets]
            if weight:
                most = most - weight * direct.lower_envelope(targets)
            if (most > limit).any():
                return False
        return True

    def _guarantee(self, ledger: Sequence[Fact]) -> Guarantee:
        if self.certified_epsilon is None or any(f.status is Status.VIOLATED for f in ledger):
            return Guarantee.NONE
        needs_nothing = self.case.is_exhausted or not self.needs_errors
        is_proved = needs_nothing or question_gives(self.case)
        return Guarantee.PROVED if is_proved else Guarantee.CONDITIONAL

    def _front(self) -> tuple[int, ...]:
        rows = np.array(sorted(self.witnesses), dtype=np.int64)
        errors = np.array([self.case.seen[int(i)].error for i in rows])
        return tuple(
            rows[direct_front(np.column_stack([self.direct.costs[rows], errors]))].tolist()
        )

    def _cover(self) -> tuple[int, ...]:
        """Drop the superfluous, then take whichever certifies most of what is left."""
        rows = self._useful()
        if len(rows) * len(self.case.problem) > _MOST_CELLS:
            return rows
        limit = float(np.log1p(self.question.epsilon)) + self.leeway
        blocks = (b[~np.isin(b, self.direct.excluded)] for b in self.direct.blocks())
        covers = np.vstack([self.direct.gap_matrix(block, rows) <= limit for block in blocks])
        missing, chosen = covers.any(axis=1), []
        while missing.any():
            most = int(np.argmax(covers[missing].sum(axis=0)))
            chosen.append(rows[most])
            missing &= ~covers[:, most]
        return tuple(sorted(chosen))

    def _useful(self) -> tuple[int, ...]:
        """List the witnesses that no other one beats for sure; of equals, the first."""
        rows = sorted(self.witnesses)
        if self.direct.ratios is not None:
            return tuple(rows)
        costs = self.direct.costs[rows]
        lower = np.array([self.case.seen[i].lower for i in rows])
        upper = np.array([self.case.seen[i].upper for i in rows])
        kept = []
        for place, row in enumerate(rows):
            beats = (costs <= costs[place]).all(axis=1) & (upper <= lower[place])
            equal = (costs == costs[place]).all(axis=1) & (upper == lower[place])
            equal &= (lower == upper) & (upper[place] == lower[place])
            beats[place:] &= ~equal[place:]
            if not beats.any():
                kept.append(row)
        return tuple(kept)

    def _best(self) -> tuple[int | None, float | None]:
        """Find the best W, and how much of the largest possible W it is at least."""
        if not self.witnesses:
            return None, None
        is_known = self.is_ready or not self.needs_errors
        is_bounded = self.case.is_exhausted or (self.needs_bounds and is_known)
        if is_bounded and not self.is_withdrawn:
            gaps = dict(zip(self.case.rows, self.direct.w_gaps(self.weights), strict=True))
            least = min(gaps[i] for i in self.witnesses)
            best = self._first(-np.array([gaps[i] for i in self.witnesses]))
            return best, None if least == np.inf else float(np.exp(-least))
        gains = self.direct.log_gain(self.weights)[self.witnesses]
        uppers = np.array([self.case.seen[i].upper for i in self.witnesses])
        return self._first(gains - self.weights[2] * np.log(uppers)), None

    def _first(self, values: FloatArray) -> int:
        """Return the first of the largest."""
        near = values >= values.max() - max(0.0, self.leeway)
        return self.witnesses[int(np.argmax(near))]

    def _ledger(self) -> tuple[Fact, ...]:
        problem, question, learned = self.case.problem, self.question, self.learned
        levels = self.case.levels
        found: list[Fact] = [
            facts.DevErrors()
            if levels is None or question.confidence is None
            else facts.PopulationErrors(
                confidence=question.confidence,
                architectures=len(problem),
                compares_pairs=levels.pair is not None,
            ),
            facts.SizesKnown(are_listed=problem.scales is not None),
            self._latency(),
            self._lipschitz(),
        ]
        if self.rests_on_lipschitz:
            is_measured = question.nugget is None and not question_gives(self.case)
            nugget = learned.nugget
            found.append(facts.SeedNoise(nugget=nugget, is_measured=is_measured and nugget > 0))
            if question.slack is not None:
                found.append(self._monotone(question.slack))
        if problem.scales is not None and set(problem.scales) != {"log"}:
            found.append(facts.Scales(scales=dict(zip(problem.names, problem.scales, strict=True))))
        floored = [o for o in self.case.observations if o.is_floored]
        if floored:
            found.append(
                facts.ErrorsFloored(count=len(floored), floor=floored[0].error, n=floored[0].n)
            )
        excluded = len(self.case.rows) - len(self.witnesses)
        if excluded:
            found.append(facts.Excluded(count=excluded))
        draws = spot_checked(self.case)
        return (*found, *([] if draws is None else [draws]))

    def _latency(self) -> Fact:
        band = self.case.problem.latency_band
        if self.case.problem.latency_is_refused:
            return facts.LatencyRefused()
        if band > 0:
            return facts.LatencyModelled(band=band, epsilon=self.question.epsilon)
        return facts.LatencyListed()

    def _lipschitz(self) -> Fact:
        learned, is_given = self.learned, question_gives(self.case)
        if not self.rests_on_lipschitz:
            return facts.LambdaNotNeeded(record=facts.Predictions())
        if learned.lipschitz is None:
            return facts.LambdaUnknown(anchors=learned.anchors)
        if not self.is_tested:
            owners = self.case.owners.tolist()
            counted = [min(made, owners.count(family)) for family, made in learned.made.items()]
            wanted = sum(owner >= 0 for owner in owners)
            return facts.LambdaUntested(
                anchors=learned.anchors, predictions=sum(counted), wanted=wanted
            )
        goal, certified = self.goal, self.certified_epsilon
        if is_given:
            return facts.LambdaGiven(record=self._record(), goal=goal, certified_epsilon=certified)
        return facts.LambdaEstimated(
            pairs=learned.pairs,
            record=self._record(),
            goal=goal,
            certified_epsilon=certified,
            challenges=self.challenges,
        )

    def _record(self) -> facts.Predictions:
        made, violations = sum(self.learned.made.values()), self.learned.violations
        if not violations:
            return facts.Predictions(made=made)
        index, other, excess = max(violations, key=lambda v: v[2])
        label = self.case.problem.label
        return facts.Predictions(
            made=made,
            violated=len(violations),
            worst_excess=excess,
            worst_pair=(label(index), label(other)),
        )

    def _monotone(self, slack: float) -> Fact:
        pairs, worst = self.direct.monotone_record()
        is_broken = worst > np.log1p(slack) + _TOLERANCE
        return facts.Monotone(
            slack=slack, pairs=pairs, worst_ratio=float(np.exp(worst)) if is_broken else None
        )


def question_gives(case: CertifiedCase) -> bool:
    """Whether the question gives λ."""
    return case.question.lipschitz is not None
