"""Turn the user's options into the description of a fine-tuning, for pages and terminal."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from bort.core.errors import InvalidOptionError
from bort.core.finetune import FineTuneSpec, Recipe
from bort.core.study import TaskSpec
from bort.finetuning.loggers import default_loggers
from bort.latency.workload import check_threads
from bort.storage import Store
from bort.studies.answers import read_answer
from bort.tasks import list_tasks

ALL_TASKS = "all"


def describe_finetune(
    store: Store,
    study: str,
    picks: Sequence[str],
    *,
    recipe: Recipe | None = None,
    tasks: Sequence[TaskSpec] = (),
    threads: int | None = None,
    runtimes: Sequence[str] = (),
    loggers: Sequence[str] | None = None,
    seeds: int = 1,
    seed: int = 0,
    compare: bool = True,
) -> FineTuneSpec:
    """Describe the fine-tuning of these points; missing options come from their study.

    Args:
        store: holds the study.
        study: its name.
        picks: ids of architectures of its space.
        recipe: how to train; None is the usual recipe.
        tasks: empty is the study's own.
        threads: None is the study's.
        runtimes: empty is the study's.
        loggers: None is TensorBoard where it is installed.
        seeds: trainings per pick and task.
        seed: the first one.
        compare: train the baselines too.

    Raises:
        UnknownStudyError: the store has no such study.
        InvalidFieldError: a value that cannot be used.
    """
    spec = store.study(study).spec
    training = spec.training
    if threads is not None:
        check_threads(threads)
        training = replace(training, threads=threads)
    return FineTuneSpec(
        study=spec.name,
        picks=tuple(dict.fromkeys(picks)),
        tasks=tuple(tasks) or (spec.task,),
        training=training,
        latency=spec.latency,
        space=spec.space,
        runtimes=tuple(runtimes) or (spec.latency.runtime,),
        recipe=recipe or Recipe(),
        seeds=seeds,
        seed=seed,
        compare=compare,
        loggers=default_loggers() if loggers is None else tuple(loggers),
    )


def named_tasks(
    own: TaskSpec, task: str | None, text: Sequence[str] | None, label: str | None
) -> tuple[TaskSpec, ...]:
    """Resolve the tasks that the user named for a study whose task is `own`; empty for none.

    Raises:
        InvalidOptionError: columns without a file.
    """
    is_file = task not in (None, ALL_TASKS) and Path(str(task)).suffix
    if (text or label) and not is_file:
        raise InvalidOptionError("--text and --label name columns of a file; add --task FILE")
    if task is None:
        return ()
    if task == ALL_TASKS:
        return tuple(TaskSpec(task=info.name, seed=own.seed) for info in list_tasks())
    path = Path(task).expanduser()
    named = str(path.absolute()) if path.exists() else task  # a job may run in another folder
    columns = tuple(text or own.text)
    return (TaskSpec(task=named, text=columns, label=label or own.label, seed=own.seed),)


def best_pick(store: Store, study: str) -> str:
    """Return the id of a study's best point.

    Raises:
        InvalidOptionError: nothing was evaluated yet.
    """
    best = read_answer(store, study).best
    if best is None:
        raise InvalidOptionError(
            f"the study {study!r} has no best point yet; search first, or use --pick ID"
        )
    return best.id


def untrained_picks(store: Store, spec: FineTuneSpec) -> list[str]:
    """List picks that the search never evaluated, so that their error is not predicted."""
    known = {point.id for point in read_answer(store, spec.study).points}
    return [pick for pick in spec.picks if pick not in known]
