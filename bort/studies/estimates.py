"""Estimate the cost of a study from trainings timed in the store. Imports no torch."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.optimize import nnls

from bort.core.architecture import Architecture
from bort.core.errors import BortError
from bort.core.paths import expanded
from bort.core.study import StudySpec, TaskSpec, TrainingSpec
from bort.families import SearchSpace, family
from bort.families.polynomial import FloatArray
from bort.latency.stored import profile_key, reusable_profile
from bort.storage import Store, StudyRecord
from bort.tasks import list_tasks, load_task
from bort.training.fit import (
    BATCH_SIZE,
    TEACHER_EVALUATIONS,
    candidate_steps,
    contrast_steps,
    teacher_steps,
)
from bort.training.source import source_network
from bort.training.text_work import text_source

TYPICAL_LENGTH = 32  # tokens; a guess, because only training counts the real ones
TRAIN_SHARE = 0.7  # of a task's texts, before it is split
FORWARD_SHARE = 1 / 3  # of a training step's work; the backward pass costs twice as much

BYTES_PER_PARAMETER = 16  # weight, gradient and two moments of AdamW, four bytes each
BASE_BYTES = 900 << 20  # measured: a process that has imported torch and transformers

RECENT_STUDIES = 8
FEWEST_TIMINGS = 4  # two coefficients are fitted

# BertConfig's names for our dimensions.
_SOURCE_DIMENSIONS = {
    "depth": "num_hidden_layers",
    "heads": "num_attention_heads",
    "hidden": "hidden_size",
    "intermediate": "intermediate_size",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """The most that a study is expected to cost.

    Attributes:
        evaluations_at_most: trainings of candidates, all seeds together.
        steps_per_evaluation: None if the size of the task is unknown.
        seconds_per_evaluation: expected mean over the space; None if nothing comparable has been
            timed.
        minutes: expected minutes of training candidates; None if nothing comparable has been
            timed.
        trains_teacher: the teacher of this task is fine-tuned first, once.
        teacher_minutes: expected minutes of that; 0 if it is not needed, None if unknown.
        timed: number of timed trainings behind the estimate, including examples.
        memory_bytes: expected memory at the maximum point.
        measures_latency: no stored profile fits, so this machine is measured first.
    """

    evaluations_at_most: int
    steps_per_evaluation: int | None
    seconds_per_evaluation: float | None
    minutes: float | None
    trains_teacher: bool
    teacher_minutes: float | None
    timed: int
    memory_bytes: int
    measures_latency: bool


def estimate_study(store: Store, spec: StudySpec) -> Estimate:
    """Estimate the cost of a study from the trainings timed in this store, examples included.

    Raises:
        BortError: the latency cannot be measured here as the spec asks.
    """
    space = SearchSpace.from_dict(spec.space)
    count = min(len(space), spec.search.budget or len(space)) * spec.training.seeds
    speed, training = training_speed(store, spec), _with_steps(spec)
    seconds = None
    if speed is not None and training.steps is not None:
        seconds = candidate_seconds(speed, space, training)
    minutes = None if seconds is None else count * seconds / 60
    if minutes is not None and spec.search.minutes is not None:
        minutes = min(minutes, spec.search.minutes)
    needs_teacher = trains_teacher(store, spec)
    teaching = None if speed is None else teacher_seconds(speed, spec)
    named = spec.latency.profile is not None
    return Estimate(
        evaluations_at_most=count,
        steps_per_evaluation=training.steps,
        seconds_per_evaluation=seconds,
        minutes=minutes,
        trains_teacher=needs_teacher,
        teacher_minutes=(None if teaching is None else teaching / 60) if needs_teacher else 0.0,
        timed=0 if speed is None else speed.count,
        memory_bytes=BASE_BYTES + training_bytes(space, spec.training),
        measures_latency=not named
        and reusable_profile(store, profile_key(space, spec.latency, text_source(spec))) is None,
    )


def training_bytes(space: SearchSpace, training: TrainingSpec) -> int:
    """Estimate the bytes for weights, optimiser state and backward pass of the maximum point."""
    top = space.architecture(space.maximum).alone.as_dict()
    tokens = training.batch_size * (training.max_length or 2 * TYPICAL_LENGTH)
    width = 8 * top.get("hidden", 0) + 2 * top.get("intermediate", 0)
    kept = 4 * tokens * width * top.get("depth", 1)
    return int(BYTES_PER_PARAMETER * space.parameter_count[space.maximum] + kept)


@dataclass(frozen=True, slots=True)
class Speed:
    """Seconds of training as a sum of two terms, fitted on `count` trainings.

    Attributes:
        per_step: seconds that every step costs, for any model.
        per_operation: seconds per billion multiply-adds of forward passes.
    """

    per_step: float
    per_operation: float
    count: int

    def seconds(self, steps: int, work: FloatArray) -> FloatArray:
        """Estimate the seconds for `steps` steps that cost `work` in total."""
        return np.asarray(self.per_step * steps + self.per_operation * work)


def training_speed(store: Store, spec: StudySpec) -> Speed | None:
    """Fit the speed of this store's recent studies of the same family and device, if any."""
    timings = [
        timing
        for record in store.studies()[:RECENT_STUDIES]
        if record.spec.training.device == spec.training.device
        for timing in _timings(store, record, SearchSpace.from_dict(spec.space).family_name)
    ]
    if len(timings) < FEWEST_TIMINGS:
        return None
    steps, work, seconds = np.array(timings).T
    (per_step, per_operation), _ = nnls(np.column_stack([steps, work]), seconds)
    return Speed(float(per_step), float(per_operation), len(timings))


