"""The latest audit of an answer, as the command line prints it."""

from collections.abc import Callable
from typing import Any

from bort.search.audit import AuditPlan, AuditResult, judge_audit
from bort.studies.answers.evidence import Evidence
from bort.studies.costs import Costs


def audit_json(costs: Costs, evidence: Evidence) -> dict[str, Any] | None:
    """The latest audit of this answer, finished or not; None where there is none."""
    if not evidence.audits:
        return None
    plan = evidence.audits[-1]
    result = judge_audit(costs.problem, plan, evidence.everything)
    trained = sum(index in evidence.audited for index in plan.drawn)
    return describe_audit(plan, result, trained, lambda i: costs.space.architecture(i).id)


def describe_audit(
    plan: AuditPlan, result: AuditResult | None, trained: int, name: Callable[[int], Any]
) -> dict[str, Any]:
    """An audit in JSON; what is not known before all is trained is None."""
    return {
        "number": plan.number,
        "goal": plan.goal,
        "epsilon": plan.epsilon,
        "confidence": 1 - plan.alpha,
        "drawn": [name(i) for i in plan.drawn],
        "trained": trained,
        "is_complete": result is not None,
        "population": None if result is None else result.population,
        "failed": None if result is None else [name(i) for i in result.failed],
        "uncovered_at_most": None if result is None else result.uncovered_at_most,
        "statement": None if result is None else result.statement,
    }
