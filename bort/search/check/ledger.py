"""The part of `verify` that derives the facts again: ledger, violations of λ, ending and audits.

The numbers of the claim are checked from the definitions elsewhere. Here `solve` goes through the
evaluations in their order again, and its result is compared with the certificate: codes exactly,
numbers up to rounding.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from bort.search.answer import Answer, solve
from bort.search.audit import (
    ALPHA,
    AuditPlan,
    AuditResult,
    audit_fact,
    draw,
    uncovered_bound,
    with_facts,
)
from bort.search.check.case import CertifiedCase
from bort.search.check.certificate import audit_result
from bort.search.facts import Audited, Fact, fact_from_dict
from bort.search.observation import Observation

_ROUNDING = 1e-6  # another machine's logarithms differ by less


def check_ledger(case: CertifiedCase) -> Iterator[str]:
    """List the statements that do not follow from the evaluations, one line each."""
    claim = case.claim
    stated = [fact_from_dict(entry) for entry in claim["ledger"]]
    answer = _answer(case, stated)
    if [fact.code for fact in stated] != [fact.code for fact in answer.ledger]:
        yield "the facts in the ledger are not those that follow from the evaluations"
    else:
        for entry, fact, found in zip(claim["ledger"], stated, answer.ledger, strict=True):
            yield from _entry(entry, fact, found)
    yield from _violations(claim["violations"], answer)
    if claim["ending"] != answer.ending:
        ending = None if answer.ending is None else str(answer.ending)
        yield (
            f"the search is said to have ended with {claim['ending']!r}, but it ended with "
            f"{ending!r}"
        )
    if claim["is_certified"] is not answer.is_certified:
        yield f"called {'' if claim['is_certified'] else 'not '}certified, which it is " + (
            "" if answer.is_certified else "not"
        )


def _entry(entry: Mapping[str, Any], stated: Fact, found: Fact) -> Iterator[str]:
    if entry["status"] != found.status:
        yield f"the ledger calls {found.code} {entry['status']}, but it is {found.status}"
    there, here = stated.to_dict(), found.to_dict()
    for name in here:
        if not _is_same(there[name], here[name]):
            yield f"the ledger's {found.code} says {name} = {there[name]}, but it is {here[name]}"


def _answer(case: CertifiedCase, stated: Sequence[Fact]) -> Answer:
    rows = case.direct.rows.tolist()
    known = dict(zip(rows, case.observations, strict=True))
    answer = solve(case.problem, known, question=case.question)
    facts = [_audit_fact(case, answer, known, result) for result in _current_audits(case)]
    if case.population is not None:
        # Whether audited errors agree with λ depends on their intervals, which are not listed.
        listed = [fact for fact in stated if isinstance(fact, Audited)]
        facts = [
            replace(fact, outside=there.outside, worst_excess=there.worst_excess)
            for fact, there in zip(facts, listed, strict=False)
        ]
    return with_facts(answer, facts, question=case.question)


def _audit_fact(
    case: CertifiedCase, answer: Answer, known: Mapping[int, Observation], result: AuditResult
) -> Audited:
    drawn = {
        index: Observation.excluded() if error is None else Observation.of(float(error))
        for index, error in zip(result.plan.drawn, result.errors, strict=True)
    }
    seen = {**drawn, **known}
    return audit_fact(case.problem, answer, seen, result, question=case.question)


def _violations(stated: Sequence[Sequence[Any]], answer: Answer) -> Iterator[str]:
    found = [[v.index, v.other, v.excess] for v in answer.violations]
    if [row[:2] for row in stated] != [row[:2] for row in found]:
        yield f"{len(stated)} violations of λ are recorded, but the evaluations show {len(found)}"
    elif not _is_same(list(stated), found):
        yield "the recorded violations of λ do not match the evaluations"


def _current_audits(case: CertifiedCase) -> list[AuditResult]:
    """Return the audits of this answer, not those made before the search continued."""
    evaluated = sorted(case.direct.rows.tolist())
    results = map(audit_result, case.audits)
    return [result for result in results if sorted(result.plan.evaluated) == evaluated]


def _is_same(stated: Any, found: Any) -> bool:
    """Compare two values: fractions up to rounding, everything else exactly."""
    if isinstance(found, Mapping):
        return stated.keys() == found.keys() and all(_is_same(stated[k], found[k]) for k in found)
    if isinstance(found, list | tuple):
        return len(stated) == len(found) and all(map(_is_same, stated, found))
    if isinstance(found, float):
        return math.isclose(stated, found, rel_tol=_ROUNDING, abs_tol=_ROUNDING)
    return bool(stated == found)


_TOLERANCE = 1e-9


def check_audits(case: CertifiedCase) -> Iterator[str]:
    """List, one line each, the audits that are missing, drawn differently or numerically wrong."""
    for number, stated in enumerate(case.audits, start=1):
        plan = AuditPlan.from_dict(stated["plan"])
        if plan.number != number:
            yield f"audit {number} is missing; audit {plan.number} is in its place"
        for failure in _check(case, plan, stated):
            yield f"audit {plan.number} {failure}"


def _check(case: CertifiedCase, plan: AuditPlan, stated: Mapping[str, Any]) -> Iterator[str]:
    count, evaluated = len(case.problem), set(case.direct.rows.tolist())
    if not set(plan.members) <= set(plan.evaluated) <= evaluated:
        yield "tests architectures that are not among the listed evaluations"
        return
    if set(plan.drawn) & (set(plan.evaluated) | set(plan.passed_over)):
        yield "drew architectures that had been trained before it"
    expected = draw(
        count,
        len(plan.drawn),
        evaluated=plan.evaluated,
        passed_over=plan.passed_over,
        key=(plan.seed, plan.number),
    )
    if plan.drawn != expected:
        odd = sorted(set(plan.drawn) ^ set(expected))
        yield f"does not list the architectures that its seed draws: {case.names(odd[:3])}"
    if len(stated["errors"]) != len(plan.drawn):
        yield f"drew {len(plan.drawn)} architectures and lists {len(stated['errors'])} errors"
        return
    if [case.label(i) for i in plan.drawn] != list(stated["labels"]):
        yield "uses other names for its architectures than the space does"
    yield from _check_numbers(case, plan, stated)


def _check_numbers(
    case: CertifiedCase, plan: AuditPlan, stated: Mapping[str, Any]
) -> Iterator[str]:
    population = len(case.problem) - len(set(plan.evaluated) | set(plan.passed_over))
    if stated["population"] != population:
        yield f"drew from {stated['population']} architectures, but there were {population}"
        return
    failed = [
        index
        for index, error in zip(plan.drawn, stated["errors"], strict=True)
        if error is None or not _holds(case, plan, index, float(error))
    ]
    if sorted(stated["failed"]) != failed:
        odd = sorted(set(failed) ^ set(stated["failed"]))
        yield f"is wrong about whether it failed at {case.names(odd[:3])}"
    alpha = ALPHA / 2 ** (plan.number - 1)
    if abs(stated["alpha"] - alpha) > _TOLERANCE:
        yield f"spends α = {stated['alpha']} instead of {alpha}, half of the previous audit's"
    bound = uncovered_bound(population, len(plan.drawn), len(failed), alpha=alpha)
    if stated["uncovered_at_most"] != bound:
        yield f"allows at most {bound} uncovered, not {stated['uncovered_at_most']} as stated"
    refutes = any(stated["errors"][plan.drawn.index(index)] is not None for index in failed)
    is_current = sorted(plan.evaluated) == sorted(case.direct.rows.tolist())
    is_claimed = case.claim["certified_epsilon"] is not None
    if is_current and plan.is_certified and refutes and is_claimed:
        yield "refutes the claim, which the certificate still makes"


def _holds(case: CertifiedCase, plan: AuditPlan, index: int, error: float) -> bool:
    errors = dict(zip(case.direct.rows.tolist(), case.errors, strict=True))
    costs = case.direct.costs
    if plan.goal == "best":
        shrink = np.maximum(0.0, 1.0 - costs / costs.max(axis=0))
        gain = (shrink ** np.array(plan.weights[:2])).prod(axis=1)
        weight, best = plan.weights[2], plan.members[0]
        ours, theirs = gain[best] * errors[best] ** -weight, gain[index] * error**-weight
        return bool(ours >= (1 - plan.epsilon) * theirs * (1 - _TOLERANCE))
    factor = (1 + plan.epsilon) * (1 + _TOLERANCE)
    return any(
        (costs[c] <= factor * costs[index]).all() and errors[c] <= factor * error
        for c in plan.members
    )
