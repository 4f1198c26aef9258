"""Estimate the cost of a study from trainings timed in the store. Imports no torch."""

import time
from dataclasses import dataclass, replace
from enum import StrEnum
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
from bort.latency.space import search_count
from bort.latency.stored import profile_key, reusable_profile
from bort.latency.timing import expected_duration
from bort.storage import JobState, Store, StudyRecord
from bort.tasks import list_tasks, load_task
from bort.training.default_source import has_default_source
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

PREPARE_SECONDS = 15.0  # starting a process, reading the task, tf-idf
WINNERS_SECONDS = 25.0  # `HANDFUL`, its noise checks, and building the models
FETCHED_PER_SECOND = 2e6
TASK_BYTES = 2_500_000
NETWORK_BYTES = 86_000_000
RECENT_SECONDS = 60.0  # a job without a sign of life for longer is not waited for

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


class Work(StrEnum):
    """A stage of a study. It is stored in events, so a value keeps its meaning."""

    QUEUE = "queue"
    FETCH = "fetch"
    PREPARE = "prepare"
    LATENCY = "latency"
    TEACHER = "teacher"
    CANDIDATES = "candidates"
    AUDIT = "audit"
    WINNERS = "winners"


class Planned(NamedTuple):
    """A stage and its expected seconds; None if nothing comparable has been timed."""

    work: Work
    seconds: float | None


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
        stages: everything that the study does, in order, with its expected seconds.
    """

    evaluations_at_most: int
    steps_per_evaluation: int | None
    seconds_per_evaluation: float | None
    minutes: float | None
    trains_teacher: bool
    teacher_minutes: float | None
    timed: int
    memory_bytes: int
    stages: tuple[Planned, ...]

    @property
    def total_minutes(self) -> float | None:
        """The expected minutes of all stages; None if one of them is unknown."""
        known = [stage.seconds for stage in self.stages if stage.seconds is not None]
        return sum(known) / 60 if len(known) == len(self.stages) else None


def estimate_study(store: Store, spec: StudySpec, *, without: int | None = None) -> Estimate:
    """Estimate the cost of a study from the trainings timed in this store, examples included.

    Args:
        without: the study's own job, which does not wait for itself.
    Raises:
        BortError: the latency cannot be measured here as the spec asks.
    """
    size = _task_size(spec.task)
    space = SearchSpace.from_dict(spec.space)
    if size is not None:
        space = space.with_labels(size.classes)
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
    stages = [Planned(Work.CANDIDATES, None if minutes is None else 60 * minutes)]
    if spec.search.audit:
        audits = spec.search.audit * spec.training.seeds
        stages.append(Planned(Work.AUDIT, None if seconds is None else audits * seconds))
    return Estimate(
        evaluations_at_most=count,
        steps_per_evaluation=training.steps,
        seconds_per_evaluation=seconds,
        minutes=minutes,
        trains_teacher=needs_teacher,
        teacher_minutes=(None if teaching is None else teaching / 60) if needs_teacher else 0.0,
        timed=0 if speed is None else speed.count,
        memory_bytes=BASE_BYTES + training_bytes(space, spec.training),
        stages=(
            *_before(store, spec, space, without),
            *([Planned(Work.TEACHER, teaching)] if needs_teacher else []),
            *stages,
            *([] if spec.latency.profile else [Planned(Work.WINNERS, WINNERS_SECONDS)]),
        ),
    )


def _before(
    store: Store, spec: StudySpec, space: SearchSpace, without: int | None
) -> list[Planned]:
    """List what comes before the teacher: others, fetching, reading, measuring."""
    found = []
    if (waiting := queue_seconds(store, without)) > 0:
        found.append(Planned(Work.QUEUE, waiting))
    if fetched := _bytes_to_fetch(spec):
        found.append(Planned(Work.FETCH, fetched / FETCHED_PER_SECOND))
    found.append(Planned(Work.PREPARE, PREPARE_SECONDS))
    if spec.latency.profile is None:
        key = profile_key(space, spec.latency, text_source(spec))
        if reusable_profile(store, key) is None:
            expected = expected_duration(spec.latency.runtime, search_count(space))
            found.append(Planned(Work.LATENCY, expected.quiet_s))
    return found


def queue_seconds(store: Store, without: int | None = None) -> float:
    """Sum the seconds that the jobs which run now still expect to need.

    Trainings take turns, so a job that starts now ends later by about as much.
    """
    active = store.jobs(states=[state for state in JobState if state.is_active])
    recent = time.time() - RECENT_SECONDS
    alive = [job for job in active if (job.heartbeat_at or 0.0) > recent]
    return sum(job.progress.eta_s or 0.0 for job in alive if job.id != without)


def _bytes_to_fetch(spec: StudySpec) -> int:
    """Count the bytes of the source network and of a named task that are not here yet."""
    known = {info.name: info.prepared for info in list_tasks()}
    is_here = known.get(spec.task.task, True)
    needs_network = spec.training.source is None and not has_default_source()
    return (0 if is_here else TASK_BYTES) + (NETWORK_BYTES if needs_network else 0)


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
    """Fit the speed of this store's recent studies on the same device, if any.

    Those of the same families count; without enough of them, those that share a family.
    """
    families = _families(spec)
    records = [
        (record, _families(record.spec))
        for record in store.studies()[:RECENT_STUDIES]
        if record.spec.training.device == spec.training.device
    ]
    same = [t for record, theirs in records if theirs == families for t in _timings(store, record)]
    shared = [t for record, theirs in records if theirs & families for t in _timings(store, record)]
    timings = same if len(same) >= FEWEST_TIMINGS else shared
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


def _families(spec: StudySpec) -> frozenset[str]:
    return frozenset(part.family_name for part in SearchSpace.from_dict(spec.space).parts)


def _timings(store: Store, record: StudyRecord) -> list[tuple[float, float, float]]:
    """Read steps, billions of multiply-adds and seconds of each training of a study."""
    space = SearchSpace.from_dict(record.spec.space)
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
