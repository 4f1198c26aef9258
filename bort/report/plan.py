"""The words about a plan: what a study will do, in order, and how long each stage may take."""

from collections.abc import Sequence
from typing import Any

from bort.finetuning.cost import FineTuneEstimate
from bort.report.numbers import basis, duration
from bort.studies.agora_estimates import AgoraEstimate
from bort.studies.estimates import Estimate, Planned, Work, total_minutes

WORK = {
    Work.QUEUE: "wait for other jobs",
    Work.FETCH: "fetch the source network and the task",
    Work.PREPARE: "read the task and fit the baselines",
    Work.LATENCY: "measure this machine's latency, once",
    Work.TEACHER: "fine-tune the teacher and answer all texts with it, once per task",
    Work.CANDIDATES: "train candidates, at most",
    Work.AUDIT: "audit",
    Work.WINNERS: "measure the winners",
    Work.LABELER: "answer all texts with the labeler, once per task",
    Work.VECTORS: "read all texts with the source network, once per task",
    Work.DISTILLED: "distil the student that every round starts from",
    Work.ROUNDS: "train, sample and label in rounds, at most",
    Work.STUDENTS: "train the models, at most",
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


def estimate_plan(cost: Estimate | AgoraEstimate | FineTuneEstimate) -> str:
    """List what a job does, with its times."""
    return plan_sentence(cost.stages, total_minutes(cost.stages))


def plan_basis(cost: AgoraEstimate) -> str:
    """Say what the expected time of a run of Agora is based on, as a clause."""
    if cost.like_job is not None:
        return f"as job {cost.like_job} took per step"
    return basis(cost.timed) if cost.steps else "on a quiet core"


def stage_facts(stages: Sequence[Planned]) -> list[tuple[str, str, str]]:
    """List the stages as rows of a card: a heading at the first one, time, words."""
    headings = ["Stages", *[""] * len(stages)]
    return [
        (heading, time_of(stage), WORK[stage.work])
        for heading, stage in zip(headings, stages, strict=False)
    ]


def stages_json(cost: Estimate | AgoraEstimate) -> dict[str, Any]:
    """Convert the stages and the sum of their minutes for `--json`."""
    return {
        "stages": [stage._asdict() for stage in cost.stages],
        "total_minutes": cost.total_minutes,
    }
