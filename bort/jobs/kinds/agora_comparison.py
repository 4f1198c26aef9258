"""The comparison of Agora with plain training and random augmentation, as a job."""

from collections.abc import Sequence
from statistics import fmean
from typing import TYPE_CHECKING, Any

from bort.agora.text.findings import ArmResult, findings
from bort.agora.text.spec import ARMS
from bort.core.agora import TextSpec
from bort.core.progress import Progress, Stage
from bort.core.serialise import from_json, to_json
from bort.jobs.kinds.agora import prepared_texts, turn_to_train
from bort.jobs.runtime.context import JobContext
from bort.storage.agora import read_arms, write_arms
from bort.studies.agora import ComparisonResult

if TYPE_CHECKING:
    from bort.agora.text.arms import Arms


def run(context: JobContext) -> dict[str, Any]:
    """Compare as `context.spec` describes: the fields of a `TextSpec`, and `seeds`, a number.

    A stored student is not trained again. An interrupted training starts again and gives the same
    result.
    """
    spec = TextSpec.from_dict(context.spec)
    world = prepared_texts(context, spec)
    from bort.agora.text.arms import Arms

    seeds = range(spec.seed, spec.seed + int(context.spec["seeds"]))
    students = list(
        from_json(tuple[ArmResult, ...], read_arms(context.job), what="the stored students")
    )
    for seed in seeds:
        if context.should_stop():
            break
        with turn_to_train(context, spec.training.threads):
            _run_seed(context, Arms(world, spec, seed), students, len(ARMS) * len(seeds))
    return ComparisonResult(
        study=spec.study,
        task=spec.task.task,
        job=context.job.id,
        seeds=len(seeds),
        findings=findings(students, world.teacher_wrong),
        students=tuple(students),
        described=world.describe(),
        seconds=sum(student.seconds for student in students),
    ).to_dict()


def _run_seed(context: JobContext, arms: "Arms", students: list[ArmResult], total: int) -> None:
    """Run the arms of one seed that are not among `students` yet; add them there and store."""
    done = {student.arm: student for student in students if student.seed == arms.seed}
    for results in arms.missing(done):
        students.extend(results)
        write_arms(context.job, to_json(students))
        _report(context, students, total=total)
        if context.should_stop():
            return


def _report(context: JobContext, students: Sequence[ArmResult], *, total: int) -> None:
    last = students[-1]
    context.report(
        Progress(
            done=len(students),
            total=total,
            stage=Stage.COMPARING,
            subject=last.arm,
            eta_s=(total - len(students)) * fmean(student.seconds for student in students),
            numbers={"seed": last.seed, "audit_error": last.audit_error},
        )
    )
