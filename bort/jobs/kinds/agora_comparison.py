"""The comparison as a job: plain training, random augmentation, Agora; every student is stored."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from statistics import fmean
from typing import TYPE_CHECKING, Any

from bort.agora.text.spec import ARMS
from bort.core.progress import Progress, Stage
from bort.jobs.kinds.agora_runs import turn_to_train
from bort.jobs.runtime.context import JobContext
from bort.storage.agora_arms import read_arms, write_arms

if TYPE_CHECKING:
    from bort.agora.text.arms import Arms


def run(context: JobContext) -> dict[str, Any]:
    """Compare as `context.spec` says: the fields of a `TextSpec`, and `seeds`, how many.

    A student that is stored is not trained again. One that was interrupted is, from its beginning
    and with the same result.
    """
    context.report_part(Progress(stage=Stage.LOADING_TASK))
    from bort.agora.text.material import run_task
    from bort.agora.text.spec import TextSpec

    spec = TextSpec.from_dict(context.spec)
    task = run_task(spec, on_step=context.report_part)
    from bort.agora.text.arms import Arms
    from bort.agora.text.findings import findings
    from bort.agora.text.world import text_world

    with turn_to_train(context, spec.training.threads):
        world = text_world(spec, task, on_step=context.report_part, should_stop=context.should_stop)
    seeds = range(spec.seed, spec.seed + int(context.spec["seeds"]))
    rows = read_arms(context.job)
    for seed in seeds:
        if context.should_stop():
            break
        with turn_to_train(context, spec.training.threads):
            _one_seed(context, Arms(world, spec, seed), rows, len(ARMS) * len(seeds))
    return {
        "study": spec.study,
        "task": spec.task.task,
        "job": context.job.id,
        "seeds": len(seeds),
        **findings(rows, world.teacher_wrong),
        "students": rows,
        "described": world.describe(),
        "seconds": sum(row["seconds"] for row in rows),
    }


def _one_seed(context: JobContext, arms: "Arms", rows: list[dict[str, Any]], total: int) -> None:
    """Every arm of one seed that is not among `rows` yet; joins them there, and in the store."""
    done = {row["arm"]: row for row in rows if row["seed"] == arms.seed}
    for results in arms.missing(done):
        rows.extend(asdict(result) for result in results)
        write_arms(context.job, rows)
        _report(context, rows, total=total)
        if context.should_stop():
            return


def _report(context: JobContext, rows: Sequence[Mapping[str, Any]], *, total: int) -> None:
    last = rows[-1]
    context.report(
        Progress(
            done=len(rows),
            total=total,
            stage=Stage.COMPARING,
            subject=last["arm"],
            eta_s=(total - len(rows)) * fmean(row["seconds"] for row in rows),
            numbers={"seed": last["seed"], "audit_error": last["audit_error"]},
        )
    )
