"""The job that makes rivals of a task and compares them with our models."""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import wait
from contextlib import contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bort.core.locks import training_turn
from bort.core.progress import Progress, Stage
from bort.core.rivals import RivalKind, RivalsSpec
from bort.core.scratch import temporary
from bort.core.serialise import to_json
from bort.core.workers import WorkersSpec
from bort.jobs.kinds.trainings import LOG, WAIT_S, Asked, check_reachable, open_pool
from bort.jobs.runtime.context import JobContext
from bort.jobs.workers.messages import rival_message
from bort.jobs.workers.pool import Trainer
from bort.jobs.workers.process import rivals_brief
from bort.rivals.request import check_own_texts
from bort.studies.same_texts import check_same_texts

if TYPE_CHECKING:
    from bort.tasks import Task


def run(context: JobContext) -> Mapping[str, Any]:
    """Run a `RivalsSpec`; return a `Comparison` as JSON, or nothing if it was stopped.

    Raises:
        InvalidDataError: the task's texts or labels are not those that the first attempt read, or
            that one of our models was trained on.
    """
    from bort.rivals.comparing import compare
    from bort.rivals.course import expected_teaching
    from bort.tasks import load_task
    from bort.training.execution import TrainingStoppedError, training_threads

    spec, should_stop = RivalsSpec.from_dict(context.spec), context.should_stop
    check_reachable(context)
    context.report(Progress(stage=Stage.LOADING_TASK))
    task = load_task(spec.task, on_step=context.report)
    models = [one for one in context.store.models() if one.name in spec.models]
    check_own_texts(models, task.digest)
    check_same_texts(context.folder, task.digest, begun="this comparison", again="bort rivals")
    threads = spec.training.threads
    own_threads = nullcontext() if threads is None else training_threads(threads)
    turn = partial(training_turn, threads, should_stop, on_step=context.report)
    try:
        with own_threads, _workers(context, spec, task) as begin:
            found = compare(
                task,
                [RivalKind(kind) for kind in spec.kinds],
                models,
                spec.training,
                work=context.folder / "ours",
                teaching=expected_teaching(context.store, spec),
                on_step=context.report,
                should_stop=should_stop,
                begin=begin,
                at_once=spec.parallel,
                turn=turn,
            )
    except TrainingStoppedError:
        return {}
    answer: dict[str, Any] = to_json(found)
    return answer


@contextmanager
def _workers(
    context: JobContext, spec: RivalsSpec, task: "Task"
) -> "Iterator[Callable[[RivalKind], Callable[[Callable[[], object]], None]] | None]":
    """Open workers, if there is room for more than one, and yield what lets them make a rival."""
    if spec.parallel == 1 and WorkersSpec.from_dict(context.spec).address is None:
        yield None
        return
    from bort.rivals.comparing import making_of
    from bort.training.kit import KIT, lay_out, pack_source, pack_texts

    making = making_of(task, spec.training)
    origin = making.origin(spec.training.threads)
    with temporary("kit") as folder:
        place, source = folder / KIT, making.context.source
        kit = pack_texts(place, task, {})
        kit += pack_source(place, source, is_default=spec.training.source is None)
        lay_out(kit, place)
        asked = Asked(
            brief={**rivals_brief(spec.training, origin), "kit": str(place)},
            origin=origin,
            at_once=spec.parallel,
            kit=lambda: kit,
            log=context.folder / LOG,
        )
        with open_pool(context, asked) as pool:
            yield None if pool is None else partial(_begin, context, pool, making.shared)


def _begin(
    context: JobContext, pool: Trainer, shared: Path, kind: RivalKind
) -> Callable[[Callable[[], object]], None]:
    future = pool.submit(rival_message(kind, shared))

    def wait_for_it(tell: Callable[[], object]) -> None:
        while not future.done():
            wait([future], WAIT_S)
            tell()
            if context.should_stop():
                from bort.training.execution import TrainingStoppedError

                raise TrainingStoppedError("the comparison was stopped; resume it to continue")
        future.result()

    return wait_for_it
