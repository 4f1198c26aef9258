"""Plan a study: what it does, and how long that may take. Imports no torch."""

import math
import socket
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NamedTuple

from bort.core.agora import TORUS, TextSpec
from bort.core.errors import UnknownStudyError
from bort.core.locks import training_places
from bort.core.progress import Stage
from bort.core.study import StudySpec, TaskSpec, TrainingSpec
from bort.families import SearchSpace
from bort.latency.space import search_count
from bort.latency.stored import profile_key, reusable_profile
from bort.latency.timing import expected_duration
from bort.storage import EventCode, JobRecord, JobState, Store
from bort.studies.speeds import (
    TYPICAL_LENGTH,
    candidate_seconds,
    search_seconds,
    task_size,
    teacher_seconds,
    training_speed,
)
from bort.tasks import list_tasks
from bort.tasks.hub import PREFIX
from bort.training.default_source import has_default_source
from bort.training.fit import candidate_steps
from bort.training.text_work import text_source

PREPARE_SECONDS = 15.0  # starting a process, reading the task, tf-idf
WINNERS_SECONDS = 25.0  # `HANDFUL`, its noise checks, and building the models
FETCHED_PER_SECOND = 2e6
TASK_BYTES = 2_500_000
NETWORK_BYTES = 86_000_000
RECENT_SECONDS = 60.0  # a job without a sign of life for longer is not waited for

BYTES_PER_PARAMETER = 16  # weight, gradient and two moments of AdamW, four bytes each
BASE_BYTES = 900 << 20  # measured: a process that has imported torch and transformers

_COUNTED = (  # stages whose estimate is about the whole job
    *(Stage.TRAINING_CANDIDATES, Stage.AUDITING, Stage.AGORA_ROUND, Stage.COMPARING),
    *(Stage.DISTIL, Stage.FINETUNE, Stage.AGORA, Stage.PLAIN),
)


class Work(StrEnum):
    """A stage of a job. It is stored in events, so a value keeps its meaning."""

    QUEUE = "queue"
    FETCH = "fetch"
    PREPARE = "prepare"
    LATENCY = "latency"
    TEACHER = "teacher"
    CANDIDATES = "candidates"
    AUDIT = "audit"
    WINNERS = "winners"
    LABELER = "labeler"
    VECTORS = "vectors"
    DISTILLED = "distilled"
    ROUNDS = "rounds"
    STUDENTS = "students"


