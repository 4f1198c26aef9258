"""The job that makes rivals of a task and compares them with our models."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bort.core.errors import InvalidDataError
from bort.core.files import read_json, write_json_atomically
from bort.core.locks import training_turn
from bort.core.progress import Progress, Stage
from bort.core.rivals import RivalKind, RivalsSpec
from bort.core.serialise import to_json
from bort.jobs.runtime.context import JobContext
from bort.rivals.request import check_same_texts

TEXTS = "texts.json"  # what the first attempt compares, for those that resume it


def run(context: JobContext) -> Mapping[str, Any]:
    """Run a `RivalsSpec`; return a `Comparison` as JSON, or nothing if it was stopped.

    Raises:
        InvalidDataError: the task's texts or labels are not those that the first attempt read, or
            that one of our models was trained on.
    """
    from bort.rivals.comparing import compare
    from bort.rivals.course import expected_teaching
    from bort.tasks import load_task
    from bort.training.execution import TrainingStoppedError

    spec = RivalsSpec.from_dict(context.spec)
    context.report(Progress(stage=Stage.LOADING_TASK))
    task = load_task(spec.task, on_step=context.report)
    models = [one for one in context.store.models() if one.name in spec.models]
    check_same_texts(models, task.digest)
    _check_resumed(context.folder / TEXTS, task.digest)
    try:
        with training_turn(None, context.should_stop, on_step=context.report):
            found = compare(
                task,
                [RivalKind(kind) for kind in spec.kinds],
                models,
                spec.training,
                work=context.folder / "ours",
                teaching=expected_teaching(context.store, spec),
                on_step=context.report,
                should_stop=context.should_stop,
            )
    except TrainingStoppedError:
        return {}
    answer: dict[str, Any] = to_json(found)
    return answer


def _check_resumed(kept: Path, digest: str) -> None:
    before = read_json(kept)
    if before is None:
        write_json_atomically(kept, {"digest": digest})
    elif before["digest"] != digest:
        raise InvalidDataError(
            "the task's texts or labels have changed since this comparison began "
            f"({before['digest'][:12]}… then, {digest[:12]}… now); start another one: bort rivals"
        )
