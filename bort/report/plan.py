"""The words about a plan: what a study will do, in order, and how long each stage may take."""

from collections.abc import Sequence

from bort.report.numbers import duration
from bort.studies.estimates import Estimate, Planned, Work

WORK = {
    Work.QUEUE: "wait for other jobs",
    Work.FETCH: "fetch the source network and the task",
    Work.PREPARE: "read the task and fit the baselines",
    Work.LATENCY: "measure this machine's latency, once",
    Work.TEACHER: "fine-tune the teacher and answer all texts with it, once per task",
    Work.CANDIDATES: "train candidates, at most",
    Work.AUDIT: "audit",
    Work.WINNERS: "measure the winners",
}


def time_of(planned: Planned) -> str:
    """Write how long a stage may take.

    Examples:
        >>> time_of(Planned(Work.AUDIT, 90.0)), time_of(Planned(Work.AUDIT, None))
        ('about 1 min 30 s', 'not known yet')
    """
    return "not known yet" if planned.seconds is None else f"about {duration(planned.seconds)}"


def plan_sentence(stages: Sequence[Planned], minutes: float | None) -> str:
    """List the stages of a study in one line, with their times and the sum.

    Examples:
        >>> plan_sentence([Planned(Work.QUEUE, 9.0), Planned(Work.AUDIT, 75.0)], 1.4)
        'Plan: wait for other jobs (about 9 s); audit (about 1 min 15 s). In all about 1 min 24 s.'
    """
    listed = "; ".join(f"{WORK[stage.work]} ({time_of(stage)})" for stage in stages)
    whole = "not known yet" if minutes is None else f"about {duration(60 * minutes)}"
    return f"Plan: {listed}. In all {whole}."


def estimate_plan(cost: Estimate) -> str:
    """List what a study does, with its times."""
    return plan_sentence(cost.stages, cost.total_minutes)
