"""Before a start: describe a fine-tuning, check that it can run, estimate its cost. No torch."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bort.core import paths
from bort.core.baseline import Coverage, is_soft_labels
from bort.core.errors import (
    InvalidArchitectureError,
    InvalidDataError,
    InvalidModelError,
    InvalidOptionError,
    StoreError,
)
from bort.core.finetune import FineTuneSpec, Recipe
from bort.core.paths import expanded
from bort.core.study import StudySpec, TaskSpec, TrainingSpec
from bort.families import FamilySpace, SearchSpace
from bort.finetuning.latency import SOURCE_DIMENSIONS
from bort.finetuning.loggers import check_loggers, default_loggers
from bort.finetuning.stages import StageKind, steps_of, trainings_of
from bort.latency.protocol import HANDFUL
from bort.latency.runtimes import runtime_kind
from bort.latency.timing import expected_duration
from bort.latency.workload import check_threads
from bort.storage import JobState, Store
from bort.studies.answers import read_answer
from bort.studies.checks import check_study
from bort.studies.estimates import (
    BASE_BYTES,
    BYTES_PER_PARAMETER,
    FORWARD_SHARE,
    PREPARE_SECONDS,
    TYPICAL_LENGTH,
    candidate_seconds,
    queue_seconds,
    teacher_seconds,
    training_bytes,
    training_speed,
    trains_teacher,
)
from bort.tasks import DataWarning, Task, list_tasks, load_task
from bort.training.source import source_network
from bort.training.tokens import load_tokenizer

CHECKPOINT_COPIES = 8  # two of weights and moments, the best weights, the one being written
FLOAT32_BYTES = 4
STREAM_FACTOR = 1.2  # adds the evaluations on dev and the checkpoints


@dataclass(frozen=True, slots=True, kw_only=True)
class FineTuneEstimate:
    """The expected cost of a fine-tuning, if no stage ends early.

    Attributes:
        trainings: number of stages to train, over all picks, seeds and tasks.
        steps: optimiser steps of all stages together.
        minutes: None if the store has no comparable timings.
        timed: how many timed trainings the estimate uses.
        memory_bytes: expected peak, for the largest pick.
        disk_bytes: space for checkpoints and models.
        free_bytes: free space on that disk.
    """

    trainings: int
    steps: int
    minutes: float | None
    timed: int
    memory_bytes: int
    disk_bytes: int
    free_bytes: int


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
        check_study(_as_study(spec, space, task, steps=1), on_warning=on_warning)
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


def estimate_finetune(store: Store, spec: FineTuneSpec, tasks: Sequence[Task]) -> FineTuneEstimate:
    """Estimate a fine-tuning's cost from the trainings timed in this store."""
    space = SearchSpace.from_dict(spec.space)
    speed = training_speed(store, _as_study(spec, space, spec.tasks[0], steps=1))
    # Where the teacher labels all texts first, a step of distillation does not run it again.
    stages = [
        (_only(space, pick), steps, stage is StageKind.DISTIL and not part.labels_pool)
        for task in tasks
        for part in spec.by_kind()
        for pick in part.picks
        for stage, steps in _stages(part, task)
    ]
    parameters = [int(one.parameter_count[0]) for one, _, _ in stages]
    source = _source_space(spec)
    seconds = None
    if speed is not None:
        seconds = sum(
            STREAM_FACTOR * candidate_seconds(speed, one, _training(spec, steps))
            + is_followed * FORWARD_SHARE * candidate_seconds(speed, source, _training(spec, steps))
            for one, steps, is_followed in stages
        )
        for task_spec, task in zip(spec.tasks, tasks, strict=True):
            for part in spec.by_kind():
                if _must_label(store, part, task_spec):
                    passes = _training(spec, max(1, _pool(part, task) // spec.recipe.batch_size))
                    seconds += FORWARD_SHARE * candidate_seconds(speed, source, passes)
            study = _as_study(spec, space, task_spec, steps=1)
            if trains_teacher(store, study):
                seconds += teacher_seconds(speed, study) or 0.0
    if seconds is not None:
        seconds += queue_seconds(store) + PREPARE_SECONDS
        measured = len(spec.picks) + 2  # the teacher and a well-known model, too
        for runtime in spec.runtimes * len(tasks):
            seconds += expected_duration(runtime, measured, protocol=HANDFUL).quiet_s
    students = max(training_bytes(one, _training(spec, 1)) for one, _, _ in stages)
    followed = _followed_bytes(spec, source) if StageKind.DISTIL in spec.recipe.stages else 0
    teacher = BYTES_PER_PARAMETER * int(source.parameter_count[0])
    return FineTuneEstimate(
        trainings=len(stages),
        steps=sum(steps for _, steps, _ in stages),
        minutes=None if seconds is None else seconds / 60,
        timed=0 if speed is None else speed.count,
        memory_bytes=BASE_BYTES + students + teacher + followed,
        disk_bytes=FLOAT32_BYTES * (CHECKPOINT_COPIES * max(parameters) + 2 * sum(parameters)),
        free_bytes=shutil.disk_usage(_existing(paths.home())).free,
    )


def _must_label(store: Store, spec: FineTuneSpec, task: TaskSpec) -> bool:
    """Whether the teacher must first answer texts that no earlier fine-tuning kept answers to."""
    if not spec.labels_pool or is_soft_labels(spec.training.teacher):
        return False
    done = store.jobs(kind="finetune", states=[JobState.DONE])
    parts = [part for job in done for part in FineTuneSpec.from_dict(job.spec).by_kind()]
    return not any(task in one.tasks and one.same_texts(spec) for one in parts)


def _pool(spec: FineTuneSpec, task: Task) -> int:
    """Count the unlabelled texts: the task's own, synthetic ones and other tasks' texts.

    Where a file of soft labels must answer them, there are only the task's own, at most.
    """
    own = 0 if task.pool is None else len(task.pool)
    if spec.labels_pool and is_soft_labels(spec.training.teacher):
        return own
    others = _other_texts(task) if spec.recipe.other_tasks else 0
    texts = len(task.train) + own
    return own + spec.copies_of(texts) * texts + others


def _stages(spec: FineTuneSpec, task: Task) -> list[tuple[StageKind, int]]:
    """List the stage and the number of steps of every training for one pick."""
    labelled, pool = len(task.train), _pool(spec, task)
    return [
        (kind, steps_of(spec, kind, labelled=labelled, pool=pool)) for kind in trainings_of(spec)
    ]


def _other_texts(task: Task) -> int:
    """Count the training texts of other prepared tasks; a task with text pairs uses none."""
    if task.train.pairs is not None:
        return 0
    others = (info for info in list_tasks() if info.prepared and info.name != task.name)
    return sum((info.splits or {}).get("train", 0) for info in others)


def _training(spec: FineTuneSpec, steps: int) -> TrainingSpec:
    return replace(spec.training, steps=steps, batch_size=spec.recipe.batch_size)


def _as_study(spec: FineTuneSpec, space: SearchSpace, task: TaskSpec, *, steps: int) -> StudySpec:
    """Make a study of the same task and training, for the functions that estimate studies."""
    training = _training(spec, steps)
    return StudySpec(
        name="finetune",
        space=space.to_dict(),
        task=task,
        training=training,
        latency=replace(spec.latency, profile=None),
    )


def _only(space: SearchSpace, pick: str) -> SearchSpace:
    """Make a space with only this architecture."""
    own, architecture = space.member(space.named(pick))
    return replace(own, dimensions={n: (value,) for n, value in architecture.as_dict().items()})


def _source_space(spec: FineTuneSpec) -> SearchSpace:
    config = source_network(spec.training.source).config
    shape = {ours: (int(config[theirs]),) for ours, theirs in SOURCE_DIMENSIONS.items()}
    return FamilySpace("source", "bert", shape, {"vocabulary": int(config["vocab_size"])})


def _followed_bytes(spec: FineTuneSpec, source: SearchSpace) -> int:
    """Estimate the memory for one pass of the network to follow: all layers' states, and what one
    layer computes inside.
    """
    shape = source.architecture(source.maximum).as_dict()
    length = spec.training.max_length or 2 * TYPICAL_LENGTH
    states = shape["depth"] * (shape["hidden"] + shape["heads"] * length)
    inside = 8 * shape["hidden"] + 2 * shape["intermediate"]
    return FLOAT32_BYTES * spec.recipe.batch_size * length * (states + inside)


def _existing(folder: Path) -> Path:
    """Return the folder, or its nearest existing parent."""
    return next(place for place in (folder, *folder.parents) if place.exists())


def check_disk_space(estimate: FineTuneEstimate) -> None:
    """Check that the disk has enough free space.

    Raises:
        StoreError: it does not.
    """
    if estimate.disk_bytes > estimate.free_bytes:
        raise StoreError(
            f"checkpoints and models take about {estimate.disk_bytes / 2**20:,.0f} MiB, but only "
            f"{estimate.free_bytes / 2**20:,.0f} MiB are free; free some space, or set BORT_HOME"
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
) -> FineTuneSpec:
    """Describe the fine-tuning of these points. Options left out come from their study.

    Args:
        picks: ids of architectures in the study's space.
        recipe: how to train; None uses the usual recipe.
        tasks: if empty, the study's task.
        threads: if None, as in the study.
        runtimes: if empty, the study's runtimes.
        loggers: if None, TensorBoard if it is installed.
        seeds: trainings per pick and task.

    Raises:
        UnknownStudyError: the store has no such study.
        InvalidFieldError: a value cannot be used.
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
    """
    is_file = task not in (None, ALL_TASKS) and Path(str(task)).suffix
    if (text or label or split_column or where) and not is_file:
        raise InvalidOptionError(
            "--text, --label, --split-column and --where concern the columns of a file; add "
            "--task FILE"
        )
    if task is None:
        return ()
    if task == ALL_TASKS:
        return tuple(TaskSpec(task=info.name, seed=own.seed) for info in list_tasks())
    path = expanded(task)
    named = str(path.absolute()) if path.exists() else task  # a job may run in another folder
    columns = tuple(text or own.text)
    if named == own.task:
        split_column, where = split_column or own.split_column, where or own.where
    return (
        TaskSpec(
            task=named,
            text=columns,
            label=label or own.label,
            split_column=split_column,
            where=tuple(where),
            seed=own.seed,
        ),
    )


def best_pick(store: Store, study: str) -> str:
    """Return the id of a study's best point.

    Raises:
        InvalidOptionError: nothing has been evaluated yet.
    """
    best = read_answer(store, study).best
    if best is None:
        raise InvalidOptionError(
            f"the study {study!r} has no best point yet; search first, or use --pick ID"
        )
    return best.id


def untrained_picks(store: Store, spec: FineTuneSpec) -> list[str]:
    """List the picks that the search never evaluated, so their error is not predicted."""
    known = {point.id for point in read_answer(store, spec.study).points}
    return [pick for pick in spec.picks if pick not in known]
