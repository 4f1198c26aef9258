"""The audit of a search: draw architectures once, train them, and judge the answer by them."""

from collections.abc import Callable

from bort.core.progress import Progress, Stage
from bort.core.serialise import to_json
from bort.core.study import StudySpec
from bort.jobs.runtime.context import JobContext
from bort.search.audit import AuditPlan, plan_audit
from bort.storage import EventCode
from bort.studies.answers.evidence import Evidence
from bort.studies.answers.read import answer_under, study_evidence
from bort.studies.costs import Costs


def run_audit(
    context: JobContext, spec: StudySpec, costs: Costs, begin: Callable[[int], Callable[[], object]]
) -> None:
    """Train the architectures that the audit draws; stop between trainings if the job must.

    A job makes one audit, however often it is resumed. It first finishes an unfinished audit of
    this answer, even if another job began it.

    Args:
        begin: lets the trainings of an architecture that are not stored begin; what it returns
            waits for them and stores them.
    """
    plan = _plan(context, spec, costs)
    if plan is None:
        context.log(EventCode.NOTHING_TO_AUDIT)
        return
    waits = [begin(index) for index in plan.drawn]
    for done, (index, wait) in enumerate(zip(plan.drawn, waits, strict=True)):
        if context.should_stop():
            return
        architecture = costs.space.architecture(index).id
        context.report(Progress(done, len(plan.drawn), Stage.AUDITING, architecture))
        wait()
    evidence = study_evidence(context.store, context.store.study(spec.name), costs)
    for result in evidence.results(costs.problem)[-1:]:
        context.log(EventCode.AUDIT_JUDGED, **to_json(result.finding))


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
