"""The evidence for an answer: evaluations of the search and of audits."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from bort.core.evaluation import Evaluation
from bort.core.study import StudySpec
from bort.search import Observation, SearchProblem, observation_of
from bort.search.audit import AuditPlan, AuditResult, judge_audit
from bort.storage import AuditRecord
from bort.studies.costs import Costs

Evaluations = Mapping[str, Sequence[Evaluation]]


class Evidence(NamedTuple):
    """All stored errors of a study, by the index of the architecture.

    Attributes:
        known: the evaluations that the answer is based on, in their order.
        audited: the trained architectures that open audits drew; no answer uses them.
        audits: open audits of this answer.
        earlier: audits from before the search continued; `known` contains what they drew.
    """

    known: dict[int, Observation]
    audited: dict[int, Observation]
    audits: tuple[AuditPlan, ...]
    earlier: tuple[AuditPlan, ...]

    @property
    def everything(self) -> dict[int, Observation]:
        """The observations of the search and its audits."""
        return {**self.known, **self.audited}

    def results(self, problem: SearchProblem) -> list[AuditResult]:
        """Judge the complete open audits."""
        return _results(problem, self.audits, self.everything)

    def earlier_results(self, problem: SearchProblem) -> list[AuditResult]:
        """Judge the complete closed audits."""
        return _results(problem, self.earlier, self.everything)

    @property
    def unfinished(self) -> list[AuditPlan]:
        """List the closed audits of which not everything was trained."""
        return [plan for plan in self.earlier if any(i not in self.everything for i in plan.drawn)]


def evidence_of(
    spec: StudySpec, costs: Costs, evaluations: Evaluations, audits: Sequence[AuditRecord]
) -> Evidence:
    """Split the stored evaluations of a study between the answer and the audits."""
    everything = observations_of(spec, costs, evaluations)
    plans = [(AuditPlan.from_dict(a.plan), a.is_closed) for a in audits]
    opened = tuple(plan for plan, is_closed in plans if not is_closed)
    drawn = {index for plan in opened for index in plan.drawn}
    return Evidence(
        known={i: o for i, o in everything.items() if i not in drawn},
        audited={i: o for i, o in everything.items() if i in drawn},
        audits=opened,
        earlier=tuple(plan for plan, is_closed in plans if is_closed),
    )


def observations_of(
    spec: StudySpec, costs: Costs, evaluations: Evaluations
) -> dict[int, Observation]:
    """Make observations, by index, of architectures with all seeds trained, in their order."""
    space = costs.space
    population = costs.problem.population(spec.search.question.confidence)
    return {
        space.index(space.named(name)): observation_of(trained, population=population)
        for name, trained in evaluations.items()
        if len(trained) >= spec.training.seeds
    }


def _results(
    problem: SearchProblem, plans: Sequence[AuditPlan], seen: Mapping[int, Observation]
) -> list[AuditResult]:
    found = (judge_audit(problem, plan, seen) for plan in plans)
    return [result for result in found if result is not None]