def candidate_seconds(speed: Speed, space: SearchSpace, training: TrainingSpec) -> float:
    """Estimate the seconds to train one candidate, the mean over the space."""
    steps = training.fixed_steps
    return float(np.mean(speed.seconds(steps, steps * _work(space, training))))


def trains_teacher(store: Store, spec: StudySpec) -> bool:
    """Check whether a teacher must be fine-tuned first: none is given, and none is in the cache."""
    if spec.training.teacher is not None:
        return False
    asked = _teacher_of(spec)
    return not any(
        study.evaluation_count and not study.is_example and _teacher_of(study.spec) == asked
        for study in store.studies()
    )


def teacher_seconds(speed: Speed, spec: StudySpec) -> float | None:
    """Estimate the seconds to fine-tune the source network and label all texts with it, once.

    Returns:
        The seconds; None if the number of texts or the source network is still unknown.
    """
    size, work = _task_size(spec.task), _source_work(spec)
    if size is None or work is None:
        return None
    steps = contrast_steps(size.labelled) + teacher_steps(size.labelled, size.classes)
    # Dev is read at each evaluation, all texts once by the head or probe and once by the teacher.
    read = TEACHER_EVALUATIONS * size.dev + 3 * size.texts
    passes = FORWARD_SHARE * read / BATCH_SIZE
    return float(speed.seconds(steps, np.array((steps + passes) * work)))


def _teacher_of(spec: StudySpec) -> tuple[object, ...]:
    """Return the values that a fine-tuned teacher depends on."""
    training = spec.training
    return spec.task, training.source, training.teacher, training.max_length


class _TaskSize(NamedTuple):
    """Numbers of texts in all, labelled for training, and in dev; number of classes."""

    texts: int
    labelled: int
    dev: int
    classes: int


def _task_size(task: TaskSpec) -> _TaskSize | None:
    """Count a task's texts and classes; None for a hub data set, which may have to be fetched."""
    for info in list_tasks():
        if info.name == task.task:
            train = (info.splits or {}).get("train", int(TRAIN_SHARE * info.rows))
            dev = (info.splits or {}).get("dev", (info.rows - train) // 2)
            classes = len(info.class_names)
            return _TaskSize(info.rows, min(task.labelled or train, train), dev, classes)
    if not Path(task.task).suffix:
        return None
    try:
        found = load_task(task)
    except BortError:
        return None  # the check of the search says so
    texts = sum(len(split) for split in (found.train, found.dev, found.audit, found.pool or ()))
    return _TaskSize(texts, len(found.train), len(found.dev), len(found.class_names))


def _source_work(spec: StudySpec) -> float | None:
    """Count the billions of multiply-adds of one batch in the source network."""
    name = spec.training.source
    if name is not None and not expanded(name).is_dir():
        return None  # on the hub: showing a form downloads nothing
    try:
        config = source_network(name).config
        columns = {k: np.array([int(config[v])]) for k, v in _SOURCE_DIMENSIONS.items()}
    except (BortError, KeyError, TypeError, ValueError):
        return None  # the search's own check reports it
    counted = family("bert").operation_count(
        columns, {}, batch_size=BATCH_SIZE, sequence_length=TYPICAL_LENGTH
    )
    return float(counted[0]) / 1e9


def _timings(
    store: Store, record: StudyRecord, family_name: str
) -> list[tuple[float, float, float]]:
    """Read steps, billions of multiply-adds and seconds of each training of a study."""
    space = SearchSpace.from_dict(record.spec.space)
    if space.family_name != family_name:
        return []
    work = _work(space, record.spec.training)
    return [
        (
            float(stored.evaluation.steps),
            stored.evaluation.steps
            * float(work[space.index(Architecture.of(**stored.architecture))]),
            stored.evaluation.seconds,
        )
        for stored in store.evaluation_records(record)
        if not stored.evaluation.diverged
    ]


def _work(space: SearchSpace, training: TrainingSpec) -> FloatArray:
    """Count the billions of multiply-adds of the forward pass of one step, shape (N,)."""
    return space.operation_count(training.batch_size, TYPICAL_LENGTH) / 1e9


def _with_steps(spec: StudySpec) -> TrainingSpec:
    """Fill in the steps per candidate, if the size of the task is known."""
    size = None if spec.training.steps else _task_size(spec.task)
    if size is None:
        return spec.training
    return replace(spec.training, steps=candidate_steps(size.labelled, size.classes))
