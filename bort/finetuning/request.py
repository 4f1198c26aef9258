"""Before a start: describe a fine-tuning and check that it can run. Imports no torch."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from bort.core.baseline import Coverage
from bort.core.errors import (
    InvalidArchitectureError,
    InvalidDataError,
    InvalidModelError,
    InvalidOptionError,
)
from bort.core.finetune import FineTuneSpec, Recipe
from bort.core.study import TaskSpec
from bort.families import SearchSpace
from bort.finetuning.cost import as_study
from bort.finetuning.stages import StageKind
from bort.latency.runtimes import runtime_kind
from bort.latency.workload import check_threads
from bort.storage import Store
from bort.studies.answers import Limits, best_within, read_answer
from bort.studies.checks import check_study, threads_each
from bort.studies.loggers import check_loggers, default_loggers
from bort.tasks import DataWarning, Task, anchored, list_tasks, load_task
from bort.tasks.hub import PREFIX
from bort.training.source import source_network
from bort.training.tokens import load_tokenizer

NO_LIMITS = Limits()


def check_finetune(
    spec: FineTuneSpec,
    *,
    on_warning: Callable[[DataWarning | Coverage], object] | None = None,
) -> list[Task]:
    """Check that a fine-tuning can start here, before anything is stored; returns its tasks.

    Args:
        on_warning: as for `check_study`.
    Raises:
        BortError: names the pick, task, source network, tokenizer, teacher, runtime or logger that
            cannot be used.
    """
    space = SearchSpace.from_dict(spec.space)
    for pick in spec.picks:
        space.named(pick)
    if not spec.picks:
        raise InvalidArchitectureError("no architecture is picked; use --best or --pick ID")
    for runtime in spec.runtimes:
        runtime_kind(runtime).check_installed()
    check_loggers(spec.loggers)
    for task in spec.tasks:
        check_study(as_study(spec, space, task, steps=1), on_warning=on_warning)
    source = source_network(spec.training.source)
    if load_tokenizer(source.folder).token_to_id("[PAD]") is None:
        raise InvalidModelError(
            f"the tokenizer of {source.name} has no padding token [PAD], which an exported model "
            "needs; choose a source network with one"
        )
    if StageKind.AGORA in spec.recipe.stages and spec.training.teacher is not None:
        raise InvalidModelError(
            "the agora stage labels new texts with the fine-tuned source network, but the study "
            f"uses {spec.training.teacher}; leave the stage out, or use bort agora run, whose "
            "--labeler names what labels new texts"
        )
    tasks = [load_task(task) for task in spec.tasks]
    for loaded in tasks:
        check_labels(loaded)
    return tasks


def check_labels(task: Task) -> None:
    """Check that every class of the task has training texts.

    Raises:
        InvalidDataError: a class has none.
    """
    absent = task.report.classes_absent.get("train", ())
    if absent:
        raise InvalidDataError(
            f"{task.title}: no training text has the label {absent[0]!r}, so no model can learn "
            "it; add texts with this label, or remove its rows"
        )


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
    parallel: int = 1,
) -> FineTuneSpec:
    """Describe the fine-tuning of these points. Options left out come from their study.

    Args:
        picks: ids of architectures in the study's space.
        recipe: how to train; None uses the usual recipe.
        tasks: if empty, the study's task.
        threads: if None, as in the study, or the share of the cores of each training at once.
        runtimes: if empty, the study's runtimes.
        loggers: if None, TensorBoard if it is installed.
        seeds: trainings per pick and task.

    Raises:
        UnknownStudyError: the store has no such study.
        InvalidFieldError, InvalidOptionError: a value cannot be used.
    """
    spec = store.study(study).spec
    training = spec.training
    if threads is not None:
        check_threads(threads)
        training = replace(training, threads=threads)
    training = replace(training, threads=threads_each(training.threads, at_once=parallel))
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
        parallel=parallel,
        loggers=default_loggers() if loggers is None else tuple(loggers),
    )


def named_tasks(
    own: TaskSpec,
    task: str | None,
    text: Sequence[str] | None = None,
    label: str | None = None,
    *,
    split_column: str | None = None,
    where: Sequence[str] = (),
) -> tuple[TaskSpec, ...]:
    """Resolve the tasks that the user named for a study whose task is `own`; empty if none.

    The study's own file keeps its split and its rows, unless others are given.

    Raises:
        InvalidOptionError: columns are named without a file.
        UnknownTaskError: there is no such task or file.
    """
    is_file = task not in (None, ALL_TASKS) and (
        Path(str(task)).suffix or str(task).startswith(PREFIX)
    )
    if (text or label or split_column or where) and not is_file:
        raise InvalidOptionError(
            "--text, --label, --split-column and --where concern the columns of a file; add "
            "--task FILE"
        )
    if task is None:
        return ()
    if task == ALL_TASKS:
        return tuple(TaskSpec(task=info.name, seed=own.seed) for info in list_tasks())
    asked = anchored(TaskSpec(task=task, text=tuple(text or own.text), label=label or own.label))
    if asked.task == own.task:
        split_column, where = split_column or own.split_column, where or own.where
        asked = replace(asked, labelled=own.labelled)
    return (replace(asked, split_column=split_column, where=tuple(where), seed=own.seed),)


def best_pick(store: Store, study: str, limits: Limits = NO_LIMITS) -> str:
    """Return the id of a study's best point within limits; see `best_within`.

    Raises:
        InvalidOptionError: nothing has been evaluated yet, or nothing meets the limits.
    """
    best = best_within(read_answer(store, study), limits)
    if best is None:
        raise InvalidOptionError(
            f"the study {study!r} has no best point yet; search first, or use --pick ID"
        )
    return best.id


def untrained_picks(store: Store, spec: FineTuneSpec) -> list[str]:
    """List the picks that the search never evaluated, so their error is not predicted."""
    known = {point.id for point in read_answer(store, spec.study).points}
    return [pick for pick in spec.picks if pick not in known]
