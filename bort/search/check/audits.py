"""The audits that follow from the evaluations of a certificate, from the definitions alone."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bort.core.question import Goal
from bort.search.audit import AuditPlan, AuditResult, draw, uncovered_bound
from bort.search.check.case import CertifiedCase, read_evaluations
from bort.search.check.certificate import (
    InvalidCertificateError,
    audit_part,
    drawn_rows,
    listed_envelopes,
)
from bort.search.check.claim import Claim, claim_of
from bort.search.check.replay import weighted
from bort.search.facts import Audited
from bort.search.observation import Observation

_TOLERANCE = 1e-9


def audited_cases(
    case: CertifiedCase, stated: Sequence[Mapping[str, Any]]
) -> dict[tuple[int, ...], CertifiedCase]:
    """Go back to each answer that was audited; by what was evaluated, the last answer included."""
    current = tuple(sorted(case.rows))
    cases = {current: case}
    for audit in stated:
        evaluated = _evaluated(case, audit)
        if evaluated not in cases:
            cases[evaluated] = case.as_of(evaluated, audit["envelopes"])
    return cases


def _evaluated(case: CertifiedCase, audit: Mapping[str, Any]) -> tuple[int, ...]:
    return tuple(sorted(set(audit["plan"]["evaluated"]) & set(case.rows)))


def derive_audits(
    case: CertifiedCase,
    cases: Mapping[tuple[int, ...], CertifiedCase],
    stated: Sequence[Mapping[str, Any]],
    *,
    leeway: float,
) -> tuple[list[dict[str, Any]], Claim]:
    """Derive each audit from its seed, the number that it drew and the answer that it tested.

    Args:
        cases: from `audited_cases`.
    Returns:
        The audits as the certificate must list them, and the claim with what they found.
    """
    answers = {e: _Audits(basis, claim_of(basis, leeway=leeway)) for e, basis in cases.items()}
    parts = []
    for number, audit in enumerate(stated, start=1):
        tested = answers[_evaluated(case, audit)]
        is_current = tested.case is case
        seen = case.seen
        if is_current and audit["errors"] is not None:
            seen = read_evaluations(audit["evaluations"], len(case.problem))
        if audit["errors"] is None:
            plan = tested.unfinished(number, audit, seen)
            then = listed_envelopes(tested.case.envelopes)
            parts.append(audit_part(plan, None, rows=None, envelopes=then))
            continue
        result = tested.run(number, audit, seen)
        rows = envelopes = None
        if is_current:
            drawn = {i: case.measured(seen[i]) for i in result.plan.drawn}
            rows = drawn_rows(case.problem, drawn, case.question)
        else:
            envelopes = listed_envelopes(tested.case.envelopes)
        parts.append(audit_part(result.plan, result, rows=rows, envelopes=envelopes))
    return parts, answers[tuple(sorted(case.rows))].claim


class _Audits:
    """The audits of one answer, in their order.

    Attributes:
        claim: the answer, with what its audits have found so far.
    """

    def __init__(self, case: CertifiedCase, claim: Claim) -> None:
        self.case, self.claim, self._first = case, claim, claim
        self._drawn: dict[int, Observation] = {}
        self._facts: list[Audited] = []

    def unfinished(
        self, number: int, stated: Mapping[str, Any], seen: Mapping[int, Observation]
    ) -> AuditPlan:
        """Freeze the answer and repeat the draw, of which not everything was evaluated."""
        plan = self._plan(number, int(stated["plan"]["seed"]), len(stated["plan"]["drawn"]))
        if all(index in seen for index in plan.drawn):
            raise InvalidCertificateError(
                f"audit {number} is called unfinished, but all that it drew are evaluated"
            )
        return plan

    def run(
        self, number: int, stated: Mapping[str, Any], seen: Mapping[int, Observation]
    ) -> AuditResult:
        """Freeze the answer, repeat the draw, and judge what was drawn."""
        plan = self._plan(number, int(stated["plan"]["seed"]), len(stated["plan"]["drawn"]))
        if unseen := [i for i in plan.drawn if i not in seen]:
            raise InvalidCertificateError(
                f"audit {number} draws {self.case.names(unseen[:1])} by its seed, but lists no "
                "error of it"
            )
        drawn = {i: seen[i] for i in plan.drawn}
        result = self._judge(plan, drawn)
        self._facts.append(self._fact(result, drawn))
        self._drawn |= drawn
        self.claim = self._first.audited(
            self._facts, is_lipschitz_given=self.case.question.is_lipschitz_given
        )
        return result

    def _plan(self, number: int, seed: int, count: int) -> AuditPlan:
        case, claim, question = self.case, self.claim, self.case.question
        evaluated, passed_over = tuple(sorted(case.rows)), tuple(sorted(self._drawn))
        members = claim.cover
        if question.goal is Goal.BEST:
            members = () if claim.best is None else (claim.best,)
        elif members is None:
            members = tuple(i for i in evaluated if not case.seen[i].is_excluded)
        return AuditPlan(
            number=number,
            seed=seed,
            goal=question.goal,
            epsilon=max(question.epsilon, claim.certified_epsilon or 0.0),
            weights=question.weights,
            is_certified=claim.certified_epsilon is not None,
            evaluated=evaluated,
            passed_over=passed_over,
            members=members,
            drawn=draw(
                len(case.problem),
                count,
                evaluated=evaluated,
                passed_over=passed_over,
                key=(seed, number),
            ),
        )

    def _judge(self, plan: AuditPlan, drawn: Mapping[int, Observation]) -> AuditResult:
        failed = tuple(i for i, o in drawn.items() if o.is_excluded or not self._holds(plan, i, o))
        population = len(self.case.problem) - len(plan.evaluated) - len(plan.passed_over)
        return AuditResult(
            plan,
            population,
            tuple(None if o.is_excluded else o.error for o in drawn.values()),
            failed,
            uncovered_bound(population, len(drawn), len(failed), alpha=plan.alpha),
        )

    def _holds(self, plan: AuditPlan, index: int, observation: Observation) -> bool:
        """Check the claim for one architecture, by the errors on this dev set."""
        costs, error, known = self.case.direct.costs, observation.error, self.case.seen
        if plan.goal is Goal.BEST:
            shrink = np.maximum(0.0, 1.0 - costs / costs.max(axis=0))
            gain = (shrink ** np.array(plan.weights[:2])).prod(axis=1)
            weight, best = plan.weights[2], plan.members[0]
            ours, theirs = gain[best] * known[best].error ** -weight, gain[index] * error**-weight
            return bool(ours >= (1 - plan.epsilon) * theirs * (1 - _TOLERANCE))
        factor = (1 + plan.epsilon) * (1 + _TOLERANCE)
        return any(
            (costs[c] <= factor * costs[index]).all() and known[c].error <= factor * error
            for c in plan.members
        )

    def _fact(self, result: AuditResult, drawn: Mapping[int, Observation]) -> Audited:
        found, outside = result.finding, self._outside(drawn)
        return Audited(
            number=found.number,
            goal=found.goal,
            epsilon=found.epsilon,
            alpha=found.alpha,
            drawn=found.drawn,
            population=found.population,
            failed=found.failed,
            uncovered_at_most=found.uncovered_at_most,
            is_refuting=result.plan.is_certified
            and any(not drawn[i].is_excluded for i in result.failed),
            outside=len(outside),
            worst_excess=max(outside, default=0.0),
        )

    def _outside(self, drawn: Mapping[int, Observation]) -> list[float]:
        """Compare errors with λ and all known before that were not outside themselves."""
        learned, problem = self.case.learned, self.case.problem
        known = {i: o for i, o in self.case.seen.items() if not o.is_excluded}
        if learned.lipschitz is None or not known:
            return []
        known |= {i: o for i, o in self._drawn.items() if not o.is_excluded}
        excesses = []
        for index, seen in drawn.items():
            if seen.is_excluded:
                continue
            steps = np.abs(problem.coordinates[list(known)] - problem.coordinates[index])
            steps = np.where(problem.categorical, steps > 0, steps)
            ahead, back = self.case.ratios.row(seen, list(known.values()))
            reach = weighted(steps, learned.lipschitz) + learned.nugget
            reach[problem.families[list(known)] != problem.families[index]] = np.inf
            excess = float((np.maximum(-ahead, -back) - reach).max())
            if excess > _TOLERANCE:
                excesses.append(excess)
            else:
                known[index] = seen
        return excesses
