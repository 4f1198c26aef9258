"""The audit checks of `verify`: recompute the draw, the test and the bound."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from bort.search.audit import ALPHA, AuditPlan, draw, uncovered_bound
from bort.search.check.case import CertifiedCase

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
    count, evaluated = len(case.problem), set(case.plain.rows.tolist())
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
    is_current = sorted(plan.evaluated) == sorted(case.plain.rows.tolist())
    is_claimed = case.claim["certified_epsilon"] is not None
    if is_current and plan.is_certified and refutes and is_claimed:
        yield "refutes the claim, which the certificate still makes"


def _holds(case: CertifiedCase, plan: AuditPlan, index: int, error: float) -> bool:
    errors = dict(zip(case.plain.rows.tolist(), case.errors, strict=True))
    costs = case.plain.costs
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
