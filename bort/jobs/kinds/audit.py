"""The audit of a finished search: draw, store the draw, train what was drawn. Resumable."""

from collections.abc import Callable

from bort.core.progress import Progress, Stage
from bort.core.study import StudySpec
from bort.jobs.runtime.context import JobContext
from bort.report.ledger import audit_statement
from bort.search.audit import AuditPlan, plan_audit
from bort.storage import EventCode
from bort.studies.answers.evidence import Evidence
from bort.studies.answers.read import answer_under, study_evidence
from bort.studies.costs import Costs


def run_audit(
    context: JobContext, spec: StudySpec, costs: Costs, train: Callable[[int], object]
) -> None:
    """Train what the audit draws, and stop between trainings where the job has to.

    A job makes one audit, however often it is resumed; an unfinished audit of this answer is
    finished first, whoever began it.

    Args:
        train: trains all seeds of an architecture that are not stored yet, and stores them.
    """
    plan = _plan(context, spec, costs)
    if plan is None:
        context.log(EventCode.NOTHING_TO_AUDIT)
        return
    for done, index in enumerate(plan.drawn):
        if context.should_stop():
            return
        architecture = costs.space.architecture(index).id
        context.report(Progress(done, len(plan.drawn), Stage.AUDITING, architecture))
        train(index)
    evidence = study_evidence(context.store, context.store.study(spec.name), costs)
    for result in evidence.results(costs.problem)[-1:]:
        context.note(f"audit {plan.number}: {audit_statement(result)}")


def _plan(context: JobContext, spec: StudySpec, costs: Costs) -> AuditPlan | None:
    evidence = study_evidence(context.store, context.store.study(spec.name), costs)
    for record in context.store.audits(spec.name):
        if not record.is_closed and record.job == context.job.id:
            return AuditPlan.from_dict(record.plan)
    for plan in evidence.audits:
        if any(index not in evidence.audited for index in plan.drawn):
            context.log(EventCode.AUDIT_CONTINUED, number=plan.number)
            return plan
    return _new_plan(context, spec, costs, evidence)


def _new_plan(
    context: JobContext, spec: StudySpec, costs: Costs, evidence: Evidence
) -> AuditPlan | None:
    search = spec.search
    plan = plan_audit(
        answer_under(search.question, costs, evidence),
        question=search.question,
        count=search.audit or 0,
        space_size=len(costs.space),
        seed=search.seed,
        number=len(evidence.audits) + len(evidence.earlier) + 1,
        passed_over=evidence.audited,
    )
    if plan is not None:
        context.store.add_audit(spec.name, plan.to_dict(), job=context.job.id)
    return plan