class Planned(NamedTuple):
    """A stage and its expected seconds; None if nothing comparable has been timed."""

    work: Work
    seconds: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """The most that a study is expected to cost.

    Attributes:
        evaluations_at_most: trainings of candidates that are not stored yet, all seeds together.
        steps_per_evaluation: None if the size of the task is unknown.
        seconds_per_evaluation: expected mean over the space; None if nothing comparable has been
            timed.
        minutes: expected minutes of training candidates; None if nothing comparable has been
            timed.
        trains_teacher: the teacher of this task is fine-tuned first, once.
        teacher_minutes: expected minutes of that; 0 if it is not needed, None if unknown.
        timed: number of timed trainings behind the estimate, including examples.
        memory_bytes: expected memory at the maximum point, all workers together.
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
        return total_minutes(self.stages)


def total_minutes(stages: Sequence[Planned]) -> float | None:
    """Add the expected minutes of all stages; None if one of them is unknown."""
    known = [stage.seconds for stage in stages if stage.seconds is not None]
    return sum(known) / 60 if len(known) == len(stages) else None


def estimate_study(store: Store, spec: StudySpec, *, without: int | None = None) -> Estimate:
    """Estimate the cost of a study from the trainings timed in this store, examples included.

    Args:
        without: the study's own job, which does not wait for itself.
    Raises:
        BortError: the latency cannot be measured here as the spec asks.
    """
    size = task_size(spec.task)
    space = SearchSpace.from_dict(spec.space)
    if size is not None:
        space = space.with_labels(size.classes)
    seeds, stored = spec.training.seeds, _trainings_stored(store, spec)
    count = max(0, min(len(space), spec.search.budget or len(space)) * seeds - stored)
    speed, training = training_speed(store, spec), _with_steps(spec)
    seconds = minutes = None
    if speed is not None and training.steps is not None:
        seconds = candidate_seconds(speed, space, training)
        left = math.ceil(count / seeds)
        searching = search_seconds(speed, space, training, done=stored // seeds, count=left)
        seconds *= _rates(spec)
        minutes = _rates(spec) * seeds * searching / 60 / speed_up(spec)
    if minutes is not None and spec.search.minutes is not None:
        minutes = min(minutes, max(0.0, spec.search.minutes - _minutes_spent(store, spec)))
    needs_teacher = trains_teacher(store, spec)
    teaching = None if speed is None else teacher_seconds(speed, spec)
    stages = [Planned(Work.CANDIDATES, None if minutes is None else 60 * minutes)]
    if spec.search.audit:
        audits = spec.search.audit * spec.training.seeds
        each = None if seconds is None else seconds / workers_of(spec)
        stages.append(Planned(Work.AUDIT, None if each is None else audits * each))
    return Estimate(
        evaluations_at_most=count,
        steps_per_evaluation=training.steps,
        seconds_per_evaluation=seconds,
        minutes=minutes,
        trains_teacher=needs_teacher,
        teacher_minutes=(None if teaching is None else teaching / 60) if needs_teacher else 0.0,
        timed=0 if speed is None else speed.count,
        memory_bytes=_memory_bytes(spec, space),
        stages=(
            *before_training(store, spec, without=without),
            *_measuring(store, spec, space),
            *([Planned(Work.TEACHER, teaching)] if needs_teacher else []),
            *stages,
            *([] if spec.latency.profile else [Planned(Work.WINNERS, WINNERS_SECONDS)]),
        ),
    )


def trainings_within(store: Store, spec: StudySpec, minutes: float) -> int | None:
    """Count the architectures that a new search is expected to train in these minutes, at least 1.

    None if nothing comparable has been timed, or the size of the task is unknown.
    """
    speed, training = training_speed(store, spec), _with_steps(spec)
    if speed is None or training.steps is None:
        return None
    space, seeds = SearchSpace.from_dict(spec.space), spec.training.seeds
    most = min(len(space), spec.search.budget or len(space))

    def expected(count: int) -> float:
        seconds = search_seconds(speed, space, training, done=0, count=count)
        return _rates(spec) * seeds * seconds / 60 / speed_up(spec)

    return max(1, bisect_right(range(1, most + 1), minutes, key=expected))


def _rates(spec: StudySpec) -> int:
    """Each training is made once for each learning rate of Θ; the best one counts."""
    return max(1, len(spec.training.learning_rates))


def _minutes_spent(store: Store, spec: StudySpec) -> float:
    """The minutes of the study's trainings so far, as `--minutes` counts them."""
    if not _trainings_stored(store, spec):
        return 0.0
    trained = store.evaluations(spec.name).values()
    return sum(one.seconds for each in trained for one in each) / 60 / workers_of(spec)


def workers_of(spec: StudySpec) -> int:
    """Count the trainings that run at the same time: those at once, as far as the cores allow."""
    return min(spec.search.parallel, training_places(spec.training.threads))


def speed_up(spec: StudySpec) -> float:
    """Estimate how many times as many trainings a search makes in an hour with its workers.

    Results are used in the order of the picks, so workers wait for each other. Measured:
    docs/bench/parallel.md.
    """
    return min(float(workers_of(spec)), math.sqrt(spec.search.parallel))


def _memory_bytes(spec: StudySpec, space: SearchSpace) -> int:
    workers = workers_of(spec)
    searching = BASE_BYTES if workers > 1 else 0
    return searching + workers * (BASE_BYTES + training_bytes(space, spec.training))


def _trainings_stored(store: Store, spec: StudySpec) -> int:
    """Count the trainings of a study that continues; 0 if it is new."""
    try:
        study = store.study(spec.name)
    except UnknownStudyError:
        return 0
    own = study.spec
    continues = (own.space, own.task, own.training) == (spec.space, spec.task, spec.training)
    return study.evaluation_count if continues else 0


def before_training(store: Store, spec: StudySpec, *, without: int | None) -> list[Planned]:
    """List what comes first: other jobs, fetching, reading the task.

    Args:
        without: see `estimate_study`.
    """
    found = []
    if (waiting := queue_seconds(store, without)) > 0:
        found.append(Planned(Work.QUEUE, waiting))
    if fetched := _bytes_to_fetch(spec):
        found.append(Planned(Work.FETCH, fetched / FETCHED_PER_SECOND))
    return [*found, Planned(Work.PREPARE, PREPARE_SECONDS)]


