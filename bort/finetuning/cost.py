"""What a fine-tuning costs: its plan, memory and disk. Imports no torch."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

from bort.core import paths
from bort.core.baseline import is_soft_labels
from bort.core.errors import StoreError
from bort.core.finetune import FineTuneSpec
from bort.core.locks import training_places
from bort.core.study import StudySpec, TaskSpec, TrainingSpec
from bort.families import FamilySpace, SearchSpace
from bort.finetuning.latency import SOURCE_DIMENSIONS
from bort.finetuning.stages import StageKind, in_turn_of, steps_of, trainings_of
from bort.latency.protocol import HANDFUL
from bort.latency.timing import expected_duration
from bort.storage import JobState, Store
from bort.studies.estimates import (
    BASE_BYTES,
    BYTES_PER_PARAMETER,
    PREPARE_SECONDS,
    Planned,
    Work,
    queue_seconds,
    total_minutes,
    training_bytes,
    trains_teacher,
)
from bort.studies.speeds import (
    FORWARD_SHARE,
    TYPICAL_LENGTH,
    Speed,
    candidate_seconds,
    only,
    teacher_seconds,
    training_speed,
)
from bort.tasks import Task, list_tasks
from bort.training.source import source_network

CHECKPOINT_COPIES = 8  # two of weights and moments, the best weights, the one being written
FLOAT32_BYTES = 4
STREAM_FACTOR = 1.2  # adds the evaluations on dev and the checkpoints


@dataclass(frozen=True, slots=True, kw_only=True)
class FineTuneEstimate:
    """The expected cost of a fine-tuning, if no stage ends early.

    Attributes:
        trainings: number of stages to train, over all picks, seeds and tasks.
        steps: optimiser steps of all stages together.
        stages: everything that it does, in order, with its expected seconds.
        minutes: their sum; None if the store has no comparable timings.
        timed: how many timed trainings the estimate uses.
        memory_bytes: expected peak, for the largest pick, all workers together.
        disk_bytes: space for checkpoints and models.
        free_bytes: free space on that disk.
    """

    trainings: int
    steps: int
    stages: tuple[Planned, ...]
    minutes: float | None
    timed: int
    memory_bytes: int
    disk_bytes: int
    free_bytes: int


def estimate_finetune(
    store: Store, spec: FineTuneSpec, tasks: Sequence[Task], *, without: int | None = None
) -> FineTuneEstimate:
    """Estimate a fine-tuning's cost from the trainings timed in this store.

    Args:
        without: its own job, which does not wait for itself.
    """
    space = SearchSpace.from_dict(spec.space)
    speed = training_speed(store, as_study(spec, space, spec.tasks[0], steps=1))
    stages = [
        (only(space, pick), steps)
        for task in tasks
        for part in spec.by_kind()
        for pick in part.picks
        for _, steps in _stages(part, task)
    ]
    parameters = [int(one.parameter_count[0]) for one, _ in stages]
    source, workers = _source_space(spec), workers_of(spec)
    training = None
    if speed is not None:
        training = _seconds(spec, tasks, speed, workers)
    measured = len(spec.picks) + 2  # the teacher and a well-known model, too
    timing = sum(
        expected_duration(runtime, measured, protocol=HANDFUL).quiet_s
        for runtime in spec.runtimes * len(tasks)
    )
    waiting, teaching = queue_seconds(store, without), _teaching(store, spec, tasks, speed)
    planned = (
        *([Planned(Work.QUEUE, waiting)] if waiting > 0 else []),
        Planned(Work.PREPARE, PREPARE_SECONDS),
        *([] if teaching == 0 else [Planned(Work.TEACHER, teaching)]),
        Planned(Work.STUDENTS, training),
        Planned(Work.WINNERS, timing),
    )
    students = max(training_bytes(one, _training(spec, 1)) for one, _ in stages)
    followed = _followed_bytes(spec, source) if StageKind.DISTIL in spec.recipe.stages else 0
    teacher = BYTES_PER_PARAMETER * int(source.parameter_count[0])
    return FineTuneEstimate(
        trainings=len(stages),
        steps=sum(steps for _, steps in stages),
        stages=planned,
        minutes=total_minutes(planned),
        timed=0 if speed is None else speed.count,
        memory_bytes=BASE_BYTES * (workers > 1)
        + workers * (BASE_BYTES + students + teacher + followed),
        disk_bytes=FLOAT32_BYTES
        * (workers * CHECKPOINT_COPIES * max(parameters) + 2 * sum(parameters)),
        free_bytes=shutil.disk_usage(_existing(paths.home())).free,
    )


def workers_of(spec: FineTuneSpec) -> int:
    """Count the stages that are trained at the same time, as far as the cores allow."""
    return min(spec.parallel, training_places(spec.training.threads))


def _seconds(spec: FineTuneSpec, tasks: Sequence[Task], speed: Speed, workers: int) -> float:
    """Estimate the seconds of all stages on all tasks.

    Workers share them evenly, but stages that wait for each other take the sum of their times.
    """
    space, source = SearchSpace.from_dict(spec.space), _source_space(spec)
    total = longest = 0.0
    for task, part in product(tasks, spec.by_kind()):
        steps_of_kind = dict(_stages(part, task))
        for pick in part.picks:
            own, each = only(space, pick), {}
            for kind, steps in steps_of_kind.items():
                training = _training(spec, steps)
                each[kind] = STREAM_FACTOR * candidate_seconds(speed, own, training)
                # A teacher that labels all texts first need not run again in every step.
                if kind is StageKind.DISTIL and not part.labels_pool:
                    each[kind] += FORWARD_SHARE * candidate_seconds(speed, source, training)
            total += sum(each[kind] for kind in trainings_of(part))
            longest = max(longest, sum(each[kind] for kind in in_turn_of(part)))
    return max(total / workers, longest)


def _teaching(
    store: Store, spec: FineTuneSpec, tasks: Sequence[Task], speed: Speed | None
) -> float | None:
    """Estimate the seconds of teachers that are not there yet, and of their answers to pools."""
    space, source = SearchSpace.from_dict(spec.space), _source_space(spec)
    seconds = 0.0
    for task_spec, task in zip(spec.tasks, tasks, strict=True):
        study = as_study(spec, space, task_spec, steps=1)
        needs_teacher = trains_teacher(store, study)
        pools = [
            _pool(part, task) for part in spec.by_kind() if _must_label(store, part, task_spec)
        ]
        if speed is None:
            if needs_teacher or any(pools):
                return None
            continue
        if needs_teacher:
            fitting = teacher_seconds(speed, study)
            if fitting is None:
                return None
            seconds += fitting
        for pool in pools:
            passes = _training(spec, max(1, pool // spec.recipe.batch_size))
            seconds += FORWARD_SHARE * candidate_seconds(speed, source, passes)
    return seconds


def _must_label(store: Store, spec: FineTuneSpec, task: TaskSpec) -> bool:
    """Whether the teacher must first answer texts that no earlier fine-tuning kept answers to."""
    if not spec.labels_pool or is_soft_labels(spec.training.teacher):
        return False
    done = store.jobs(kind="finetune", states=[JobState.DONE], examples=False)
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


def as_study(spec: FineTuneSpec, space: SearchSpace, task: TaskSpec, *, steps: int) -> StudySpec:
    """Make a study of the same task and training, for the functions that estimate studies."""
    training = _training(spec, steps)
    return StudySpec(
        name="finetune",
        space=space.to_dict(),
        task=task,
        training=training,
        latency=replace(spec.latency, profile=None),
    )


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
