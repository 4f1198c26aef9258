"""The job that makes rivals of a task and compares them with our models."""

from collections.abc import Mapping
from typing import Any

from bort.core.locks import training_turn
from bort.core.progress import Progress, Stage
from bort.core.rivals import RivalKind, RivalsSpec
from bort.core.serialise import to_json
from bort.jobs.runtime.context import JobContext


def run(context: JobContext) -> Mapping[str, Any]:
    """Run a `RivalsSpec`; return a `Comparison` as JSON, or nothing if it was stopped."""
    from bort.rivals.comparing import compare
    from bort.tasks import load_task
    from bort.training.execution import TrainingStoppedError

    spec = RivalsSpec.from_dict(context.spec)
    context.report(Progress(stage=Stage.LOADING_TASK))
    task = load_task(spec.task, on_step=context.report)
    models = [one for one in context.store.models() if one.name in spec.models]
    try:
        with training_turn(None, context.should_stop, on_step=context.report):
            found = compare(
                task,
                [RivalKind(kind) for kind in spec.kinds],
                models,
                spec.training,
                work=context.folder / "ours",
                on_step=context.report,
                should_stop=context.should_stop,
            )
    except TrainingStoppedError:
        return {}
    answer: dict[str, Any] = to_json(found)
    return answer