def _measuring(store: Store, spec: StudySpec, space: SearchSpace) -> list[Planned]:
    if spec.latency.profile is not None:
        return []
    if not spec.latency.text_to_label or _task_is_here(spec.task):  # a plan fetches nothing
        key = profile_key(space, spec.latency, text_source(spec))
        if reusable_profile(store, key) is not None:
            return []
    expected = expected_duration(spec.latency.runtime, search_count(space))
    return [Planned(Work.LATENCY, expected.quiet_s)]


def queue_seconds(store: Store, without: int | None = None) -> float:
    """Sum the seconds that the jobs which run on this machine now still expect to need.

    Trainings take turns, so a job that starts now ends later by about as much.
    """
    now = store.now()
    active = store.jobs(states=[state for state in JobState if state.is_active])
    alive = [
        job
        for job in active
        if (job.heartbeat_at or 0.0) > now - RECENT_SECONDS
        and (job.process is None or job.process.host == socket.gethostname())
    ]
    return sum(_seconds_left(store, job, now) for job in alive if job.id != without)


def _seconds_left(store: Store, job: JobRecord, now: float) -> float:
    """Estimate by the job's count, or before it has one by its plan."""
    left = job.progress.eta_s
    if left is not None and job.progress.stage in _COUNTED:
        return left
    plans = [event for event in store.events(job.id) if event.code is EventCode.PLANNED]
    minutes = plans[-1].facts["minutes"] if plans else None
    if minutes is None:
        return left or 0.0
    # While it waits for others, which are counted themselves, all of its own work is left.
    waits = sum(s or 0.0 for work, s in plans[-1].facts["stages"] if work == Work.QUEUE)
    return max(left or 0.0, 60 * float(minutes) - max(waits, now - plans[-1].at))


def _bytes_to_fetch(spec: StudySpec) -> int:
    """Count the bytes of the source network and of a named task that are not here yet."""
    needs_network = spec.training.source is None and not has_default_source()
    return (0 if _task_is_here(spec.task) else TASK_BYTES) + (NETWORK_BYTES if needs_network else 0)


def _task_is_here(task: TaskSpec) -> bool:
    """Whether a task can be read without fetching it."""
    known = {info.name: info.prepared for info in list_tasks()}
    return known.get(task.task, not task.task.startswith(PREFIX))


def training_bytes(space: SearchSpace, training: TrainingSpec) -> int:
    """Estimate the bytes for weights, optimiser state and backward pass of the maximum point."""
    top = space.architecture(space.maximum).alone.as_dict()
    tokens = training.batch_size * (training.max_length or 2 * TYPICAL_LENGTH)
    width = 8 * top.get("hidden", 0) + 2 * top.get("intermediate", 0)
    kept = 4 * tokens * width * top.get("depth", 1)
    return int(BYTES_PER_PARAMETER * space.parameter_count[space.maximum] + kept)


def trains_teacher(store: Store, spec: StudySpec) -> bool:
    """Check whether a teacher must be fine-tuned first: none is given, and none is in the cache."""
    if spec.training.teacher is not None:
        return False
    asked = _teacher_of(spec)
    searched = (
        _teacher_of(study.spec)
        for study in store.studies()
        if study.evaluation_count and not study.is_example
    )
    return asked not in searched and asked not in _teachers_of_runs(store)


def _teachers_of_runs(store: Store) -> Iterator[tuple[object, ...]]:
    """Yield the teachers that finished runs of Agora had."""
    for kind in ("agora", "agora-comparison"):
        for job in store.jobs(kind=kind, examples=False):
            if job.result and job.spec["task"] != TORUS:
                run = TextSpec.from_dict(job.spec)
                yield run.task, run.training.source, run.teacher_folder, run.training.max_length


def _teacher_of(spec: StudySpec) -> tuple[object, ...]:
    """Return the values that a fine-tuned teacher depends on."""
    training = spec.training
    return spec.task, training.source, training.teacher, training.max_length


def _with_steps(spec: StudySpec) -> TrainingSpec:
    """Fill in the steps per candidate, if the size of the task is known."""
    size = None if spec.training.steps else task_size(spec.task)
    if size is None:
        return spec.training
    return replace(spec.training, steps=candidate_steps(size.labelled, size.classes))
